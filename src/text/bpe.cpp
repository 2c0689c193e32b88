// Byte-level BPE (Radford et al., GPT-2, 2019): a pre-tokenizer cuts words; each byte of a word is a letter of an alphabet of
// 256; the pair of neighbours with the lowest merge rank is joined first.
#include <algorithm>
#include <queue>

#include "base/error.h"
#include "text/tokenizer_family.h"
#include "text/utf8.h"

namespace prm {

namespace {

// The letter that stands for a byte: itself where it prints in Latin-1, else 256 + its number among those that do not.

struct Alphabet {
  uint16_t letter[256];
  int16_t byte[512];
  constexpr Alphabet() : letter(), byte() {
    for (auto& b : byte) b = -1;
    for (int b = 0, other = 256; b < 256; ++b) {
      bool own = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      letter[b] = uint16_t(own ? b : other++);
      byte[letter[b]] = int16_t(b);
    }
  }
};
constexpr Alphabet kAlphabet;

uint64_t pair_key(int32_t left, int32_t right) { return (uint64_t(uint32_t(left)) << 32 | uint32_t(right)) | 1ull << 63; }
size_t mix(uint64_t key) { return size_t((key * 0x9e3779b97f4a7c15ull) >> 20); }

const Tokenizer::Merge* find_merge(const Tokenizer& t, int32_t left, int32_t right) {
  if (left < 0 || right < 0) return nullptr;
  uint64_t key = pair_key(left, right);
  for (size_t at = mix(key);; ++at) {
    const Tokenizer::Merge& merge = t.merges[at & (t.merges.size() - 1)];
    if (merge.key == key) return &merge;
    if (!merge.key) return nullptr;
  }
}

struct Symbol {
  int32_t previous, next, id;
  bool joined;  // to its left neighbour
};

struct Pair {
  int32_t rank, left, left_id, right_id;
  bool operator<(const Pair& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
};

struct Joiner {
  const Tokenizer& t;
  Listener& listener;
  Vector<Symbol> symbols;
  std::priority_queue<Pair, Vector<Pair>> queue;

  void consider(int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    listener.turn();
    int32_t a = symbols[size_t(left)].id, b = symbols[size_t(right)].id;
    if (const Tokenizer::Merge* merge = find_merge(t, a, b)) queue.push({merge->rank, left, a, b});
  }

  void run(std::string_view word, Vector<int32_t>& out) {
    symbols.clear();
    int32_t n = int32_t(word.size());
    for (int32_t i = 0; i < n; ++i) symbols.push_back({i - 1, i + 1 < n ? i + 1 : -1, t.byte_tokens[uint8_t(word[size_t(i)])], false});
    for (int32_t i = 1; i < n; ++i) consider(i - 1, i);
    while (!queue.empty()) {
      listener.turn();
      Pair pair = queue.top();
      queue.pop();
      Symbol& left = symbols[size_t(pair.left)];
      if (left.joined || left.id != pair.left_id || left.next < 0 || symbols[size_t(left.next)].id != pair.right_id) continue;  // overtaken
      const Tokenizer::Merge* merge = find_merge(t, pair.left_id, pair.right_id);
      Symbol& right = symbols[size_t(left.next)];
      left.id = merge->merged;
      right.joined = true;
      left.next = right.next;
      if (right.next >= 0) symbols[size_t(right.next)].previous = pair.left;
      consider(left.previous, pair.left);
      consider(pair.left, left.next);
    }
    for (int32_t i = 0; i >= 0 && n; i = symbols[size_t(i)].next) out.push_back(symbols[size_t(i)].id);
  }
};

// Bytes that are no UTF-8 are read as U+FFFD, as the pre-tokenizers of these models do.
String repaired(std::string_view raw, Listener& listener) {
  String text;
  text.reserve(raw.size());
  while (!raw.empty()) {
    size_t n;
    listener.turn();
    append_utf8(decode_lenient(raw, n), text);
    raw.remove_prefix(n);
  }
  return text;
}

void tokenize_bpe(const Tokenizer& t, std::string_view raw, bool, Listener& listener, Vector<int32_t>& out) {
  String text = repaired(raw, listener);
  Joiner joiner{t, listener, {}, {}};
  size_t begin = 0;
  for (size_t end : t.split(text, listener)) {
    joiner.run(std::string_view(text).substr(begin, end - begin), out);
    begin = end;
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
    Tokenizer::Merge& slot = t.merges[at & (t.merges.size() - 1)];
    if (slot.key == key) return;  // the first, better rank stays
    if (slot.key) continue;
    slot = {key, rank, joined};
    return;
  }
}

struct PreTokenizer {
  const char* name;
  Vector<size_t> (*split)(std::string_view, Listener&);
};
constexpr PreTokenizer kPreTokenizers[] = {
    {"qwen2", split_qwen2},
};

void prepare_bpe(Tokenizer& t, const VocabularySource& source, Listener& listener) {
  String known;
  for (const PreTokenizer& pre : kPreTokenizers) {
    if (source.pre == pre.name) t.split = pre.split;
    known += (known.empty() ? "" : ", ") + String(pre.name);
  }
  if (!t.split) fail(Status::unsupported, "tokenizer: pre-tokenizer '{}' of model 'gpt2' is not supported; known: {}", source.pre, known);
  for (int b = 0; b < 256; ++b) {
    String letter;
    append_utf8(kAlphabet.letter[b], letter);
    t.byte_tokens[b] = t.vocabulary.find(letter);
    if (t.byte_tokens[b] < 0) fail(Status::bad_file, "tokenizer: the vocabulary has no token for byte 0x{:02X}", b);
  }
  if (source.merges.size() > INT32_MAX / 4) fail(Status::limit, "tokenizer: {} merges are too many", source.merges.size());
  size_t slots = 16;
  while (slots < source.merges.size() * 2) slots *= 2;
  t.merges.assign(slots, {0, 0, -1});
  for (size_t i = 0; i < source.merges.size(); ++i) {
    listener.turn();
    add_merge(t, source.merges[i], int32_t(i));
  }
}

void append_bpe(const Tokenizer& t, int32_t id, String& out) {
  std::string_view text = t.vocabulary.text(id);
  while (!text.empty()) {
    size_t n;
    uint32_t letter = decode_lenient(text, n);
    if (letter < 512 && kAlphabet.byte[letter] >= 0) out += char(kAlphabet.byte[letter]);
    else out += text.substr(0, n);
    text.remove_prefix(n);
  }
}

}  // namespace

extern const TokenizerFamily kBpeFamily;
const TokenizerFamily kBpeFamily{"gpt2", prepare_bpe, tokenize_bpe, append_bpe};

Vector<String> pre_tokenizer_names() {
  Vector<String> names = {"default"};
  for (const PreTokenizer& pre : kPreTokenizers) names.push_back(pre.name);
  return names;
}

}  // namespace prm
