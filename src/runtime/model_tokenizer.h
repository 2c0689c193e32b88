// The tokenizer that a file's metadata describes ("tokenizer.*").
#pragma once
#include "formats/model_file.h"
#include "text/tokenizer.h"

namespace prm {

// `vocabulary`: how many tokens the weights have; -1: there are none. Fails with bad_file or unsupported.
TokenizerPtr read_tokenizer(const ModelFile& file, int64_t vocabulary, const Control& control);

}  // namespace prm
