// BPE by ranked merges over the characters of the whole text, in which U+2581 stands for a space: what SentencePiece vocabularies
// become in tokenizer.json files. A character that is no token in the end becomes byte tokens.
#include "base/error.h"
#include "text/bpe_merges.h"
#include "text/byte_tokens.h"

namespace prm {

namespace {

void tokenize_ranked(const Tokenizer& t, std::string_view raw, bool first, Listener& listener, Vector<int32_t>& out) {
  String text = with_escaped_spaces(repaired_utf8(raw, listener), false);
  constexpr std::string_view kSpace = "\xe2\x96\x81";
  if (t.add_space_prefix && first && !(t.prefix_unless_spaced && text.starts_with(kSpace))) text.insert(0, kSpace);
  PairJoiner joiner(t, listener);
  join_characters(t, text, joiner, out);
}

void prepare_ranked(Tokenizer& t, const VocabularySource& source, Listener& listener) {
  find_byte_tokens(t);
  for (int b = 0; b < 256; ++b)
    if (t.byte_tokens[b] < 0) fail(Status::bad_file, "tokenizer: the vocabulary has no token for byte 0x{:02X}", b);
  read_merges(t, source, listener);
}

}  // namespace

const TokenizerFamily kRankedFamily{.model = "ranked",
                                    .prepare = prepare_ranked,
                                    .tokenize = tokenize_ranked,
                                    .append_text = append_unescaped,
                                    .space_prefix = true,
                                    .added_as_text = true};

}  // namespace prm
