// safetensors files: eight bytes of length, a JSON header of that length, tensors. (Format: huggingface.co/docs/safetensors.)
#pragma once
#include "base/control.h"
#include "formats/model_file.h"

namespace prm {

bool is_safetensors(const FileBytes& file);  // by how it begins

// The tensors of the header, in the order of their names there; their data stays unread and without an address. Every length is
// checked against the file: types, shapes and offsets must agree, and the tensors fill the file without gaps. Fails with bad_file,
// limit, or unsupported (types other than F32, F16 and BF16, all named at once).
Vector<NamedTensor> read_safetensors(FilePtr file, const Control& control = {}, const Limits& limits = {});

}  // namespace prm
