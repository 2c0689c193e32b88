// Architectures: a value each, one line in architecture.cpp. An architecture reads names and numbers from a file's metadata
// and composes the shared blocks of decoder.h into a scoring graph: inputs tokens [T], positions [T] i32; output logits
// [T, V] f32. Architectures do not know each other.
#pragma once
#include "formats/model_file.h"
#include "graph/graph.h"
#include "models/rotation.h"

namespace prm {

// What every decoder-only language model has, read from "<arch>.*" keys.
struct DecoderConfig {
  String arch;
  int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, ffn = 0, vocabulary = 0, context = 0;
  int64_t opened_context = 0;  // what the model is opened for: the trained context, unless its loader says less
  float norm_eps = 0;
  RotationConfig rotation;
  // Mixtures: experts of a layer, those that a token goes through, and their feed-forward width where the file names one.
  int64_t experts = 0, experts_used = 0, expert_ffn = 0;
  float expert_scale = 1;  // of the router's weights
};

struct Architecture {
  const char* name;
  Graph (*build)(const ModelFile& file, const DecoderConfig& config);
};

std::span<const Architecture* const> architectures();
const Architecture& find_architecture(const ModelFile& file);  // by "general.architecture"; fails with unsupported
// Fails with bad_file or unsupported, naming the key.
DecoderConfig read_decoder_config(const ModelFile& file);

}  // namespace prm
