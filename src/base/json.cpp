#include "base/json.h"

#include <fmt/format.h>

#include <cmath>

namespace prm {

namespace {

// Length of the well-formed UTF-8 sequence at the front of `s`, 0 when there is none (Unicode 15, table 3-7).
size_t utf8_length(std::string_view s) {
  auto byte = [&](size_t i) { return i < s.size() ? uint8_t(s[i]) : uint8_t(0); };
  auto tail = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xbf) { return byte(i) >= low && byte(i) <= high; };
  uint8_t b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return tail(1) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) return tail(1, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf) && tail(2) ? 3 : 0;
  if (b >= 0xf0 && b <= 0xf4) return tail(1, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

}  // namespace

void JsonWriter::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

void JsonWriter::quote(std::string_view s) {
  text_ += '"';
  while (!s.empty()) {
    size_t n = utf8_length(s);
    uint8_t c = uint8_t(s[0]);
    if (n == 0) text_ += "\xef\xbf\xbd", n = 1;
    else if (c == '"' || c == '\\') text_ += '\\', text_ += char(c);
    else if (c < 0x20 || c == 0x7f) text_ += format_message("\\u{:04x}", c);
    else text_.append(s.substr(0, n));
    s.remove_prefix(n);
  }
  text_ += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  text_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::value(int64_t number) {
  separate();
  text_ += format_message("{}", number);
  return *this;
}

JsonWriter& JsonWriter::value(uint64_t number) {
  separate();
  text_ += format_message("{}", number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  separate();
  text_ += std::isfinite(number) ? format_message("{}", number) : "null";
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  separate();
  text_ += truth ? "true" : "false";
  return *this;
}

}  // namespace prm
