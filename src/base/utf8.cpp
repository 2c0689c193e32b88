#include "base/utf8.h"

namespace prm {

uint32_t decode_lenient(std::string_view text, size_t& length) {
  auto byte = [&](size_t i) { return uint32_t(uint8_t(text[i])); };
  auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  uint32_t lead = byte(0), code = kReplacement;
  length = 1;
  if (lead < 0x80) return lead;
  if (lead >= 0xc0 && lead < 0xe0 && tail(1)) {
    length = 2;
    code = (lead & 31) << 6 | (byte(1) & 63);
  } else if (lead >= 0xe0 && lead < 0xf0 && tail(1) && tail(2)) {
    length = 3;
    code = (lead & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
  } else if (lead >= 0xf0 && lead < 0xf8 && tail(1) && tail(2) && tail(3)) {
    code = (lead & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6 | (byte(3) & 63);
    if (code > 0x10ffff) return kReplacement;
    length = 4;
  }
  return code;
}

void append_utf8(uint32_t code, String& out) {
  if (code < 0x80) {
    out += char(code);
  } else if (code < 0x800) {
    out += char(0xc0 | code >> 6);
    out += char(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += char(0xe0 | code >> 12);
    out += char(0x80 | (code >> 6 & 63));
    out += char(0x80 | (code & 63));
  } else {
    out += char(0xf0 | code >> 18);
    out += char(0x80 | (code >> 12 & 63));
    out += char(0x80 | (code >> 6 & 63));
    out += char(0x80 | (code & 63));
  }
}

size_t strict_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t(0); };
  auto tail = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xbf) { return byte(i) >= low && byte(i) <= high; };
  if (text.empty()) return 0;
  uint8_t b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return tail(1) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) return tail(1, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf) && tail(2) ? 3 : 0;
  if (b >= 0xf0 && b <= 0xf4) return tail(1, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

size_t unfinished_tail(std::string_view text) {
  size_t back = 1;  // bytes from the last lead byte to the end
  while (back <= 3 && back <= text.size() && (uint8_t(text[text.size() - back]) & 0xc0) == 0x80) ++back;
  if (back > 3 || back > text.size()) return 0;
  uint8_t lead = uint8_t(text[text.size() - back]);
  if (lead < 0xc2 || lead > 0xf4 || back >= announced_length(lead)) return 0;
  if (back > 1) {  // the second byte excludes overlong forms, surrogates and code points above U+10FFFF
    uint8_t second = uint8_t(text[text.size() - back + 1]);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  }
  return back;
}

}  // namespace prm
