// What a tokenizer family gives to tokenizer.cpp: one value per family, in its own file.
#pragma once
#include "text/vocabulary.h"

namespace prm {

struct Tokenizer;

struct TokenizerFamily {
  const char* model;  // "tokenizer.ggml.model"
  // Fills what the family needs; fails with unsupported or bad_file.
  void (*prepare)(Tokenizer& tokenizer, const VocabularySource& source, Listener& listener);
  // Ids of a text without special tokens; `first`: nothing or a special token stands before it.
  void (*tokenize)(const Tokenizer& tokenizer, std::string_view text, bool first, Listener& listener, Vector<int32_t>& out);
  // Bytes of a normal token.
  void (*append_text)(const Tokenizer& tokenizer, int32_t id, String& out);
};

struct Tokenizer {
  Tokenizer(const VocabularySource& source, Listener& listener) : vocabulary(source, listener) {}
  const TokenizerFamily* family = nullptr;
  Vocabulary vocabulary;
  int32_t bos = -1, eos = -1;
  bool add_bos = false, add_eos = false, add_space_prefix = false;
  Vector<int32_t> ends;        // sorted ids that end generation
  int32_t byte_tokens[256];         // llama: "<0x00>".., gpt2: the letter that stands for the byte
  // gpt2: merges by (left, right) id, open addressing; key 0 = free (the pair (0, 0) is stored with bit 63).
  struct Merge {
    uint64_t key;
    int32_t rank, merged;  // merged -1: the joined text is no token
  };
  Vector<Merge> merges;
  Vector<size_t> (*split)(std::string_view text, Listener& listener) = nullptr;  // gpt2: ends of the pre-tokenizer's words
};

Vector<size_t> split_qwen2(std::string_view text, Listener& listener);

}  // namespace prm
