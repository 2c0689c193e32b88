#include "text/bpe_merges.h"

#include "base/error.h"
#include "base/utf8.h"

namespace prm {

namespace {

constexpr int32_t kJoined = INT32_MIN;  // the id of a piece that went into its left neighbour

uint64_t pair_key(int32_t left, int32_t right) { return (uint64_t(uint32_t(left)) << 32 | uint32_t(right)) | 1ull << 63; }
size_t mix(uint64_t key) { return size_t((key * 0x9e3779b97f4a7c15ull) >> 20); }

const Merge* find_merge(const Vector<Merge>& merges, int32_t left, int32_t right) {
  if (left < 0 || right < 0) return nullptr;
  uint64_t key = pair_key(left, right);
  for (size_t at = mix(key);; ++at) {
    const Merge& merge = merges[at & (merges.size() - 1)];
    if (merge.key == key) return &merge;
    if (!merge.key) return nullptr;
  }
}

// "left right": the space that separates them is the first one after the first byte.
void add_merge(Tokenizer& t, std::string_view line, int32_t rank) {
  size_t space = line.find(' ', 1);
  if (space == line.npos || space + 1 == line.size()) fail(Status::bad_file, "tokenizer: merge {} is '{}', expected two texts with a space between", rank, line);
  std::string_view left = line.substr(0, space), right = line.substr(space + 1);
  int32_t a = t.vocabulary.find(left), b = t.vocabulary.find(right), joined = t.vocabulary.find(String(left) + String(right));
  if (a < 0 || b < 0 || joined < 0) fail(Status::bad_file, "tokenizer: merge {} ('{}') joins or makes a text that is no token", rank, line);
  uint64_t key = pair_key(a, b);
  for (size_t at = mix(key);; ++at) {
    Merge& slot = t.merges[at & (t.merges.size() - 1)];
    if (slot.key == key) return;  // the first, better rank stays
    if (slot.key) continue;
    slot = {key, rank, joined};
    return;
  }
}

}  // namespace

void read_merges(Tokenizer& t, const VocabularySource& source, Listener& listener) {
  if (source.merges.size() > INT32_MAX / 4) fail(Status::limit, "tokenizer: {} merges are too many", source.merges.size());
  size_t slots = 16;
  while (slots < source.merges.size() * 2) slots *= 2;
  t.merges.assign(slots, {0, 0, -1});
  for (size_t i = 0; i < source.merges.size(); ++i) {
    listener.turn();
    add_merge(t, source.merges[i], int32_t(i));
  }
}

void PairJoiner::consider(int32_t left, int32_t right) {
  if (left < 0 || right < 0) return;
  listener_.turn();
  int32_t a = pieces_[size_t(left)].id, b = pieces_[size_t(right)].id;
  if (const Merge* merge = find_merge(tokenizer_.merges, a, b)) queue_.push({merge->rank, left, a, b});
}

void PairJoiner::join() {
  for (int32_t i = 1; i < int32_t(pieces_.size()); ++i) consider(i - 1, i);
  while (!queue_.empty()) {
    listener_.turn();
    Pair pair = queue_.top();
    queue_.pop();
    Piece& left = pieces_[size_t(pair.left)];
    if (left.id != pair.left_id || left.next < 0 || pieces_[size_t(left.next)].id != pair.right_id) continue;  // overtaken
    Piece& right = pieces_[size_t(left.next)];
    left.id = find_merge(tokenizer_.merges, pair.left_id, pair.right_id)->merged;
    right.id = kJoined;
    left.next = right.next;
    if (right.next >= 0) pieces_[size_t(right.next)].previous = pair.left;
    consider(left.previous, pair.left);
    consider(pair.left, left.next);
  }
}

void join_characters(const Tokenizer& t, std::string_view word, PairJoiner& joiner, Vector<int32_t>& out) {
  for (size_t at = 0, n; at < word.size(); at += n) {
    n = announced_length(uint8_t(word[at]));
    int32_t id = t.vocabulary.find(word.substr(at, n));
    joiner.add(id >= 0 ? id : -1 - int32_t(at));
  }
  joiner.finish([&](int32_t id) {
    if (id >= 0) {
      out.push_back(id);
      return;
    }
    size_t at = size_t(-1 - id);
    for (char c : word.substr(at, announced_length(uint8_t(word[at]))))
      if (int32_t byte = t.byte_tokens[uint8_t(c)]; byte >= 0) out.push_back(byte);
  });
}

String repaired_utf8(std::string_view raw, Listener& listener) {
  String text;
  text.reserve(raw.size());
  while (!raw.empty()) {
    size_t n = 0;
    while (n < raw.size() && uint8_t(raw[n]) < 0x80) ++n;
    text += raw.substr(0, n);
    raw.remove_prefix(n);
    if (raw.empty()) break;
    listener.turn();
    append_utf8(decode_lenient(raw, n), text);
    raw.remove_prefix(n);
  }
  return text;
}

}  // namespace prm
