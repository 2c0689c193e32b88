#include "text/word_rules.h"

#include <array>

#include "text/unicode_table.h"
#include "base/utf8.h"

namespace prm {

namespace {

constexpr uint32_t kSpaceBits = one_of({kCarriageReturn, kLineFeed, kBlank, kOtherSpace});
constexpr uint32_t kLineBits = one_of({kCarriageReturn, kLineFeed});
constexpr uint32_t kNumberBits = one_of({kAsciiDigit, kOtherNumber});
constexpr uint32_t kLetterBits = one_of({kAsciiUpper, kAsciiLower, kOtherLetter, kHanLetter});

// Han as the pre-tokenizers' own list has it: unified ideographs up to extension F and the compatibility ideographs.
constexpr bool is_han(uint32_t code) {
  return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) || (code >= 0xf900 && code <= 0xfaff) ||
         (code >= 0x20000 && code <= 0x2a6df) || (code >= 0x2a700 && code <= 0x2ebef) || (code >= 0x2f800 && code <= 0x2fa1f);
}

consteval CharacterClass ascii_class(uint32_t code) {
  if (code == '\r') return kCarriageReturn;
  if (code == '\n') return kLineFeed;
  if (code == ' ') return kBlank;
  if (code == '\t' || code == '\v' || code == '\f') return kOtherSpace;
  if (code < 0x20 || code == 0x7f) return kOtherCharacter;
  if (code >= '0' && code <= '9') return kAsciiDigit;
  if (code >= 'A' && code <= 'Z') return kAsciiUpper;
  if (code >= 'a' && code <= 'z') return kAsciiLower;
  if (code == '\'') return kApostrophe;
  if (code == '/') return kSlash;
  if (code == '|') return kBar;
  if (code == '`') return kBacktick;
  for (char c : {'.', ',', '!', '?', '(', ')'})
    if (code == uint32_t(c)) return kStop;
  for (char c : {'$', '+', '<', '=', '>', '^', '~'})
    if (code == uint32_t(c)) return kOtherAsciiSymbol;
  return kOtherAsciiPunctuation;
}

constexpr auto kAscii = []() consteval {
  std::array<CharacterClass, 128> classes{};
  for (uint32_t code = 0; code < 128; ++code) classes[code] = ascii_class(code);
  return classes;
}();

CharacterClass class_of(uint32_t code) {
  if (code < 128) return kAscii[code];
  switch (kind_of(code)) {
    case CodeKind::letter: return is_han(code) ? kHanLetter : kOtherLetter;
    case CodeKind::mark: return kMark;
    case CodeKind::number: return kOtherNumber;
    case CodeKind::symbol: return kOtherSymbol;
    case CodeKind::space: return kOtherSpace;
    case CodeKind::other: return kOtherCharacter;
    case CodeKind::punctuation: break;
  }
  for (uint32_t stop : {0x2026, 0x3002, 0xff0c, 0x3001, 0x0964, 0x06d4, 0x060c})
    if (code == stop) return kWideStop;
  return kOtherPunctuation;
}

constexpr uint32_t kCodeBits = (1u << 24) - 1;
constexpr size_t utf8_length(uint32_t code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

// A character is its code with its class above bit 24.
Vector<uint32_t> read_characters(std::string_view text, Listener& listener) {
  Vector<uint32_t> all;
  size_t count = 0;
  for (char c : text) count += (uint8_t(c) & 0xc0) != 0x80;
  all.reserve(count);
  for (size_t at = 0; at < text.size();) {
    size_t n = 1;
    listener.turn();
    uint32_t code = uint8_t(text[at]);
    if (code >= 0x80) code = decode_lenient(text.substr(at), n);
    at += n;
    all.push_back(code | uint32_t(class_of(code)) << 24);
  }
  return all;
}

bool in_ranges(std::span<const CodeRange> ranges, uint32_t code) {
  size_t low = 0, high = ranges.size();
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (ranges[middle].last < code) low = middle + 1;
    else high = middle;
  }
  return low < ranges.size() && ranges[low].first <= code;
}

// The rules over one piece. A scanner gives the end of the match that begins at i, or i when there is none.
class PieceScanner {
 public:
  PieceScanner(const Vector<uint32_t>& text, size_t end) : text_(text.data()), end_(end) {}

  size_t match(const WordRule& rule, size_t i) {
    switch (rule.scan) {
      case WordScan::run: return run(rule, i);
      case WordScan::cased_word: return cased_word(rule, i);
      case WordScan::spaced_letters: return spaced_letters(rule, i);
      case WordScan::contraction: return contraction(i, false);
      case WordScan::any_contraction: return contraction(i, true);
      case WordScan::line_breaks: return line_breaks(i);
      case WordScan::spaces: return spaces(i);
      case WordScan::trailing_spaces: return trailing_spaces(i);
      case WordScan::thirds: return thirds(i);
    }
    return i;
  }

 private:
  uint32_t bits(size_t i) const { return i < end_ ? 1u << (text_[i] >> 24) : 0; }
  bool is(size_t i, const CharacterSet& set) const {
    uint32_t own = bits(i);
    return (own & set.classes) || (!set.ranges.empty() && own && !(own & kSpaceBits) && in_ranges(set.ranges, text_[i] & kCodeBits));
  }
  size_t skip(size_t i, uint32_t classes) const {
    while (bits(i) & classes) ++i;
    return i;
  }

  size_t body_end(const WordRule& rule, size_t i) const {
    size_t begin = i, last = rule.most < end_ - i ? i + rule.most : end_;
    while (i < last && is(i, rule.body)) ++i;
    return i - begin < rule.least ? begin : i;
  }
  size_t finish(const WordRule& rule, size_t i) const {
    for (uint32_t n = 0; n < rule.most_tail && (bits(i) & rule.tail); ++n) ++i;
    return rule.contraction ? contraction(i, true) : i;
  }
  // The character in front is taken when the rest matches behind it; if not, it may be the first of the rest.
  size_t run(const WordRule& rule, size_t i) const {
    if (is(i, rule.lead))
      if (size_t end = body_end(rule, i + 1); end > i + 1) return finish(rule, end);
    if (rule.lead_needed) return i;
    size_t end = body_end(rule, i);
    return end > i ? finish(rule, end) : i;
  }

  // upper* lower+ from i, where upper* gives characters back until lower+ finds one; i when there is none.
  size_t upper_then_lower(const WordRule& rule, size_t i) const {
    size_t uppers = skip(i, rule.body.classes);
    if (bits(uppers) & rule.lower) return skip(uppers, rule.lower);
    while (uppers > i && !(bits(uppers - 1) & rule.lower)) --uppers;
    return uppers;
  }
  size_t upper_alone(const WordRule& rule, size_t i) const {
    size_t uppers = skip(i, rule.body.classes);
    return uppers > i ? skip(uppers, rule.lower) : i;
  }
  size_t cased_word(const WordRule& rule, size_t i) const {
    bool led = is(i, rule.lead);
    if (led)
      if (size_t end = upper_then_lower(rule, i + 1); end > i + 1) return finish(rule, end);
    if (size_t end = upper_then_lower(rule, i); end > i) return finish(rule, end);
    if (led)
      if (size_t end = upper_alone(rule, i + 1); end > i + 1) return finish(rule, end);
    size_t end = upper_alone(rule, i);
    return end > i ? finish(rule, end) : i;
  }

  size_t spaced_letters(const WordRule& rule, size_t i) const {
    size_t at = is(i, rule.lead) ? i + 1 : i;
    if (!(bits(at) & kLetterBits)) return i;
    for (;; ++at) {
      at = skip(at + 1, 1u << kMark);
      if (bits(at) & kLetterBits) --at;
      else if (!(bits(at) & 1u << kBlank) || !(bits(at + 1) & kLetterBits)) return at;
    }
  }

  char letter(size_t i, bool any_case) const {
    if (!(bits(i) & one_of({kAsciiUpper, kAsciiLower}))) return '\0';
    char c = char(text_[i] & kCodeBits);
    return any_case && c < 'a' ? char(c + 32) : c;
  }
  size_t contraction(size_t i, bool any_case) const {
    if (!(bits(i) & 1u << kApostrophe)) return i;
    char a = letter(i + 1, any_case), b = letter(i + 2, any_case);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return i + 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? i + 3 : i;
  }

  size_t line_breaks(size_t i) const {
    size_t last = i;
    for (size_t at = i; uint32_t own = bits(at) & kSpaceBits; ++at)
      if (own & kLineBits) last = at + 1;
    return last;
  }
  size_t spaces(size_t i) const {
    size_t end = skip(i, kSpaceBits);
    return end - i > 1 && end < end_ ? end - 1 : end;
  }
  // Both of these keep what they found out, so that asking at each place of a run stays linear.
  size_t trailing_spaces(size_t i) {
    if (trailing_ == SIZE_MAX)
      for (trailing_ = end_; trailing_ > i && (bits(trailing_ - 1) & kSpaceBits);) --trailing_;
    return i >= trailing_ ? end_ : i;
  }
  size_t thirds(size_t i) {
    if (!(bits(i) & kNumberBits)) return i;
    if (numbers_ <= i) numbers_ = skip(i, kNumberBits);
    size_t over = (numbers_ - i) % 3;
    return i + (over ? over : 3);
  }

  const uint32_t* text_;
  size_t end_, trailing_ = SIZE_MAX, numbers_ = 0;
};

// The words of one piece, [begin, end) in characters.
void cut_piece(WordPass pass, const Vector<uint32_t>& text, size_t begin, size_t end, Listener& listener, Vector<uint32_t>& ends) {
  PieceScanner scanner(text, end);
  size_t loose = begin;  // from here on nothing was taken
  for (size_t i = begin; i < end;) {
    listener.turn();
    size_t after = i;
    const WordRule* taken = nullptr;
    for (const WordRule& rule : pass) {
      after = scanner.match(rule, i);
      taken = &rule;
      if (after > i) break;
    }
    if (after == i) {
      ++i;
      continue;
    }
    if (i > loose && taken->scan != WordScan::thirds) ends.push_back(uint32_t(i));
    ends.push_back(uint32_t(after));
    i = loose = after;
  }
  if (end > loose) ends.push_back(uint32_t(end));
}

}  // namespace

Vector<uint32_t> split_words(std::span<const WordPass> passes, std::string_view text, Listener& listener) {
  Vector<uint32_t> characters = read_characters(text, listener);
  Vector<uint32_t> ends, next;
  if (!characters.empty()) ends.push_back(uint32_t(characters.size()));
  for (WordPass pass : passes) {
    next.clear();
    size_t begin = 0;
    for (size_t end : ends) {
      cut_piece(pass, characters, begin, end, listener, next);
      begin = end;
    }
    ends.swap(next);
  }
  size_t at = 0, bytes = 0;
  for (uint32_t& end : ends) {
    for (; at < end; ++at) bytes += utf8_length(characters[at] & kCodeBits);
    end = uint32_t(bytes);
  }
  return ends;
}

}  // namespace prm
