// The tokens of a template, as jinja2 cuts them with trim_blocks and lstrip_blocks.
#pragma once
#include <string_view>

#include "base/containers.h"
#include "base/error.h"
#include "base/format_message.h"

namespace prm::jinja {

enum class TokenKind : uint8_t { data, variable_begin, variable_end, block_begin, block_end, name, string, integer, real, sign, end };

struct Token {
  TokenKind kind;
  uint32_t line;
  std::string_view text;  // of the source; a string with its quotes
};

// What is wrong with a template, and where.
template <class... Args>
[[noreturn]] void fail_template(Status status, uint32_t line, fmt::format_string<Args...> format, Args&&... args) {
  fail_about(status, "chat_template", "chat template, line {}: {}", line, format_message(format, std::forward<Args>(args)...));
}

// Line ends become \n, and one at the end goes.
String normalize_lines(std::string_view source);

// The last token is `end`. Fails with `fault`.
Vector<Token> cut_template(std::string_view source, Status fault);

// White space as Python's str.isspace has it.
bool is_space(uint32_t code);
// How much of it stands at the front and at the back.
size_t leading_space(std::string_view text);
size_t trailing_space(std::string_view text);
// The character at the front of `text` and its bytes; a byte that begins none is a character of its own.
uint32_t front_character(std::string_view text, size_t& length);

}  // namespace prm::jinja
