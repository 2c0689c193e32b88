// Any bytes as text, by two kinds of tokenizers, and any ids as tokens.
#include <cstring>

#include "formats/gguf.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"
#include "support/memory_files.h"
#include "text/tokenizer.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

TokenizerPtr tokenizer_of(const char* name) {
  static std::map<std::string, std::string> kept;
  std::string& bytes = kept[name] = test::read_whole(std::string(PREMISE_TEST_DATA "/") + name);
  return read_tokenizer(read_gguf(borrow_memory(bytes.data(), bytes.size(), name), {}), -1, {});
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
  static const TokenizerPtr tokenizers[] = {tokenizer_of("tiny-gemma-f16.gguf"), tokenizer_of("tiny-qwen3-f16.gguf"), tokenizer_of("tiny-phi3-f16.gguf")};
  if (size < 2) return 0;
  const Tokenizer& tokenizer = *tokenizers[data[0] % std::size(tokenizers)];
  std::string_view text = as_text(data + 2, size - 2);
  return with_account([&](MemoryAccount&) {
    Vector<int32_t> ids;
    tokenize(tokenizer, text, {.special = bool(data[1] & 1), .add_begin = bool(data[1] & 2)}, ids);
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
