#include "runtime/chat.h"

#include <algorithm>

#include "base/error.h"
#include "base/json_reader.h"
#include "runtime/model.h"
#include "text/template_lexer.h"
#include "text/template_machine.h"
#include "text/tokenizer.h"

namespace prm::jinja {

namespace {

constexpr size_t kMaxMessages = 1 << 16, kMaxExtras = 256;
constexpr std::string_view kContinued = "CONTINUE_FINAL_MESSAGE_TAG ";  // stands behind the message that goes on, then goes

[[noreturn]] void bad_message(size_t index, std::string_view what) {
  fail_about(Status::invalid_argument, "prompt.messages", "prompt.messages[{}] {}", index, what);
}

JsonDocument read_values(const char* text, const char* what, JsonKind kind, const Limits& bounds) {
  JsonLimits limits{.what = what,
                    .status = Status::invalid_argument,
                    .max_bytes = bounds.prompt_bytes,
                    .max_values = size_t(1) << 20,
                    .max_depth = size_t(bounds.nesting)};
  JsonDocument document = read_json(text, limits);
  if (document.root().kind != kind)
    fail_about(Status::invalid_argument, what, "{} is no JSON {}", what, kind == JsonKind::array ? "array" : "object");
  return document;
}

// Only letters: nothing that somebody typed can come this way, and some templates make control tokens of the role.
bool is_plain_role(std::string_view role) {
  return std::all_of(role.begin(), role.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; });
}

Entry entry(Heap& heap, std::string_view name, const Value& value) { return {heap.text(name, false), value}; }

class ChatReader {
 public:
  ChatReader(Heap& heap, const ChatPrompt& chat, const Limits& limits) : heap_(heap), chat_(chat), limits_(limits) {}

  Value messages() {
    if (chat_.messages.size() > kMaxMessages) fail_about(Status::limit, "prompt.messages", "{} messages are more than {}", chat_.messages.size(), kMaxMessages);
    Vector<Value> all;
    for (size_t i = 0; i < chat_.messages.size(); ++i) all.push_back(message(i));
    return heap_.sequence(SequenceKind::list, all);
  }

  // Of the message that goes on, without white space around it.
  std::string_view continued() const { return continued_; }

 private:
  Heap& heap_;
  const ChatPrompt& chat_;
  const Limits& limits_;
  size_t bytes_ = 0;
  std::string_view continued_;
  bool found_ = false;

  void count(size_t bytes) {
    if (bytes > limits_.prompt_bytes - bytes_) fail_about(Status::limit, "prompt.messages", "the messages have more than {} bytes", limits_.prompt_bytes);
    bytes_ += bytes;
  }

  // Text that an assistant began, and that goes on.
  Value open_end(std::string_view text) {
    found_ = true;
    TextBuilder out(limits_.prompt_bytes + kContinued.size());
    out.add(text, true);
    out.add(kContinued, false);
    Value value = out.value(heap_);
    continued_ = strip(value.text->part(0, text.size()), Side::both, nullptr).view();
    return value;
  }

  // The last block of text among the parts of a content.
  Value open_parts(const JsonDocument& json, const JsonValue& parts) {
    const JsonValue* last = nullptr;
    for (const JsonValue* part = json.first(parts); part; part = json.next(*part))
      if (const JsonValue* text = json.find(*part, "text"); text && text->kind == JsonKind::string) last = part;
    Vector<Value> all;
    for (const JsonValue* part = json.first(parts); part; part = json.next(*part)) {
      if (part != last) {
        all.push_back(json_value(heap_, json, *part));
        continue;
      }
      Vector<Entry> entries;
      for (const JsonValue* field = json.first(*part); field; field = json.next(*field))
        entries.push_back(entry(heap_, field->key, field->key == "text" ? open_end(field->text) : json_value(heap_, json, *field)));
      all.push_back(heap_.dict(entries));
    }
    return heap_.sequence(SequenceKind::list, all);
  }

  Value extra_value(const JsonDocument& json, const JsonValue& field, bool open) {
    if (!open || field.key != "content") return json_value(heap_, json, field);
    if (field.kind == JsonKind::array) return open_parts(json, field);
    return field.kind == JsonKind::string ? open_end(field.text) : json_value(heap_, json, field);
  }

  Value message(size_t index) {
    const ChatMessage& from = chat_.messages[index];
    if (!from.role || !*from.role) bad_message(index, "has no role");
    if (from.reserved[0] || from.reserved[1]) bad_message(index, "has reserved fields that are not 0");
    std::string_view role = from.role;
    count(role.size());
    bool open = chat_.continues && index + 1 == chat_.messages.size();
    if (open && role != "assistant") bad_message(index, "goes on (PRM_PROMPT_CONTINUE), but is not an assistant's");
    Vector<Entry> entries = {entry(heap_, "role", heap_.text(role, !is_plain_role(role)))};
    if (from.text) {
      std::string_view text = from.size == SIZE_MAX ? std::string_view(from.text) : std::string_view(from.text, from.size);
      count(text.size());
      entries.push_back(entry(heap_, "content", open ? open_end(text) : heap_.text(text, true)));
    } else if (from.size != 0 && from.size != SIZE_MAX) {
      bad_message(index, "has a size but no text");
    }
    if (from.extra_json) add_extra(index, open, entries);
    if (open && !found_) bad_message(index, "goes on (PRM_PROMPT_CONTINUE), but has no text");
    return heap_.dict(entries);
  }

  void add_extra(size_t index, bool open, Vector<Entry>& entries) {
    const char* text = chat_.messages[index].extra_json;
    JsonDocument json = read_values(text, "prompt.messages.extra_json", JsonKind::object, limits_);
    count(std::string_view(text).size());
    if (json.root().size > kMaxExtras)
      fail_about(Status::limit, "prompt.messages.extra_json", "prompt.messages[{}].extra_json has more than {} members", index, kMaxExtras);
    for (const JsonValue* field = json.first(json.root()); field; field = json.next(*field)) {
      bool twice = std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.key.text->view() == field->key; });
      if (twice) bad_message(index, format_message("says '{}' twice: in extra_json too", field->key));
      entries.push_back(entry(heap_, field->key, extra_value(json, *field, open)));
    }
  }
};

void add_token(const Model& model, Heap& heap, const char* name, int32_t id, Vector<Variable>& variables) {
  if (id < 0 || id >= vocabulary_size(*model.tokenizer)) return;
  String text;
  append_token_text(*model.tokenizer, id, true, text);
  variables.push_back({name, heap.text(text, false)});
}

// As transformers gives them: the special tokens that the model has, and then what the caller says.
Vector<Variable> read_variables(const Model& model, Heap& heap, const ChatPrompt& chat, const Value& messages) {
  auto id = [&](const char* key) { return int32_t(model.file.integer_or(key, -1, INT32_MAX, -1)); };
  Vector<Variable> variables = {{"documents", none_value()}, {"add_generation_prompt", boolean_value(!chat.continues)}};
  add_token(model, heap, "bos_token", bos_token(*model.tokenizer), variables);
  add_token(model, heap, "eos_token", end_token(*model.tokenizer), variables);
  add_token(model, heap, "unk_token", id("tokenizer.ggml.unknown_token_id"), variables);
  add_token(model, heap, "pad_token", id("tokenizer.ggml.padding_token_id"), variables);
  Value tools = none_value();
  if (chat.tools_json) {
    JsonDocument json = read_values(chat.tools_json, "prompt.tools_json", JsonKind::array, model.engine->limits);
    tools = json_value(heap, json, json.root());
  }
  if (chat.values_json) {
    JsonDocument json = read_values(chat.values_json, "prompt.template_json", JsonKind::object, model.engine->limits);
    for (const JsonValue* field = json.first(json.root()); field; field = json.next(*field)) {
      if (field->key == "messages" || field->key == "tools")
        fail_about(Status::invalid_argument, "prompt.template_json", "prompt.template_json: '{}' has a field of its own in the prompt", field->key);
      variables.push_back({heap.text(field->key, false).text->view(), json_value(heap, json, *field)});
    }
  }
  variables.push_back({"messages", messages});
  variables.push_back({"tools", tools});
  return variables;
}

// The model's own, the one for tools where it has such a one.
std::string_view own_template(const Model& model, bool tools) {
  const ModelFile& file = model.file;
  std::string_view source = file.text_or("tokenizer.chat_template", "");
  if (tools) source = file.text_or("tokenizer.chat_template.tool_use", source);
  if (source.empty()) source = file.text_or("tokenizer.chat_template.default", "");
  if (source.empty())
    fail_about(Status::unsupported, "tokenizer.chat_template", "{}: the model has no chat template: give one in prompt.template_text", file.file->name);
  return source;
}

// Whether a text has a message in it. Mostly it stands right in front of `at`; a search takes size times size.
bool keeps(std::string_view text, size_t at, std::string_view message) {
  if (text.substr(0, at).ends_with(message)) return true;
  constexpr size_t kMostWork = size_t(1) << 32;
  if (!message.empty() && text.size() > kMostWork / message.size())
    fail_about(Status::limit, "prompt.messages", "the last message has {} bytes, and does not stand at the end of the template's text of {}: too much to search for", message.size(), text.size());
  return text.find(message) != std::string_view::npos;
}

// Cuts behind the message that goes on.
void cut_continued(Rendered& rendered, std::string_view message) {
  size_t at = std::string_view(rendered.text).rfind(kContinued.substr(0, kContinued.size() - 1));
  if (at == std::string_view::npos || !keeps(rendered.text, at, message))
    fail_about(Status::invalid_argument, "prompt.messages", "the template does not keep the last message: it cannot go on (PRM_PROMPT_CONTINUE)");
  bool spaces = std::string_view(rendered.text).substr(at, kContinued.size()) == kContinued;
  rendered.text.resize(at);
  if (!spaces) rendered.text.resize(at - trailing_space(rendered.text));
  while (!rendered.content.empty() && rendered.content.back().begin >= rendered.text.size()) rendered.content.pop_back();
  if (!rendered.content.empty()) rendered.content.back().end = std::min(rendered.content.back().end, rendered.text.size());
}

Rendered render(const Model& model, const ChatPrompt& chat, const Control& control) {
  const Limits& bounds = model.engine->limits;
  TemplateLimits limits;
  limits.steps = bounds.template_steps;
  limits.nesting = bounds.nesting;
  Heap heap(limits.value_bytes);
  ChatReader reader(heap, chat, bounds);
  Vector<Variable> variables = read_variables(model, heap, chat, reader.messages());
  std::string_view source = chat.template_text ? chat.template_text : own_template(model, chat.tools_json);
  auto program = parse_template(source, chat.template_text ? Status::invalid_argument : Status::bad_file, limits);
  Rendered rendered = render_template(*program, heap, variables, limits, control);
  if (chat.continues) cut_continued(rendered, reader.continued());
  return rendered;
}

}  // namespace

}  // namespace prm::jinja

namespace prm {

jinja::Rendered render_chat(const Model& model, const ChatPrompt& chat, const Control& control) { return jinja::render(model, chat, control); }

void tokenize_chat(const Model& model, const jinja::Rendered& rendered, bool add_begin, Vector<int32_t>& out, const Control& control) {
  const Tokenizer& tokenizer = *model.tokenizer;
  size_t before = out.size();
  if (int32_t begin = begin_token(tokenizer); add_begin && begin >= 0) out.push_back(begin);
  bool added = out.size() > before;
  tokenize(tokenizer, rendered.text, {.special = true, .add_begin = false, .content = rendered.content}, out, control);
  if (added && out.size() > before + 1 && out[before + 1] == out[before]) out.erase(out.begin() + std::ptrdiff_t(before));
}

}  // namespace prm
