#include "json_writer.h"

#include <fmt/format.h>

#include <cmath>

namespace {

// Bytes of the well-formed UTF-8 character at the start of text; 0 when there is none.
size_t character_size(std::string_view text) {
  auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto tail = [&](size_t i) { return (at(i) & 0xc0) == 0x80; };
  unsigned lead = at(0), second = at(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead < 0xf0) {
    bool overlong = lead == 0xe0 && second < 0xa0, surrogate = lead == 0xed && second >= 0xa0;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead < 0xf5) {
    bool overlong = lead == 0xf0 && second < 0x90, beyond = lead == 0xf4 && second >= 0x90;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

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

JsonWriter& JsonWriter::value(int64_t number) { return plain(fmt::format("{}", number)); }
JsonWriter& JsonWriter::value(uint64_t number) { return plain(fmt::format("{}", number)); }
JsonWriter& JsonWriter::value(double number) {
  return std::isfinite(number) ? plain(fmt::format("{}", number)) : null();
}
JsonWriter& JsonWriter::value(bool truth) { return plain(truth ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return plain("null"); }

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

JsonWriter& JsonWriter::plain(std::string_view token) {
  separate();
  text_ += token;
  return *this;
}

void JsonWriter::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

void JsonWriter::quote(std::string_view text) {
  text_ += '"';
  while (!text.empty()) {
    auto byte = static_cast<unsigned char>(text[0]);
    size_t size = character_size(text);
    if (byte == '"' || byte == '\\') text_ += {'\\', char(byte)};
    else if (byte == '\n') text_ += "\\n";
    else if (byte < 0x20 || byte == 0x7f) text_ += fmt::format("\\u{:04x}", byte);
    else if (size) text_ += text.substr(0, size);
    else text_ += "\xef\xbf\xbd";
    text.remove_prefix(size ? size : 1);
  }
  text_ += '"';
}
