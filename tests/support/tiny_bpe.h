// Byte-level BPE made in a test.
#pragma once
#include "base/containers.h"
#include "base/utf8.h"
#include "text/tokenizer.h"

namespace prm::test {

// The letter of byte-level BPE that stands for a byte.
inline String letter(int byte) {
  auto own = [](int b) { return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae; };
  uint32_t code = uint32_t(byte);
  if (!own(byte)) {
    code = 256;
    for (int b = 0; b < byte; ++b) code += !own(b);
  }
  String text;
  append_utf8(code, text);
  return text;
}

// A vocabulary of the 256 bytes, to which tokens and merges are added.
struct TinyBpe {
  Vector<String> texts, merges;
  VocabularySource source;
  explicit TinyBpe(const char* pre = "gpt-2", int missing_byte = -1) {
    for (int b = 0; b < 256; ++b)
      if (b != missing_byte) add(letter(b));
    source.model = "gpt2", source.pre = pre;
  }
  int32_t add(String text, int32_t type = 1) {
    texts.push_back(std::move(text));
    source.types.push_back(type);
    return int32_t(texts.size()) - 1;
  }
  void merge(const char* left, const char* right) {
    add(String(left) + right);
    merges.push_back(String(left) + " " + right);
  }
  VocabularySource& finish() {
    source.tokens.assign(texts.begin(), texts.end());
    source.merges.assign(merges.begin(), merges.end());
    return source;
  }
};

}  // namespace prm::test
