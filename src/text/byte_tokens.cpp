#include "text/byte_tokens.h"

#include "base/error.h"

namespace prm {

namespace {

constexpr std::string_view kSpace = "\xe2\x96\x81";

// Value of "<0xNN>" with two upper-case digits, -1 for anything else.
int byte_value(std::string_view text) {
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') return -1;
  int value = 0;
  for (char c : text.substr(3, 2)) {
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

void find_byte_tokens(Tokenizer& t) {
  for (int32_t id = 0; id < t.vocabulary.size(); ++id)
    if (t.vocabulary.type(id) == TokenType::byte && byte_value(t.vocabulary.text(id)) < 0)
      fail(Status::bad_file, "tokenizer: byte token {} is '{}', expected <0x00> to <0xFF>", id, t.vocabulary.text(id));
  for (int b = 0; b < 256; ++b) t.byte_tokens[b] = t.vocabulary.find(format_message("<0x{:02X}>", b));
}

String with_escaped_spaces(std::string_view text, bool space_in_front) {
  String out;
  out.reserve(text.size() + 3);
  if (space_in_front) out += kSpace;
  for (char c : text) c == ' ' ? void(out += kSpace) : void(out += c);
  return out;
}

void append_unescaped(const Tokenizer& t, int32_t id, String& out) {
  std::string_view text = t.vocabulary.text(id);
  if (t.vocabulary.type(id) == TokenType::byte) {
    out += char(byte_value(text));
    return;
  }
  for (size_t at; (at = text.find(kSpace)) != text.npos; text.remove_prefix(at + kSpace.size())) {
    out += text.substr(0, at);
    out += ' ';
  }
  out += text;
}

}  // namespace prm
