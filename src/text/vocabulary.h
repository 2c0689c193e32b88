// Tokens by id and ids by text: one text blob, one open-addressing hash table. Shared by the tokenizer families.
#pragma once
#include <string_view>
#include <utility>

#include "text/tokenizer.h"

namespace prm {

enum class TokenType : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
enum class Strip : uint8_t {
  none,
  left,
  right,
  both
};  // ASCII white space that a special token takes from the text beside it

inline bool is_special(TokenType type) { return type == TokenType::control || type == TokenType::unknown || type == TokenType::user_defined; }

class Vocabulary {
 public:
  // Fails with bad_file: no tokens, lists of other lengths, two tokens of one text, special ids out of range, scores that are NaN.
  // Empty tokens are allowed, and never made from a text.
  Vocabulary(const VocabularySource& source, Listener& listener);

  int32_t size() const { return int32_t(offsets_.size() - 1); }
  std::string_view text(int32_t id) const { return std::string_view(blob_).substr(offsets_[size_t(id)], offsets_[size_t(id) + 1] - offsets_[size_t(id)]); }
  TokenType type(int32_t id) const { return types_[size_t(id)]; }
  // What the file leaves unsaid (special_tokens.cpp); index_special afterwards.
  void set_type(int32_t id, TokenType type) { types_[size_t(id)] = type; }
  void set_strip(int32_t id, Strip strip);
  // A control token whose text is shown, and found in any text that is no content.
  void set_shown(int32_t id);
  void index_special();
  float score(int32_t id) const { return scores_.empty() ? 0.0f : scores_[size_t(id)]; }
  int32_t find(std::string_view text) const;  // -1 when there is none
  size_t longest() const { return longest_; }

  // Control, unknown and user-defined tokens are cut out of the text before it is tokenized: user-defined ones always, the
  // others when `special`. Longer ones first, over the whole text.
  struct Fragment {
    size_t begin, size;
    int32_t token;  // -1: text
  };
  // `content` (ascending): spans that somebody else wrote. No control token is found in or across them.
  Vector<Fragment> partition(std::string_view text, bool special, std::span<const TextSpan> content, Listener& listener) const;

 private:
  struct SpecialLength {
    size_t length;
    bool first_bytes[2][256];  // of the tokens of this length that are found: [special]
  };
  bool is_control(int32_t id) const;
  Strip strip(int32_t id) const { return strips_.empty() ? Strip::none : strips_[size_t(id)]; }
  String blob_;
  Vector<uint32_t> offsets_;
  Vector<TokenType> types_;
  Vector<Strip> strips_;  // empty: none of all
  Vector<int32_t> shown_;
  Vector<float> scores_;
  Vector<int32_t> table_;
  Vector<SpecialLength> special_lengths_;  // descending
  size_t longest_ = 0;
};

// Sorted ids that end an answer; sets types and strips that the file leaves unsaid, and indexes the special tokens.
Vector<int32_t> assign_special_tokens(Vocabulary& vocabulary, const VocabularySource& source);

}  // namespace prm
