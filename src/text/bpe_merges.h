// Byte-pair encoding by ranked merges (Sennrich et al., 2016): what the families that have them share.
#pragma once
#include <queue>

#include "text/tokenizer_family.h"

namespace prm {

// Fills tokenizer.merges. Fails with bad_file: a merge that is not two texts, or whose texts or their joining are no tokens.
void read_merges(Tokenizer& tokenizer, const VocabularySource& source, Listener& listener);

// The pair of neighbours with the lowest rank is joined first, the left one of equals; O(n log n).
class PairJoiner {
 public:
  PairJoiner(const Tokenizer& tokenizer, Listener& listener) : tokenizer_(tokenizer), listener_(listener) {}

  // The pieces of a word, in order; an id below 0 is joined to nothing.
  void add(int32_t id) { pieces_.push_back({int32_t(pieces_.size()) - 1, int32_t(pieces_.size()) + 1, id}); }

  // Joins what was added, gives the ids that are left to `emit`, and is empty again.
  template <class Emit>
  void finish(Emit&& emit) {
    if (!pieces_.empty()) {
      pieces_.back().next = -1;
      if (pieces_.size() > 1) join();
      for (int32_t i = 0; i >= 0; i = pieces_[size_t(i)].next) emit(pieces_[size_t(i)].id);
    }
    pieces_.clear();
  }

 private:
  struct Piece {
    int32_t previous, next, id;
  };
  struct Pair {
    int32_t rank, left, left_id, right_id;
    bool operator<(const Pair& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  void join();
  void consider(int32_t left, int32_t right);

  const Tokenizer& tokenizer_;
  Listener& listener_;
  Vector<Piece> pieces_;
  std::priority_queue<Pair, Vector<Pair>> queue_;
};

// Ids of the characters of a word, joined; one that is no token in the end becomes byte tokens.
void join_characters(const Tokenizer& tokenizer, std::string_view word, PairJoiner& joiner, Vector<int32_t>& out);

// Bytes that are no UTF-8 are read as U+FFFD, as the pre-tokenizers of these models do.
String repaired_utf8(std::string_view raw, Listener& listener);

}  // namespace prm
