// Made-up models: the shapes of real ones, and the tensors that files of them have.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "synth_blocks.h"

struct SynthShape {
  const char *name, *architecture;  // "qwen2-7b", "qwen2"
  uint32_t layers, width, heads, kv_heads, ffn, vocabulary, context;
  float rope_base, norm_epsilon;
  bool tied;  // the embedding table is the output matrix too
};

enum class SynthType { q4_k_m, q8_0, f16 };

struct SynthModel {
  std::string name;  // "qwen2-7b-q4_k_m"
  const SynthShape* shape = nullptr;
  SynthType type = SynthType::q8_0;
  uint64_t seed = 1;
};

struct SynthTensor {
  std::string name;
  std::vector<uint64_t> extents;  // fastest first
  const SynthBlocks* blocks;
  int32_t layer = -1;             // -1: of no layer
  double center = 0;              // F32: values spread a little around it
  double deviation = 0;           // of matrices
  uint64_t offset = 0, bytes = 0; // offset: behind the head
};

// NAME or NAME:SEED. False: there is no such model.
bool find_synth_model(std::string_view text, SynthModel& model);
// "qwen2-0.5b-q4_k_m", and all others.
std::vector<std::string> synth_names();
// In the order in which they lie.
std::vector<SynthTensor> list_tensors(const SynthModel& model);
