// Where a model comes from, and which format it is in: told by content, never by a name's ending.
#pragma once
#include "base/control.h"
#include "formats/model_file.h"
#include "runtime/model_home.h"

namespace prm {

// A path, or the file in memory (borrowed while the model lives).
struct ModelSource {
  const char* path = nullptr;
  const void* data = nullptr;
  size_t data_size = 0;
};

// The file that a source names, on the home's account; null for a folder.
FilePtr open_source(ModelHome& home, const ModelSource& source);

// Whether it holds a model that takes tensors (ONNX) rather than text.
bool is_tensor_source(const FilePtr& first);

// Header, metadata and tensors of a text model's file, and of the other parts where it is one of several. Fails with bad_file, io,
// not_found, limit, unsupported, naming the file.
ModelFile read_source(FilePtr first, const ModelSource& source, ModelHome& home, const Control& control);

}  // namespace prm
