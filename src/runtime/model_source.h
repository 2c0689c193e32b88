// Where a model comes from, and which format it is in: told by content, never by a name's ending.
#pragma once
#include "base/control.h"
#include "formats/model_file.h"

namespace prm {

// A path, or the file in memory (borrowed while the model lives).
struct ModelSource {
  const char* path = nullptr;
  const void* data = nullptr;
  size_t data_size = 0;
};

// Header, metadata and tensors of the file, and of the other parts where it is one of several. Fails with bad_file, io,
// not_found, limit, unsupported, naming the file.
ModelFile open_model_source(const FileService& service, const ModelSource& source, MemoryAccount& account,
                            const Control& control, const Limits& limits);

}  // namespace prm
