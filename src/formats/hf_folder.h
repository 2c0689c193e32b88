// A folder as Hugging Face's models are published: config.json, tokenizer.json (with tokenizer_config.json, generation_config.json
// and chat_template.jinja where there are), model.safetensors or, with model.safetensors.index.json, shards. It is read as if it
// were one GGUF file: the same keys and names of tensors, which stay where they are and are read from there.
#pragma once
#include "base/control.h"
#include "formats/model_file.h"

namespace prm {

// Fails with not_found, bad_file, limit or unsupported, naming the file and the key or tensor.
ModelFile read_hf_folder(const FileService& service, const char* path, MemoryAccount& account, const Control& control,
                         const Limits& limits = {});

}  // namespace prm
