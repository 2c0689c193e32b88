// Gemma 4's BPE: ranked merges over the characters of raw text, in which U+2581 stands for a space. Runs of line feeds are
// words, and so is what stands between them. A character that is no token in the end becomes byte tokens.
#include <algorithm>

#include "text/bpe_merges.h"
#include "text/byte_tokens.h"
#include "base/utf8.h"

namespace prm {

namespace {

void add_word(const Tokenizer& t, std::string_view word, PairJoiner& joiner, Vector<int32_t>& out) {
  if (word[0] == '\n' && word.size() <= t.vocabulary.longest())
    if (int32_t id = t.vocabulary.find(word); id >= 0) {
      out.push_back(id);
      return;
    }
  join_characters(t, word, joiner, out);
}

void tokenize_gemma4(const Tokenizer& t, std::string_view raw, bool, Listener& listener, Vector<int32_t>& out) {
  String text = with_escaped_spaces(repaired_utf8(raw, listener), false);
  PairJoiner joiner(t, listener);
  for (std::string_view rest = text; !rest.empty();) {
    size_t end = std::min(rest[0] == '\n' ? rest.find_first_not_of('\n') : rest.find('\n'), rest.size());
    add_word(t, rest.substr(0, end), joiner, out);
    rest.remove_prefix(end);
  }
}

void prepare_gemma4(Tokenizer& t, const VocabularySource& source, Listener& listener) {
  t.add_bos = true;
  find_byte_tokens(t);
  read_merges(t, source, listener);
}

}  // namespace

// Files with add_bos_token = false are in circulation, but the model always wants one.
const TokenizerFamily kGemma4Family{"gemma4", prepare_gemma4, tokenize_gemma4, append_unescaped, true};

}  // namespace prm
