// SentencePiece BPE (Kudo and Richardson, 2018) as Llama's and Gemma's vocabularies use it: the pair of neighbours whose
// joined token has the best score is joined first; what is no token in the end becomes byte tokens.
#include <algorithm>
#include <queue>

#include "base/error.h"
#include "text/byte_tokens.h"
#include "base/utf8.h"

namespace prm {

namespace {

struct Symbol {
  int32_t previous, next;
  uint32_t begin, size;  // size 0: joined to another
};

struct Pair {
  float score;
  int32_t left, right;
  uint32_t size;
  bool operator<(const Pair& other) const { return score != other.score ? score < other.score : left > other.left; }
};

struct Joiner {
  const Vocabulary& vocabulary;
  std::string_view text;
  Listener& listener;
  Vector<Symbol> symbols;
  std::priority_queue<Pair, Vector<Pair>> queue;

  void consider(int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    listener.turn();
    uint32_t size = symbols[size_t(left)].size + symbols[size_t(right)].size;
    if (size > vocabulary.longest()) return;
    int32_t id = vocabulary.find(text.substr(symbols[size_t(left)].begin, size));
    if (id >= 0) queue.push({vocabulary.score(id), left, right, size});
  }

  void run() {
    for (size_t at = 0; at < text.size();) {
      size_t n = std::min(announced_length(uint8_t(text[at])), text.size() - at);
      int32_t index = int32_t(symbols.size());
      symbols.push_back({index - 1, at + n < text.size() ? index + 1 : -1, uint32_t(at), uint32_t(n)});
      at += n;
    }
    for (int32_t i = 1; i < int32_t(symbols.size()); ++i) consider(i - 1, i);
    while (!queue.empty()) {
      listener.turn();
      Pair pair = queue.top();
      queue.pop();
      Symbol &left = symbols[size_t(pair.left)], &right = symbols[size_t(pair.right)];
      if (!left.size || !right.size || left.size + right.size != pair.size) continue;  // overtaken by another join
      left.size += right.size;
      right.size = 0;
      left.next = right.next;
      if (right.next >= 0) symbols[size_t(right.next)].previous = pair.left;
      consider(left.previous, pair.left);
      consider(pair.left, left.next);
    }
  }
};

void tokenize_spm(const Tokenizer& t, std::string_view raw, bool first, Listener& listener, Vector<int32_t>& out) {
  String text = with_escaped_spaces(raw, t.add_space_prefix && first);
  Joiner joiner{t.vocabulary, text, listener, {}, {}};
  joiner.run();
  for (int32_t i = joiner.symbols.empty() ? -1 : 0; i >= 0; i = joiner.symbols[size_t(i)].next) {
    std::string_view piece = joiner.text.substr(joiner.symbols[size_t(i)].begin, joiner.symbols[size_t(i)].size);
    int32_t id = t.vocabulary.find(piece);
    if (id >= 0) out.push_back(id);
    else
      for (char c : piece) out.push_back(t.byte_tokens[uint8_t(c)]);
  }
}

// "tokenizer.ggml.pre" says nothing here: there is no pre-tokenizer. A byte without a token is the unknown token.
void prepare_spm(Tokenizer& t, const VocabularySource& source, Listener&) {
  if (source.scores.empty()) fail(Status::bad_file, "tokenizer: model 'llama' needs scores");
  t.add_bos = true;
  find_byte_tokens(t);
  for (int b = 0; b < 256; ++b) {
    char raw = char(b);
    if (t.byte_tokens[b] < 0) t.byte_tokens[b] = t.vocabulary.find({&raw, 1});
    if (t.byte_tokens[b] < 0) t.byte_tokens[b] = source.unknown;
    if (t.byte_tokens[b] < 0) fail(Status::bad_file, "tokenizer: the vocabulary has no token for byte 0x{:02X}, and no unknown token", b);
  }
}

}  // namespace

const TokenizerFamily kSpmFamily{.model = "llama",
                                 .prepare = prepare_spm,
                                 .tokenize = tokenize_spm,
                                 .append_text = append_unescaped,
                                 .space_prefix = true};

}  // namespace prm
