// The word pattern of Qwen2 (its tokenizer.json), written out by hand:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N} | ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
// The first alternative that matches at a place wins. Linear in the text.
#include "text/tokenizer_family.h"
#include "text/unicode_table.h"
#include "text/utf8.h"

namespace prm {

namespace {

enum Kind : uint8_t { kOther, kLetter, kNumber, kSpaceKind, kEnd };

struct Character {
  uint32_t code;
  uint32_t end;  // byte offset behind it
  Kind kind;
};

Vector<Character> read_characters(std::string_view text, Listener& listener) {
  Vector<Character> all;
  all.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    size_t n;
    listener.turn();
    uint32_t code = decode_lenient(text.substr(at), n);
    at += n;
    Kind kind = is_letter(code) ? kLetter : is_number(code) ? kNumber : is_space(code) ? kSpaceKind : kOther;
    all.push_back({code, uint32_t(at), kind});
  }
  return all;
}

struct Scanner {
  const Vector<Character>& text;

  Kind kind(size_t i) const { return i < text.size() ? text[i].kind : kEnd; }
  uint32_t code(size_t i) const { return i < text.size() ? text[i].code : UINT32_MAX; }
  bool breaks_line(size_t i) const { return code(i) == '\r' || code(i) == '\n'; }
  char letter(size_t i) const { return code(i) < 128 ? char(code(i) >= 'A' && code(i) <= 'Z' ? code(i) + 32 : code(i)) : '\0'; }

  size_t contraction(size_t i) const {
    if (code(i) != '\'') return i;
    char a = letter(i + 1), b = letter(i + 2);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return i + 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? i + 3 : i;
  }
  size_t word(size_t i) const {
    if (breaks_line(i) || kind(i) == kNumber || (kind(i) != kLetter && kind(i + 1) != kLetter)) return i;
    for (++i; kind(i) == kLetter;) ++i;
    return i;
  }
  size_t punctuation(size_t i) const {
    size_t j = code(i) == ' ' ? i + 1 : i;
    if (kind(j) != kOther) return i;
    while (kind(j) == kOther) ++j;
    while (breaks_line(j)) ++j;
    return j;
  }
  size_t spaces(size_t i) const {
    size_t end = i, last_break = i;
    while (kind(end) == kSpaceKind) {
      if (breaks_line(end)) last_break = end + 1;
      ++end;
    }
    if (last_break > i) return last_break;
    return end - i > 1 && end < text.size() ? end - 1 : end;  // one space is left for the next word
  }
  size_t next(size_t i) const {
    if (size_t end = contraction(i); end > i) return end;
    if (size_t end = word(i); end > i) return end;
    if (kind(i) == kNumber) return i + 1;
    if (size_t end = punctuation(i); end > i) return end;
    return spaces(i);
  }
};

}  // namespace

Vector<size_t> split_qwen2(std::string_view text, Listener& listener) {
  Vector<Character> characters = read_characters(text, listener);
  Scanner scanner{characters};
  Vector<size_t> ends;
  for (size_t i = 0; i < characters.size();) {
    listener.turn();
    i = scanner.next(i);
    ends.push_back(characters[i - 1].end);
  }
  return ends;
}

}  // namespace prm
