#include "formats/hf_tokenizer.h"

#include <algorithm>

#include "base/error.h"

namespace prm {

namespace {

constexpr std::string_view kSpace = "\xe2\x96\x81";
constexpr int32_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6;  // GGUF's types of tokens
constexpr size_t kMostNamedIds = 64;  // that a list may have
constexpr int32_t kStripLeft = 1, kStripRight = 2;

struct TokenizerReader {
  TokenizerReader(const HfTokenizerFiles& from, MetadataBuilder& to, const Control& control)
      : files(from),
        out(to),
        listener(control) {}
  const HfTokenizerFiles& files;
  MetadataBuilder& out;
  Listener listener;
  const FolderJson& json = files.tokenizer;
  const JsonValue& root = json.root();
  const JsonDocument& document = json.document();
  bool byte_level = false;  // words of letters that stand for bytes; else characters

  Vector<std::string_view> tokens;
  Vector<int32_t> types, strips;
  Set<std::string_view> left_out;  // added tokens that the model has no embedding for

  std::string_view type_of(const JsonValue& step) const { return json.text(step, "type").value_or(""); }
  const JsonValue& model() const {
    const JsonValue* found = json.object(root, "model");
    if (!found) json.bad("'model' is missing");
    return *found;
  }

  // ---- Tokens

  void set(int64_t id, std::string_view text, int32_t type) {
    if (id < 0 || id >= int64_t(tokens.size()))
      json.bad(format_message("token '{}' has id {}, the model has {} tokens", text.substr(0, 80), id, tokens.size()));
    if (types[size_t(id)] != kUnused && tokens[size_t(id)] != text)
      json.bad(format_message("tokens '{}' and '{}' both have id {}", tokens[size_t(id)].substr(0, 80),
                              text.substr(0, 80), id));
    tokens[size_t(id)] = text;
    types[size_t(id)] = type;
  }

  // Tokenizers may be made for more than this model: gemma3's has tokens for pictures.
  void find_left_out(int64_t rows) {
    const JsonValue* added = json.array(root, "added_tokens");
    for (const JsonValue* token = added ? document.first(*added) : nullptr; token; token = document.next(*token))
      if (json.integer(*token, "id").value_or(0) >= rows) left_out.insert(json.text(*token, "content").value_or(""));
  }

  void read_vocabulary(int64_t rows) {
    tokens.resize(size_t(rows));
    types.assign(size_t(rows), kUnused);
    const JsonValue* vocabulary = json.object(model(), "vocab");
    if (!vocabulary) json.bad("'vocab' is missing");
    for (const JsonValue* token = document.first(*vocabulary); token; token = document.next(*token)) {
      listener.turn();
      if (token->kind != JsonKind::integer)
        json.bad(format_message("token '{}' has an id that is no integer", token->key.substr(0, 80)));
      if (left_out.count(token->key)) continue;
      bool is_byte = !byte_level && token->key.size() == 6 && token->key.starts_with("<0x") && token->key[5] == '>';
      set(token->integer, token->key, is_byte ? kByte : kNormal);
    }
  }

  void read_added_tokens() {
    const JsonValue* added = json.array(root, "added_tokens");
    if (!added) return;
    for (const JsonValue* token = document.first(*added); token; token = document.next(*token)) {
      listener.turn();
      auto id = json.integer(*token, "id");
      auto text = json.text(*token, "content");
      if (!id || !text || text->empty()) json.bad("an added token has no 'id' or no 'content'");
      if (left_out.count(*text)) continue;
      if (json.boolean(*token, "single_word").value_or(false))
        json.unsupported(
            format_message("added token '{}' has 'single_word', which is not supported", text->substr(0, 80)));
      set(*id, *text, json.boolean(*token, "special").value_or(false) ? kControl : kUserDefined);
      int32_t strip = (json.boolean(*token, "lstrip").value_or(false) ? kStripLeft : 0) +
                      (json.boolean(*token, "rstrip").value_or(false) ? kStripRight : 0);
      if (strip && strips.empty()) strips.assign(tokens.size(), 0);
      if (strip) strips[size_t(*id)] = strip;
    }
  }

  // Ids that no token has: texts that no tokenizer makes.
  Vector<String> fill_gaps() {
    Vector<String> names;
    names.reserve(tokens.size());
    for (size_t id = 0; id < tokens.size(); ++id)
      if (types[id] == kUnused) tokens[id] = names.emplace_back(format_text("[PAD{}]", id));
    return names;
  }

  // "left right", or the two texts.
  void write_merges() {
    const JsonValue* merges = json.array(model(), "merges");
    if (!merges) json.bad("'merges' is missing");
    Vector<String> joined;
    Vector<std::string_view> lines;
    joined.reserve(merges->size);
    lines.reserve(merges->size);
    for (const JsonValue* merge = document.first(*merges); merge; merge = document.next(*merge)) {
      listener.turn();
      if (merge->kind == JsonKind::string) {
        lines.push_back(merge->text);
        continue;
      }
      const JsonValue *left = document.first(*merge), *right = left ? document.next(*left) : nullptr;
      auto is_side = [](const JsonValue* side) {
        return side && side->kind == JsonKind::string && side->text.find(' ') == side->text.npos;
      };
      if (merge->kind != JsonKind::array || merge->size != 2 || !is_side(left) || !is_side(right))
        json.bad(format_message("merge {} is no pair of texts without spaces", lines.size()));
      lines.push_back(joined.emplace_back(String(left->text) + " " + String(right->text)));
    }
    out.texts("tokenizer.ggml.merges", lines);
  }

  // ---- Steps

  // The members of a list "Sequence", or the step itself.
  Vector<const JsonValue*> steps_of(const JsonValue* step, std::string_view list) const {
    Vector<const JsonValue*> steps;
    if (!step) return steps;
    const JsonValue* members = type_of(*step) == "Sequence" ? json.array(*step, list) : nullptr;
    if (!members) steps.push_back(step);
    else
      for (const JsonValue* member = document.first(*members); member; member = document.next(*member))
        steps.push_back(member);
    return steps;
  }

  [[noreturn]] void refuse_step(const char* what, std::string_view detail) const {
    json.unsupported(format_message("{} '{}' is not supported", what, detail.substr(0, 200)));
  }

  // A step of a pre-tokenizer as hf_patterns.cpp writes it.
  String describe(const JsonValue& step) const {
    std::string_view type = type_of(step);
    if (type == "Digits" && json.boolean(step, "individual_digits").value_or(false)) return "digits";
    if (type == "ByteLevel") {
      if (json.boolean(step, "add_prefix_space").value_or(true))
        refuse_step("pre-tokenizer", "ByteLevel with add_prefix_space");
      return json.boolean(step, "use_regex").value_or(true) ? "words" : "bytes";
    }
    const JsonValue* pattern = type == "Split" ? json.object(step, "pattern") : nullptr;
    auto regex = pattern ? json.text(*pattern, "Regex") : std::nullopt;
    auto behavior = json.text(step, "behavior").value_or("");
    bool cuts = json.boolean(step, "invert").value_or(false) ? behavior == "Removed"
                                                             : behavior == "Isolated";  // all of the text stays
    if (!regex || !cuts) refuse_step("pre-tokenizer", type);
    return String(*regex);
  }

  void read_byte_steps(const Vector<const JsonValue*>& steps) {
    for (const JsonValue* step : steps_of(json.object(root, "normalizer"), "normalizers"))
      if (type_of(*step) != "NFC")
        refuse_step("normalizer", type_of(*step));  // which is left out, as GGUF's readers do
    String text;
    for (const JsonValue* step : steps) {
      if (!text.empty()) text += '\n';
      text += describe(*step);
    }
    bool whole_words = json.boolean(model(), "ignore_merges").value_or(false);
    const char* name = find_hf_pattern(text, whole_words);
    if (!name)
      json.unsupported(format_message("pre-tokenizer {}'{}' is not supported", whole_words ? "with ignore_merges " : "",
                                      std::string_view(text).substr(0, 600)));
    out.text("tokenizer.ggml.model", "gpt2");
    out.text("tokenizer.ggml.pre", name);
  }

  bool replaces_spaces(const JsonValue& step) const {
    const JsonValue* pattern = json.object(step, "pattern");
    return type_of(step) == "Replace" && pattern && json.text(*pattern, "String") == " " &&
           json.text(step, "content") == kSpace;
  }

  void read_character_steps(const Vector<const JsonValue*>& steps) {
    bool spaces = false, prefix = false, once = false, unless_spaced = false;
    for (const JsonValue* step : steps_of(json.object(root, "normalizer"), "normalizers")) {
      if (!spaces && type_of(*step) == "Prepend" && json.text(*step, "prepend") == kSpace) prefix = true;
      else if (replaces_spaces(*step)) spaces = true;
      else refuse_step("normalizer", type_of(*step));
    }
    for (const JsonValue* step : steps) {
      const JsonValue* pattern = json.object(*step, "pattern");
      if (spaces && type_of(*step) == "Split" && pattern && json.text(*pattern, "String") == " ")
        continue;  // none is left
      bool whole = type_of(*step) == "Metaspace" && json.text(*step, "replacement") == kSpace &&
                   !json.boolean(*step, "split").value_or(true);
      if (!whole || spaces) refuse_step("pre-tokenizer", type_of(*step));
      std::string_view scheme = json.text(*step, "prepend_scheme").value_or("always");
      if (scheme != "first" && scheme != "always" && scheme != "never")
        refuse_step("pre-tokenizer Metaspace with prepend_scheme", scheme);
      spaces = unless_spaced = true;
      prefix = scheme != "never", once = scheme == "first";
    }
    if (!spaces) json.unsupported("a tokenizer whose spaces do not become U+2581 is not supported");
    if (!json.boolean(model(), "byte_fallback").value_or(false))
      json.unsupported("a tokenizer of characters without 'byte_fallback' is not supported");
    if (json.boolean(model(), "ignore_merges").value_or(false))
      json.unsupported("'ignore_merges' is not supported for a tokenizer of characters");
    out.text("tokenizer.ggml.model", "ranked");
    out.boolean("tokenizer.ggml.add_space_prefix", prefix);
    if (once) out.boolean("tokenizer.space_prefix.once", true);
    if (unless_spaced) out.boolean("tokenizer.space_prefix.unless_spaced", true);
  }

  // ---- Special tokens

  int64_t id_of(std::string_view text) const {
    for (size_t id = 0; id < tokens.size(); ++id)
      if (tokens[id] == text && types[id] != kUnused) return int64_t(id);
    json.bad(format_message("'{}' is no token", text.substr(0, 80)));
  }

  // Of a text, or of an object with a "content".
  std::optional<int64_t> named_token(const char* key) const {
    if (!files.settings) return std::nullopt;
    const FolderJson& settings = *files.settings;
    const JsonValue* value = settings.find(settings.root(), key);
    if (value && value->kind == JsonKind::object) return id_of(settings.text(*value, "content").value_or(""));
    auto text = settings.text(settings.root(), key);
    return text ? std::optional(id_of(*text)) : std::nullopt;
  }

  static void append_ids(const FolderJson& from, const char* key, Vector<int64_t>& ids) {
    const JsonValue* value = from.find(from.root(), key);
    if (!value) return;
    bool list = value->kind == JsonKind::array;
    for (const JsonValue* id = list ? from.document().first(*value) : value; id;
         id = list ? from.document().next(*id) : nullptr) {
      if (id->kind != JsonKind::integer || id->integer < 0 || id->integer > INT32_MAX)
        from.bad(format_message("'{}' holds what is no token's id", key));
      if (ids.size() >= kMostNamedIds) from.bad(format_message("'{}' holds more than {} ids", key, kMostNamedIds));
      if (std::find(ids.begin(), ids.end(), id->integer) == ids.end()) ids.push_back(id->integer);
    }
  }

  void write_ends() {
    Vector<int64_t> ends;
    if (auto eos = named_token("eos_token")) ends.push_back(*eos);
    if (files.generation) append_ids(*files.generation, "eos_token_id", ends);
    append_ids(files.config, "eos_token_id", ends);
    constexpr const char* kKeys[] = {"eos", "eot", "eom"};
    if (ends.size() > std::size(kKeys))
      json.unsupported(
          format_message("the model has {} tokens that end a text, {} are supported", ends.size(), std::size(kKeys)));
    for (size_t i = 0; i < ends.size(); ++i) out.integer(format_text("tokenizer.ggml.{}_token_id", kKeys[i]), ends[i]);
  }

  // What a template puts in front of a text and behind it.
  void write_frame() {
    std::optional<int64_t> front, back, bos = named_token("bos_token");
    for (const JsonValue* step : steps_of(json.object(root, "post_processor"), "processors")) {
      if (type_of(*step) == "ByteLevel") continue;
      const JsonValue* single = type_of(*step) == "TemplateProcessing" ? json.array(*step, "single") : nullptr;
      if (!single) refuse_step("post-processor", type_of(*step));
      bool behind = false;
      for (const JsonValue* piece = document.first(*single); piece; piece = document.next(*piece)) {
        const JsonValue* special = json.object(*piece, "SpecialToken");
        auto& place = behind ? back : front;
        if (special && place) refuse_step("post-processor", "TemplateProcessing with two tokens in a place");
        if (special) place = id_of(json.text(*special, "id").value_or(""));
        else behind = true;
      }
    }
    Vector<int64_t> named;
    append_ids(files.config, "bos_token_id", named);
    if (!bos && !named.empty()) bos = named[0];
    if (front) bos = front;
    if (bos) out.integer("tokenizer.ggml.bos_token_id", *bos);
    auto said = [&](const char* key) {
      return files.settings ? files.settings->boolean(files.settings->root(), key) : std::nullopt;
    };
    out.boolean("tokenizer.ggml.add_bos_token", said("add_bos_token").value_or(front.has_value()));
    out.boolean("tokenizer.ggml.add_eos_token", said("add_eos_token").value_or(back.has_value()));
  }

  // A text, or a list of named ones.
  void write_template() {
    if (!files.settings) return;
    const FolderJson& settings = *files.settings;
    const JsonValue* value = settings.find(settings.root(), "chat_template");
    if (value && value->kind == JsonKind::array) {
      for (const JsonValue* one = settings.document().first(*value); one; one = settings.document().next(*one))
        if (settings.text(*one, "name") == "default")
          out.text("tokenizer.chat_template", settings.text(*one, "template").value_or(""));
    } else if (auto text = settings.text(settings.root(), "chat_template")) {
      out.text("tokenizer.chat_template", *text);
    }
  }

  void read(int64_t rows) {
    if (std::string_view type = type_of(model()); type != "BPE" && !type.empty())
      json.unsupported(format_message("tokenizer model '{}' is not supported; BPE is", type.substr(0, 40)));
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!json.text(model(), key).value_or("").empty()) json.unsupported(format_message("'{}' is not supported", key));
    Vector<const JsonValue*> steps = steps_of(json.object(root, "pre_tokenizer"), "pretokenizers");
    byte_level =
        std::any_of(steps.begin(), steps.end(), [&](const JsonValue* step) { return type_of(*step) == "ByteLevel"; });
    byte_level ? read_byte_steps(steps) : read_character_steps(steps);
    find_left_out(rows);
    read_vocabulary(rows);
    read_added_tokens();
    write_merges();
    write_frame();
    write_ends();
    if (auto unknown = json.text(model(), "unk_token")) out.integer("tokenizer.ggml.unknown_token_id", id_of(*unknown));
    Vector<String> names = fill_gaps();
    out.texts("tokenizer.ggml.tokens", tokens);
    out.integers("tokenizer.ggml.token_type", types);
    if (!strips.empty()) out.integers("tokenizer.strips", strips);
    write_template();
  }
};

}  // namespace

void read_hf_tokenizer(const HfTokenizerFiles& files, int64_t vocabulary, MetadataBuilder& out,
                       const Control& control) {
  constexpr int64_t kMaxTokens = 1 << 24;
  if (vocabulary > kMaxTokens)
    fail_about(Status::limit, files.tokenizer.name(), "{}: the model has {} tokens, the limit is {}",
               files.tokenizer.name(), vocabulary, kMaxTokens);
  TokenizerReader(files, out, control).read(vocabulary);
}

}  // namespace prm
