// A vocabulary of any size for byte-level BPE, made of nothing.
#pragma once
#include "gguf_header.h"

// Tokenizer settings with `size` tokens: the 256 bytes, made-up words with their merges, three control tokens; and ChatML's template.
void add_vocabulary(GgufHeader& header, uint32_t size, bool is_llama);
