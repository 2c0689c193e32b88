// What vocabularies of raw text share (SentencePiece, gemma4): U+2581 stands for a space, and "<0x00>" to "<0xFF>" for bytes.
#pragma once
#include "text/tokenizer_family.h"

namespace prm {

// Fills tokenizer.byte_tokens, -1 where there is none. Fails with bad_file: a token of type byte with another text.
void find_byte_tokens(Tokenizer& tokenizer);

String with_escaped_spaces(std::string_view text, bool space_in_front);

// TokenizerFamily::append_text of such vocabularies.
void append_unescaped(const Tokenizer& tokenizer, int32_t id, String& out);

}  // namespace prm
