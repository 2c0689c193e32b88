// UTF-8, in two readings: strict (Unicode 15, table 3-7), and as the tokenizers of GGUF models were trained to read it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/containers.h"

namespace prm {

inline constexpr uint32_t kReplacement = 0xfffd;

// Bytes of the character that `lead` announces, whatever follows: 1 for ASCII and continuation bytes, else 2, 3, 4.
inline size_t announced_length(uint8_t lead) { return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

// The code point at the front of `text` and its length. Lenient: overlong forms and surrogates pass; a byte that begins no
// such sequence, or one above U+10FFFF, is U+FFFD of length 1.
uint32_t decode_lenient(std::string_view text, size_t& length);

void append_utf8(uint32_t code, String& out);

// Strict: the length of the character at the front of `text`, 0 when no well-formed one stands there.
size_t strict_length(std::string_view text);

// Strict: how many bytes at the end of `text` begin a character that more bytes may complete. 0 when
// the text ends with a whole character or with bytes that can become none.
size_t unfinished_tail(std::string_view text);

}  // namespace prm
