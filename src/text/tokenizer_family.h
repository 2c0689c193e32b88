// What a tokenizer family gives to tokenizer.cpp: one value per family, in its own file.
#pragma once
#include "text/vocabulary.h"
#include "text/word_rules.h"

namespace prm {

struct Tokenizer;

struct TokenizerFamily {
  const char* model;  // "tokenizer.ggml.model"
  // Fills what the family needs, and add_bos as it is where the file does not say; fails with unsupported or bad_file.
  void (*prepare)(Tokenizer& tokenizer, const VocabularySource& source, Listener& listener);
  // Ids of a text without special tokens; `first`: nothing or a special token stands before it.
  void (*tokenize)(const Tokenizer& tokenizer, std::string_view text, bool first, Listener& listener, Vector<int32_t>& out);
  // Bytes of a normal token.
  void (*append_text)(const Tokenizer& tokenizer, int32_t id, String& out);
  bool always_bos = false;  // whatever the file says
  bool space_prefix = false;   // a space goes in front of texts where the file says so
  bool added_as_text = false;  // user-defined tokens are written as normal ones are
};

// A merge of byte-pair encoding, found by the ids of its two sides; key 0 = a free slot.
struct Merge {
  uint64_t key;
  int32_t rank, merged;
};

struct Tokenizer {
  Tokenizer(const VocabularySource& source, Listener& listener) : vocabulary(source, listener) {}
  const TokenizerFamily* family = nullptr;
  Vocabulary vocabulary;
  int32_t bos = -1, eos = -1;
  bool add_bos = false, add_eos = false, add_space_prefix = false, prefix_once = false, prefix_unless_spaced = false;
  Vector<int32_t> ends;      // sorted ids that end generation
  int32_t byte_tokens[256];  // -1: none. llama, gemma4: "<0x00>"..; gpt2: the letter that stands for the byte
  Vector<Merge> merges;      // open addressing
  const PreTokenizer* pre = nullptr;  // gpt2
};

extern const TokenizerFamily kSpmFamily, kBpeFamily, kGemma4Family, kRankedFamily;

}  // namespace prm
