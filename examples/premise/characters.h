// Characters of UTF-8 text.
#pragma once
#include <string>
#include <string_view>

// Bytes of the well-formed character at the start of text; 0 when there is none. The NUL is a character.
size_t utf8_size(std::string_view text);
// `code` is a character: no surrogate, at most 0x10ffff.
void append_utf8(std::string& out, unsigned code);
