// GGUF files, versions 2 and 3, little-endian (specification: ggml's docs/gguf.md).
#pragma once
#include "base/control.h"
#include "formats/model_file.h"

namespace prm {

bool is_gguf(const FileBytes& file);  // by its magic

// Scans header, metadata and tensor table; every length is checked against the file before use, and nothing is allocated
// that the file does not hold. Tensor data is not read. Fails with bad_file (naming offset and thing), limit, or
// unsupported (tensor types without a kernel, all named at once).
ModelFile read_gguf(FilePtr file, const Control& control = {}, const Limits& limits = {});

}  // namespace prm
