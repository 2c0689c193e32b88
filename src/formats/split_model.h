// Models split over several files, as llama.cpp's gguf-split writes them: NAME-00001-of-00003.gguf and so on. The first part
// has the metadata; each has its number ("split.no"), how many there are ("split.count"), and how many tensors there are in all
// ("split.tensors.count").
#pragma once
#include <functional>

#include "formats/model_file.h"

namespace prm {

// Of how many parts this file is one; 1 for a whole model. Fails with bad_file or limit.
int64_t split_count(const ModelFile& file);

// The whole of which `first` is the first part; `read` opens and reads a part by its path. Fails with invalid_argument
// (another part than the first, naming the first), bad_file naming the part that does not fit the others, or as `read` does.
ModelFile join_parts(ModelFile first, const std::function<ModelFile(const String& path)>& read);

}  // namespace prm
