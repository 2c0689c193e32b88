#include "text/vocabulary.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace prm {

namespace {

// FNV-1a with a final mix: short texts. Who makes texts collide is refused (kMostProbes).
size_t hash_text(std::string_view text) {
  uint64_t h = 1469598103934665603ull;
  for (char c : text) h = (h ^ uint8_t(c)) * 1099511628211ull;
  return size_t(h ^ (h >> 32));
}

constexpr int kMostProbes = 1024;  // real vocabularies need some ten

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void check_id(const char* name, int32_t id, size_t size) {
  if (id < -1 || id >= int64_t(size)) fail(Status::bad_file, "tokenizer: {} is {}, the vocabulary has {} tokens", name, id, size);
}

}  // namespace

Vocabulary::Vocabulary(const VocabularySource& s, Listener& listener) {
  size_t n = s.tokens.size(), bytes = 0;
  if (n == 0) fail(Status::bad_file, "tokenizer: the vocabulary is empty");
  if (n > INT32_MAX / 4) fail(Status::limit, "tokenizer: {} tokens are too many", n);
  if (!s.scores.empty() && s.scores.size() != n) fail(Status::bad_file, "tokenizer: {} scores for {} tokens", s.scores.size(), n);
  if (!s.types.empty() && s.types.size() != n) fail(Status::bad_file, "tokenizer: {} types for {} tokens", s.types.size(), n);
  if (!s.strips.empty() && s.strips.size() != n)
    fail(Status::bad_file, "tokenizer: {} strips for {} tokens", s.strips.size(), n);
  for (float score : s.scores)
    if (std::isnan(score)) fail(Status::bad_file, "tokenizer: a score is NaN");
  check_id("bos_token_id", s.bos, n), check_id("eos_token_id", s.eos, n), check_id("eot_token_id", s.eot, n), check_id("eom_token_id", s.eom, n);
  check_id("unknown_token_id", s.unknown, n);
  for (int32_t id : s.infill) check_id("fim_*_token_id", id, n);
  for (std::string_view token : s.tokens) bytes += token.size(), longest_ = std::max(longest_, token.size());
  if (bytes > UINT32_MAX) fail(Status::limit, "tokenizer: the vocabulary has {} bytes of text", bytes);
  blob_.reserve(bytes);
  offsets_.reserve(n + 1);
  for (std::string_view token : s.tokens) {
    listener.turn();
    offsets_.push_back(uint32_t(blob_.size()));
    blob_ += token;
  }
  offsets_.push_back(uint32_t(blob_.size()));
  scores_ = s.scores;
  types_.assign(n, TokenType::normal);
  for (size_t i = 0; i < s.types.size(); ++i) {
    if (s.types[i] < 1 || s.types[i] > 6) fail(Status::bad_file, "tokenizer: token {} has type {}, expected 1 to 6", i, s.types[i]);
    types_[i] = TokenType(s.types[i]);
  }
  size_t slots = 16;
  while (slots < n * 2) slots *= 2;
  table_.assign(slots, -1);
  for (int32_t id = 0; id < int32_t(n); ++id) {
    listener.turn();
    if (text(id).empty()) continue;  // found by no text
    size_t at = hash_text(text(id)) & (slots - 1);
    for (int probes = 0; table_[at] >= 0; at = (at + 1) & (slots - 1)) {
      if (text(table_[at]) == text(id)) fail(Status::bad_file, "tokenizer: tokens {} and {} are both '{}'", table_[at], id, text(id).substr(0, 80));
      if (++probes > kMostProbes) fail(Status::bad_file, "tokenizer: the tokens are made to collide: more than {} beside token {}", kMostProbes, id);
    }
    table_[at] = id;
  }
}

int32_t Vocabulary::find(std::string_view wanted) const {
  if (wanted.empty()) return -1;
  size_t mask = table_.size() - 1, at = hash_text(wanted) & mask;
  while (table_[at] >= 0) {
    if (text(table_[at]) == wanted) return table_[at];
    at = (at + 1) & mask;
  }
  return -1;
}

void Vocabulary::set_strip(int32_t id, Strip strip) {
  if (strips_.empty()) strips_.assign(types_.size(), Strip::none);
  strips_[size_t(id)] = strip;
}

void Vocabulary::set_shown(int32_t id) {
  set_type(id, TokenType::user_defined);
  shown_.push_back(id);
}

bool Vocabulary::is_control(int32_t id) const {
  return type(id) != TokenType::user_defined || std::find(shown_.begin(), shown_.end(), id) != shown_.end();
}

void Vocabulary::index_special() {
  special_lengths_.clear();
  Map<size_t, Vector<int32_t>, std::greater<>> by_length;
  for (int32_t id = 0; id < size(); ++id)
    if (is_special(type(id)) && !text(id).empty()) by_length[text(id).size()].push_back(id);
  // Each place of a text is looked at with each length.
  constexpr size_t kMostLengths = 32768;
  size_t together = 0;
  for (auto& [length, ids] : by_length) together += length;
  if (together > kMostLengths)
    fail(Status::limit, "tokenizer: special tokens have {} different lengths, {} bytes together; the limit is {}", by_length.size(), together, kMostLengths);
  for (auto& [length, ids] : by_length) {
    SpecialLength entry{length, {}};
    for (int32_t id : ids) {
      uint8_t byte = uint8_t(text(id)[0]);
      entry.first_bytes[true][byte] = true;
      entry.first_bytes[false][byte] |= type(id) == TokenType::user_defined;
    }
    special_lengths_.push_back(entry);
  }
}

namespace {

bool overlaps(std::span<const TextSpan> spans, size_t begin, size_t end) {
  auto next = std::upper_bound(spans.begin(), spans.end(), begin, [](size_t at, const TextSpan& s) { return at < s.end; });
  return next != spans.end() && next->begin < end;
}

}  // namespace

Vector<Vocabulary::Fragment> Vocabulary::partition(std::string_view whole, bool special, std::span<const TextSpan> content, Listener& listener) const {
  Vector<Fragment> fragments, next;
  if (!whole.empty()) fragments.push_back({0, whole.size(), -1});
  bool present[256] = {};
  for (char c : whole) present[uint8_t(c)] = true;
  for (const SpecialLength& entry : special_lengths_) {
    const bool(&first_bytes)[256] = entry.first_bytes[special];
    bool possible = false;
    for (int b = 0; b < 256; ++b) possible |= present[b] & first_bytes[b];
    if (!possible || entry.length > whole.size()) continue;
    next.clear();
    for (const Fragment& f : fragments) {
      size_t begin = f.begin, end = f.begin + f.size;
      for (size_t i = begin; f.token < 0 && i + entry.length <= end;) {
        listener.turn();
        int32_t id = first_bytes[uint8_t(whole[i])] ? find(whole.substr(i, entry.length)) : -1;
        bool found = id >= 0 && (type(id) == TokenType::user_defined || (special && is_special(type(id))));
        if (!found || (is_control(id) && overlaps(content, i, i + entry.length))) {
          ++i;
          continue;
        }
        size_t text_end = i;
        if (strip(id) == Strip::left || strip(id) == Strip::both)
          while (text_end > begin && is_ascii_space(whole[text_end - 1])) --text_end;
        if (text_end > begin) next.push_back({begin, text_end - begin, -1});
        next.push_back({i, entry.length, id});
        i += entry.length;
        if (strip(id) == Strip::right || strip(id) == Strip::both)
          while (i < end && is_ascii_space(whole[i])) ++i;
        begin = i;
      }
      if (f.token >= 0) next.push_back(f);
      else if (begin < end) next.push_back({begin, end - begin, -1});
    }
    fragments.swap(next);
  }
  return fragments;
}

}  // namespace prm
