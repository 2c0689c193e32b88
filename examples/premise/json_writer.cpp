#include "json_writer.h"

#include <fmt/format.h>

#include <cmath>

#include "characters.h"

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
    size_t size = utf8_size(text);
    if (byte == '"' || byte == '\\') text_ += {'\\', char(byte)};
    else if (byte == '\n') text_ += "\\n";
    else if (byte < 0x20 || byte == 0x7f) text_ += fmt::format("\\u{:04x}", byte);
    else if (size) text_ += text.substr(0, size);
    else text_ += "\xef\xbf\xbd";
    text.remove_prefix(size ? size : 1);
  }
  text_ += '"';
}
