// Byte-level BPE (Radford et al., GPT-2, 2019): a pre-tokenizer cuts words; each byte of a word is a letter of an alphabet of
// 256; letters are joined by ranked merges.
#include "base/error.h"
#include "text/bpe_merges.h"
#include "base/utf8.h"

namespace prm {

namespace {

// The letter that stands for a byte: itself where it prints in Latin-1, else 256 + its number among those that do not.
struct Alphabet {
  uint16_t letter[256];
  int16_t byte[512];
};
constexpr auto kAlphabet = [] {
  Alphabet made{};
  for (auto& b : made.byte) b = -1;
  for (int b = 0, other = 256; b < 256; ++b) {
    bool own = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
    made.letter[b] = uint16_t(own ? b : other++);
    made.byte[made.letter[b]] = int16_t(b);
  }
  return made;
}();

// The id of a word that is a token as a whole, -1 when there is none.
int32_t find_word(const Vocabulary& vocabulary, std::string_view word, String& letters) {
  if (word.size() > vocabulary.longest()) return -1;
  letters.clear();
  for (char c : word) append_utf8(kAlphabet.letter[uint8_t(c)], letters);
  return vocabulary.find(letters);
}

void tokenize_bpe(const Tokenizer& t, std::string_view raw, bool, Listener& listener, Vector<int32_t>& out) {
  String text = repaired_utf8(raw, listener), letters;
  PairJoiner joiner(t, listener);
  size_t begin = 0;
  for (size_t end : split_words(t.pre->passes, text, listener)) {
    std::string_view word = std::string_view(text).substr(begin, end - begin);
    begin = end;
    if (t.pre->whole_words)
      if (int32_t id = find_word(t.vocabulary, word, letters); id >= 0) {
        out.push_back(id);
        continue;
      }
    for (char c : word) joiner.add(t.byte_tokens[uint8_t(c)]);
    joiner.finish([&](int32_t id) {
      if (id >= 0) out.push_back(id);
    });
  }
}

// Vocabularies may lack bytes that their makers never met: such bytes are left out. Printing ASCII all of them have.
void find_bytes(Tokenizer& t) {
  for (int b = 0; b < 256; ++b) {
    String letter;
    append_utf8(kAlphabet.letter[b], letter);
    t.byte_tokens[b] = t.vocabulary.find(letter);
    if (t.byte_tokens[b] < 0 && b >= 0x20 && b < 0x7f) fail(Status::bad_file, "tokenizer: the vocabulary has no token for byte 0x{:02X}", b);
  }
}

void prepare_bpe(Tokenizer& t, const VocabularySource& source, Listener& listener) {
  String known;
  for (const PreTokenizer& pre : pre_tokenizers()) {
    if (source.pre == pre.name) t.pre = &pre;
    known += (known.empty() ? "" : ", ") + String(pre.name);
  }
  if (!t.pre) fail(Status::unsupported, "tokenizer: pre-tokenizer '{}' of model 'gpt2' is not supported; known: {}", source.pre, known);
  t.add_bos = t.pre->add_bos;
  find_bytes(t);
  read_merges(t, source, listener);
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

const TokenizerFamily kBpeFamily{"gpt2", prepare_bpe, tokenize_bpe, append_bpe};

Vector<String> pre_tokenizer_names() {
  Vector<String> names;
  for (const PreTokenizer& pre : pre_tokenizers()) names.push_back(pre.name);
  return names;
}

}  // namespace prm
