// The language that pre-tokenizers are written in (pretokenizers.cpp has them): a pattern is a list of passes, a pass a list of
// rules. Each pass cuts the pieces that the one before it made. In a piece, at each place, the first rule that matches takes its
// characters as a word; characters that no rule takes at their place stay together as a word of their own. This is what the
// published regular expressions say; the scanners of word_rules.cpp take them in linear time.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/control.h"

namespace prm {

// Every character is in exactly one of these classes. Sets of them are the bits 1 << class.
enum CharacterClass : uint8_t {
  kCarriageReturn, kLineFeed, kBlank, kOtherSpace,            // kBlank: U+0020
  kAsciiDigit, kOtherNumber,
  kAsciiUpper, kAsciiLower, kOtherLetter, kHanLetter,
  kMark,
  kApostrophe, kSlash, kStop, kOtherAsciiPunctuation,         // kStop: . , ! ? ( )
  kWideStop, kOtherPunctuation,                               // kWideStop: U+2026 U+3002 U+FF0C U+3001 U+0964 U+06D4 U+060C
  kBar, kBacktick, kOtherAsciiSymbol, kOtherSymbol,           // kBar: |
  kOtherCharacter,
};

struct CodeRange {
  uint32_t first, last;
};

// Characters of `classes`, and those in `ranges` that are no white space.
struct CharacterSet {
  uint32_t classes = 0;
  std::span<const CodeRange> ranges = {};
};

constexpr uint32_t one_of(std::initializer_list<CharacterClass> classes) {
  uint32_t bits = 0;
  for (CharacterClass c : classes) bits |= 1u << c;
  return bits;
}

enum class WordScan : uint8_t {
  run,                 // lead? body{least,most} tail{0,most_tail} contraction?
  cased_word,          // lead? upper* lower+ or else lead? upper+ lower*, then contraction?; `body` is upper, `lower` lower
  spaced_letters,      // lead? and letters, each with its marks, where a single space before a letter does not end the word
  contraction,         // 's 't 're 've 'm 'll 'd
  any_contraction,     // the same in either case
  line_breaks,         // white space up to and with its last \r or \n
  spaces,              // white space; before more text its last character is left for the next word
  trailing_spaces,     // white space at the end of the piece
  thirds,              // numbers cut from the right in groups of three; what no rule took before them stays in the first group
};

struct WordRule {
  WordScan scan = WordScan::run;
  CharacterSet lead = {};   // one such character may stand in front
  bool lead_needed = false;
  CharacterSet body = {};
  uint32_t lower = 0;       // of cased_word
  uint32_t least = 1, most = UINT32_MAX;
  uint32_t tail = 0, most_tail = UINT32_MAX;
  bool contraction = false;  // a contraction in either case may follow
};

using WordPass = std::span<const WordRule>;

// Ends of the words, in bytes, ascending, the last one text.size(). The text is what append_utf8 writes.
Vector<uint32_t> split_words(std::span<const WordPass> passes, std::string_view text, Listener& listener);

// A pre-tokenizer by the name that files have in "tokenizer.ggml.pre".
struct PreTokenizer {
  const char* name;
  std::span<const WordPass> passes;
  bool whole_words = false;  // a word that is a token is taken at once, before any merge
  bool add_bos = false;      // where the file does not say
};

std::span<const PreTokenizer> pre_tokenizers();

}  // namespace prm
