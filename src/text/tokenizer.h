// Tokenizers: text to ids and back. Knows nothing of file formats: runtime/ fills a VocabularySource from a file's
// metadata. A tokenizer family is a value in the list of tokenizer.cpp; an unknown family or pre-tokenizer is refused.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/control.h"
#include "text/text_span.h"

namespace prm {

// What a file says of its tokenizer. The views need to live only during make_tokenizer (it copies).
struct VocabularySource {
  String model;  // "llama" (SentencePiece BPE by scores), "gpt2" (byte-level BPE by merges), "gemma4" or "ranked"
  String pre;                        // "default", "qwen2", ...; gpt2 only
  String name;                       // the model's: some special tokens take white space by it (special_tokens.cpp)
  Vector<std::string_view> tokens;   // [V]
  Vector<float> scores;              // [V]; empty allowed for gpt2
  Vector<int32_t> types;             // [V] GGUF token types: 1 normal 2 unknown 3 control 4 user-defined 5 unused 6 byte
  Vector<std::string_view> merges;   // "left right", rank = index; all but llama
  int32_t bos = -1, eos = -1, eot = -1, eom = -1, unknown = -1;
  // Tokens for filling in the middle: prefix, suffix, middle, padding, repository, file separator. The last three end an answer.
  int32_t infill[6] = {-1, -1, -1, -1, -1, -1};
  std::optional<bool> add_bos;       // unset: as the family or pre-tokenizer does it
  bool add_eos = false, add_space_prefix = true;
  bool prefix_once = false;           // only where a text begins, not behind special tokens
  bool prefix_unless_spaced = false;  // not where a space is there already
  Vector<int32_t>
      strips;  // [V] of special tokens: 1 takes white space to its left, 2 to its right, 3 both; empty: none
};

struct Tokenizer;  // immutable, usable from any thread
using TokenizerPtr = std::shared_ptr<const Tokenizer>;

// Fails with unsupported (unknown model or pre), bad_file (lengths that differ, ids out of range, two tokens of one text,
// malformed merges or byte tokens).
TokenizerPtr make_tokenizer(const VocabularySource& source, const Control& control = {});

struct TokenizeFlags {
  bool special = false;    // control tokens in the text are recognised
  bool add_begin = true;   // BOS in front (and EOS behind) when the file says so
  std::span<const TextSpan> content = {};  // ascending; no control token is found in or across them, whatever `special` says
};

// Ids of `text`, any bytes; appended to `out`. Time is bounded by O(n log n) in text.size().
void tokenize(const Tokenizer& tokenizer, std::string_view text, TokenizeFlags flags, Vector<int32_t>& out,
              const Control& control = {});

int32_t vocabulary_size(const Tokenizer& tokenizer);
int32_t begin_token(const Tokenizer& tokenizer);  // put in front by add_begin; -1 when none
int32_t bos_token(const Tokenizer& tokenizer);    // whether it is put in front or not; -1 when none
int32_t end_token(const Tokenizer& tokenizer);    // -1 when none
bool is_end(const Tokenizer& tokenizer, int32_t id);   // EOS, EOT and other end-of-generation tokens by name

std::span<const int32_t> end_tokens(const Tokenizer& tokenizer);  // all of them
size_t longest_token(const Tokenizer& tokenizer);      // bytes of the longest, at least

// Bytes of one token; control tokens are empty unless `special`. Ids out of range fail with invalid_argument.
void append_token_text(const Tokenizer& tokenizer, int32_t id, bool special, String& out);

// Text of tokens with the family's rules about leading spaces.
String detokenize(const Tokenizer& tokenizer, const int32_t* ids, size_t count, bool special);

// A stream of tokens as text that never splits a UTF-8 character: bytes that may still become one are kept back. Bytes
// that can no longer become one are passed on as they are.
class TextStream {
 public:
  explicit TextStream(const Tokenizer& tokenizer);  // takes all the memory that it will need
  void clear();
  // Text that became whole with this token; valid until the next call.
  std::string_view push(int32_t id);
  std::string_view finish();  // what is left, whole or not

 private:
  const Tokenizer& tokenizer_;
  String pending_, ready_;
};

// Names for the capability report.
Vector<String> tokenizer_names();
Vector<String> pre_tokenizer_names();

}  // namespace prm
