// Any bytes as text, by every kind of tokenizer, and any ids as tokens. The first byte picks the tokenizer.
#include <cstring>

#include "formats/gguf.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"
#include "support/memory_files.h"
#include "support/tiny_bpe.h"
#include "text/tokenizer.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

TokenizerPtr tokenizer_of(const char* name) {
  static std::map<std::string, std::string> kept;
  std::string& bytes = kept[name] = test::read_whole(std::string(PREMISE_TEST_DATA "/") + name);
  return read_tokenizer(read_gguf(borrow_memory(bytes.data(), bytes.size(), name), {}), -1, {});
}

// A small vocabulary under a pre-tokenizer, with special tokens that take white space or end answers by their names.
TokenizerPtr small_tokenizer(const String& pre) {
  test::TinyBpe bpe(pre.c_str(), pre.size() % 2 ? 0x1f : -1);
  bpe.merge("a", "b"), bpe.merge("\xc4\xa0", "a"), bpe.merge("\xc4\xa0" "a", "b"), bpe.merge("1", "2");
  for (const char* name : {"<s>", "</s>", "<mask>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_pad|>", "<|channel|>", "<|return|>", "<|call|>", "<|end|>"}) bpe.add(name, 3);
  bpe.source.strips.assign(bpe.texts.size(), 0);
  for (const char* name : {"[tool]", "[to", " two "}) {
    bpe.add(name, 4);
    bpe.source.strips.push_back(int32_t(bpe.source.strips.size() % 4));
  }
  bpe.source.name = pre.size() % 3 ? "phi-3 mini" : "modern-bert";
  bpe.source.bos = bpe.source.eos = 256 + 4;
  bpe.source.add_bos = bpe.source.add_eos = pre.size() % 2;
  return make_tokenizer(bpe.finish());
}

// Ranked merges over characters, with a token for each byte but, where that is allowed, one.
TokenizerPtr character_tokenizer(const char* model, int missing_byte) {
  Vector<String> texts;
  VocabularySource source;
  auto add = [&](String text, int32_t type) {
    texts.push_back(std::move(text));
    source.types.push_back(type);
  };
  for (int b = 0; b < 256; ++b)
    if (b != missing_byte) add(format_text("<0x{:02X}>", b), 6);
  for (const char* text : {"\xe2\x96\x81", "a", "b", "\n", "\xc3\xa9", "ab", "\xe2\x96\x81" "a", "\xe2\x96\x81" "ab", "\n\n"}) add(text, 1);
  for (const char* text : {"<bos>", "<eos>", "<|tool_response>", "</s>"}) add(text, 3);
  source.model = model;
  source.tokens.assign(texts.begin(), texts.end());
  source.merges = {"a b", "\xe2\x96\x81 a", "\xe2\x96\x81 ab", "\n \n"};
  source.bos = int32_t(texts.size()) - 4, source.eos = source.bos + 1;
  source.prefix_once = source.prefix_unless_spaced = missing_byte < 0;
  return make_tokenizer(source);
}

const Vector<TokenizerPtr>& all_tokenizers() {
  static const Vector<TokenizerPtr> all = [] {
    Vector<TokenizerPtr> made = {tokenizer_of("tiny-gemma-f16.gguf"), tokenizer_of("tiny-qwen3-f16.gguf"), tokenizer_of("tiny-phi3-f16.gguf"), character_tokenizer("ranked", -1), character_tokenizer("gemma4", 0xff)};
    for (const String& pre : pre_tokenizer_names()) made.push_back(small_tokenizer(pre));
    return made;
  }();
  return all;
}

void stream(const Tokenizer& tokenizer, const Vector<int32_t>& ids) {
  TextStream stream(tokenizer);
  String all;
  for (int32_t id : ids) all += stream.push(id);
  all += stream.finish();
  String text;
  for (int32_t id : ids) append_token_text(tokenizer, id, false, text);
  must(all.size() <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Vector<TokenizerPtr>& tokenizers = all_tokenizers();
  if (size < 2) return 0;
  const Tokenizer& tokenizer = *tokenizers[data[0] % tokenizers.size()];
  std::string_view text = as_text(data + 2, size - 2);
  return with_account([&](MemoryAccount&) {
    Vector<int32_t> ids;
    TextSpan content[] = {{text.size() / 3, text.size() / 2}};
    TokenizeFlags flags{.special = bool(data[1] & 1), .add_begin = bool(data[1] & 2)};
    if (data[1] & 16) flags.content = content;
    tokenize(tokenizer, text, flags, ids);
    for (int32_t id : ids) must(id >= 0 && id < vocabulary_size(tokenizer));
    detokenize(tokenizer, ids.data(), ids.size(), data[1] & 4);
    stream(tokenizer, ids);
    Vector<int32_t> any(text.size() / 4);
    if (!any.empty()) std::memcpy(any.data(), text.data(), any.size() * 4);
    if (data[1] & 8)
      for (int32_t& id : any) id = int32_t(uint32_t(id) % uint32_t(vocabulary_size(tokenizer)));
    detokenize(tokenizer, any.data(), any.size(), data[1] & 4);
    stream(tokenizer, any);
  });
}
