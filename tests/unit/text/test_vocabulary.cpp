// What vocabularies say and leave unsaid: ends of answers, special tokens, bytes that are missing, files without tensors.
#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "runtime/generate.h"
#include "support/catch.h"
#include "support/engines.h"
#include "support/gguf_writer.h"
#include "support/tiny_bpe.h"
#include "text/tokenizer.h"

using namespace prm;
using namespace prm::test;

namespace {

// The texts of a text's tokens, with a bar between them.
std::string pieces(const Tokenizer& t, std::string_view text, bool special = false, bool begin = false) {
  Vector<int32_t> ids;
  tokenize(t, text, {special, begin}, ids);
  String out;
  for (int32_t id : ids) {
    if (!out.empty()) out += '|';
    append_token_text(t, id, true, out);
  }
  return std::string(std::string_view(out));
}

template <class Call>
std::pair<Status, std::string> failure(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.status, error.message};
  }
  return {Status::ok, ""};
}

std::string vocabulary_file(bool with_tokens = true) {
  GgufWriter file;
  file.text("general.architecture", "an-architecture-of-tomorrow").text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.emplace_back(std::string_view(letter(b)));
  if (with_tokens) file.texts("tokenizer.ggml.tokens", tokens);
  file.texts("tokenizer.ggml.merges", {});
  return file.finish();
}

}  // namespace

TEST_CASE("merges of the lowest rank come first, and words that are tokens are taken whole where the pre-tokenizer says so") {
  for (bool whole : {false, true}) {
    TinyBpe bpe(whole ? "llama-bpe" : "dbrx");  // one pattern, two ways
    bpe.merge("b", "c"), bpe.merge("a", "b");
    bpe.add("abc");  // no merges lead to it
    TokenizerPtr t = make_tokenizer(bpe.finish());
    CHECK(pieces(*t, "abc") == (whole ? "abc" : "a|bc"));
    CHECK(pieces(*t, "xabc ab") == "x|a|bc| |ab");
  }
}

TEST_CASE("a begin token is put in front where the file or the pre-tokenizer says so") {
  auto begun = [](const char* pre, std::optional<bool> says, bool has) {
    TinyBpe bpe(pre);
    int32_t begin = bpe.add("<s>", 3);
    if (has) bpe.source.bos = begin;
    bpe.source.add_bos = says;
    return pieces(*make_tokenizer(bpe.finish()), "a", false, true);
  };
  CHECK(begun("llama-bpe", {}, true) == "<s>|a");
  CHECK(begun("llama-bpe", false, true) == "a");
  CHECK(begun("llama-bpe", {}, false) == "a");
  CHECK(begun("gpt-2", {}, true) == "a");
  CHECK(begun("gpt-2", true, true) == "<s>|a");
  CHECK(failure([&] { begun("gpt-2", true, false); }).first == Status::bad_file);
}

TEST_CASE("bytes without a token are left out of byte-level BPE, unless they print") {
  CHECK(pieces(*make_tokenizer(TinyBpe("gpt-2", 3).finish()), "a\x03z") == "a|z");
  CHECK(failure([] { make_tokenizer(TinyBpe("gpt-2", 'q').finish()); }).second == "tokenizer: the vocabulary has no token for byte 0x71");
}

TEST_CASE("tokens that end an answer are known by name, and are control tokens") {
  for (const char* name : {"<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "</s>", "<|fim_pad|>",
                           "<|file_sep|>", "<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"}) {
    TinyBpe bpe;
    int32_t end = bpe.add(name), begin = bpe.add("<|im_start|>", 3);
    TokenizerPtr t = make_tokenizer(bpe.finish());
    INFO(name);
    CHECK(is_end(*t, end));
    CHECK_FALSE(is_end(*t, begin));
    CHECK(pieces(*t, name).size() > std::strlen(name));  // its letters
    CHECK(pieces(*t, name, true) == name);
    CHECK(detokenize(*t, &end, 1, false).empty());
  }
}

TEST_CASE("<|end|> ends a message but no answer where calls and returns do") {
  TinyBpe bpe;
  int32_t end = bpe.add("<|end|>", 3), back = bpe.add("<|return|>", 3), call = bpe.add("<|call|>", 3), channel = bpe.add("<|channel|>", 3);
  TokenizerPtr t = make_tokenizer(bpe.finish());
  CHECK_FALSE(is_end(*t, end));
  CHECK((is_end(*t, back) && is_end(*t, call)));
  CHECK(detokenize(*t, &channel, 1, false) == "<|channel|>");
  CHECK(pieces(*t, "a<|end|>") == "a|<|end|>");
}

TEST_CASE("special tokens take the white space beside them where the model does") {
  auto after = [](const char* name, const char* pre, const char* text) {
    TinyBpe bpe(pre);
    bpe.source.name = name;
    for (const char* token : {"<|user|>", "<s>", "<mask>", "[MASK]"}) bpe.add(token, 3);
    return pieces(*make_tokenizer(bpe.finish()), text, true);
  };
  CHECK(after("Phi-3 mini", "gpt-2", "a <|user|> \n b<|user|>\t") == "a| |<|user|>|b|<|user|>");
  CHECK(after("Phi3", "gpt-2", "<s> b") == "<s>| |b");
  CHECK(after("Llama", "gpt-2", "<|user|> b") == "<|user|>| |b");
  CHECK(after("", "jina-v2-de", "a  <mask> b <s> c") == "a|<mask>| |b| |<s>| |c");
  CHECK(after("modern-bert", "gpt-2", " [MASK][MASK] b") == "[MASK]|[MASK]| |b");
}

TEST_CASE("two tokens of one text are refused by name; empty ones are never made from a text") {
  TinyBpe bpe;
  bpe.add("word"), bpe.add(""), bpe.add("", 3), bpe.add("word");
  CHECK(failure([&] { make_tokenizer(bpe.finish()); }).second == "tokenizer: tokens 256 and 259 are both 'word'");
  bpe.texts.back() = "other";
  CHECK(pieces(*make_tokenizer(bpe.finish()), "ab", true) == "a|b");
}

TEST_CASE("vocabularies that are made to take long are refused, or take no longer") {
  TinyBpe empty;
  for (int i = 0; i < 300000; ++i) empty.add("");
  CHECK(make_tokenizer(empty.finish()));
  TinyBpe lengths;
  for (int i = 1; i < 600; ++i) lengths.add(String(size_t(i), 'a') + "b", 4);
  auto [status, message] = failure([&] { make_tokenizer(lengths.finish()); });
  CHECK(status == Status::limit);
  CHECK(message.find("599 different lengths") != message.npos);
}

TEST_CASE("gemma4 joins characters of raw text, line feeds apart, and falls back to byte tokens") {
  TinyBpe bpe;
  bpe.texts.clear(), bpe.source.types.clear();
  for (int b = 0; b < 256; ++b) bpe.add(fmt::format("<0x{:02X}>", b).c_str(), 6);
  for (const char* text : {"a", "b", "\xe2\x96\x81", "\n", "\n\n"}) bpe.add(text);
  bpe.merge("a", "b"), bpe.merge("\xe2\x96\x81", "ab");
  bpe.source.model = "gemma4", bpe.source.bos = 0, bpe.source.add_bos = false;
  TokenizerPtr t = make_tokenizer(bpe.finish());
  CHECK(pieces(*t, "ab ab\n\nb") == "ab| ab|\n\n|b");
  CHECK(pieces(*t, "\xc3\xa9", false, true) == std::string("\0|\xc3|\xa9", 5));  // a begin token, whatever the file says
}

TEST_CASE("a file without tensors gives its vocabulary to who asks for the header alone, and runs nothing") {
  EnginePtr engine = open_test_engine("scalar", 0);
  auto open = [&](const std::string& file, bool header_only) {
    LoadOptions options;
    options.header_only = header_only;
    ModelSource source;
    source.data = file.data(), source.data_size = file.size();
    return load_model(engine, source, options, {});
  };
  std::string file = vocabulary_file();
  ModelPtr model = open(file, true);
  CHECK(pieces(*model->tokenizer, "hi") == "h|i");
  CHECK(inspect_json(*model).find("an-architecture-of-tomorrow") != String::npos);
  CHECK(failure([&] { plan_memory(*model); }).first == Status::unsupported);
  GenerateResult result;
  GenerateRequest request;
  request.prompt.text = "hi", request.prompt.is_text = true;
  CHECK(failure([&] { generate(*model, request, {}, result); }).second == "the file has no tensors, only a vocabulary: it tokenizes, and cannot run");
  std::vector<float> logits(256);
  int32_t token = 5;
  CHECK(failure([&] { score(*model, {&token, 1}, {}, logits.data()); }).first == Status::unsupported);
  CHECK(failure([&] { open(file, false); }).first == Status::unsupported);
  CHECK(failure([&] { open(vocabulary_file(false), true); }).first == Status::unsupported);  // no vocabulary either: its architecture is unknown
}

TEST_CASE("vocabularies: in content no control token is found, nor one that is shown; user-defined ones are") {
  TinyBpe tiny;
  int32_t end = tiny.add("<|im_end|>", 3), channel = tiny.add("<|channel|>", 3), tag = tiny.add("<tag>", 4);
  TokenizerPtr tokenizer = make_tokenizer(tiny.finish());
  std::string once = "<|im_end|><|channel|><tag>", text = once + once;
  auto count = [](const Vector<int32_t>& ids, int32_t id) { return std::count(ids.begin(), ids.end(), id); };
  for (size_t begin : {once.size(), once.size() + 9}) {  // from the front of a token, and inside of it
    Vector<int32_t> ids;
    TextSpan span{begin, text.size()};
    tokenize(*tokenizer, text, {.special = true, .add_begin = false, .content = {&span, 1}}, ids);
    CHECK((ids.size() > 4 && ids[0] == end && ids[1] == channel && ids[2] == tag));
    CHECK((count(ids, end) == 1 && count(ids, channel) == 1 && count(ids, tag) == 2));
  }
  Vector<int32_t> all;
  tokenize(*tokenizer, text, {.special = true, .add_begin = false}, all);
  CHECK(all == Vector<int32_t>{end, channel, tag, end, channel, tag});
}
