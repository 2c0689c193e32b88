// What a config.json of Hugging Face's says, in GGUF's keys; what cannot be said so is refused.
#pragma once
#include "formats/folder_json.h"
#include "formats/hf_names.h"
#include "formats/metadata.h"

namespace prm {

struct MadeTensor {  // of one dimension, that a configuration describes
  String name;
  Vector<float> values;
};

// The family that the configuration names, its numbers in `out`, the factors of its RoPE in `made`. Fails with bad_file (a key
// is missing or mistyped) or unsupported, naming the file and the key.
const HfFamily& read_hf_config(const FolderJson& config, MetadataBuilder& out, Vector<MadeTensor>& made);

}  // namespace prm
