// The cases of the bit suite: a tiny model of every architecture and weight type, each with one committed SHA-256 of the
// logits [T, V] of its tokens (hashes.txt).
#pragma once
#include <fmt/format.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "support/tiny_model.h"

namespace prm::test {

struct BitCase {
  std::string name;  // "gemma3-q4_k-f16": architecture, weights, cache
  TinyModel model;
  DType cache = DType::f16;
  int64_t tokens = 17;  // one more than a chunk of 16
  enum Breadth { some, most, all } breadth = most;  // of its variations in the plain tier
};

// Widths that leave tails: rows of 16 (vocabulary), lanes of 16 (head), parts of the canonical sum of unequal length (ffn).
inline TinyModel tiny_of_type(const std::string& arch, const std::vector<DType>& types) {
  TinyModel m{.arch = arch, .kv_heads = 2, .vocabulary = 275, .context = 512, .window = 8, .pattern = 2, .types = types};
  int block = info(types[0]).block;
  if (types.size() > 1) m.width = 320, m.kv_heads = 1, m.head_dim = 64, m.ffn = 512;
  else if (block == 256) m.width = 256, m.head_dim = 64, m.ffn = 512;
  else if (block == 32) m.width = 64, m.head_dim = 24, m.ffn = 544;
  else m.width = 48, m.head_dim = 16, m.ffn = 520;
  return m;
}

// Types by matrix as Q4_K_M files of models with a width that is no multiple of 256 have them: embedding, then q, k, v, output, gate,
// up, down of two layers.
inline const std::vector<DType> kMixedTypes = {
    DType::q8_0, DType::q5_0, DType::q5_0, DType::q8_0, DType::q4_k, DType::q5_0, DType::q5_0, DType::q6_k,
    DType::q5_0, DType::q5_0, DType::q5_0, DType::q4_k, DType::q5_0, DType::q5_0, DType::q4_k};

inline std::vector<BitCase> bit_cases() {
  std::vector<BitCase> cases;
  const std::vector<DType> dense_and_blocks = {DType::f32, DType::f16, DType::bf16, DType::q8_0, DType::q5_0, DType::q4_0, DType::q4_k, DType::q6_k};
  const std::vector<DType> more_blocks = {DType::q4_1, DType::q5_1, DType::q2_k, DType::q3_k, DType::q5_k, DType::iq4_nl, DType::iq4_xs, DType::mxfp4};
  for (const char* arch : {"gemma3", "qwen2"}) {
    auto add = [&](const std::string& label, const TinyModel& model, DType cache) {
      cases.push_back({.name = std::string(arch) + "-" + label + "-" + info(cache).name, .model = model, .cache = cache});
      if (model.width >= 256) cases.back().breadth = BitCase::some;
    };
    for (DType type : dense_and_blocks) {
      add(info(type).name, tiny_of_type(arch, {type}), DType::f16);
      if (type == DType::q8_0) cases.back().breadth = BitCase::all;
    }
    for (DType type : more_blocks) {
      add(info(type).name, tiny_of_type(arch, {type}), DType::f16);
      cases.back().breadth = BitCase::some;
    }
    add("mixed", tiny_of_type(arch, kMixedTypes), DType::f16);
    add("f32", tiny_of_type(arch, {DType::f32}), DType::f32);
    add("q8_0", tiny_of_type(arch, {DType::q8_0}), DType::f32);
    add("mixed", tiny_of_type(arch, kMixedTypes), DType::f32);
    // Over the end of an attention split (256 keys), with a window that begins inside one.
    TinyModel long_model{.arch = arch, .width = 64, .heads = 2, .kv_heads = 1, .head_dim = 32, .ffn = 64, .vocabulary = 275, .context = 512, .window = 100, .pattern = 2};
    add("long", long_model, DType::f16);
    cases.back().tokens = 300;
    cases.back().breadth = BitCase::some;
    for (DType cache : {DType::bf16, DType::q8_0}) {
      add("mixed", tiny_of_type(arch, kMixedTypes), cache);
      add("long", long_model, cache);
      cases.back().tokens = 300;
      cases.back().breadth = BitCase::some;
    }
    add("q8_0", tiny_of_type(arch, {DType::q8_0}), DType::bf16);  // heads of 24: one query after another
  }
  // The other architectures bring no kernels of weights with them: a few types each.
  for (const char* arch : {"llama", "qwen3", "gemma", "gemma2", "phi3"})
    for (auto [label, types, cache] : {std::tuple{"q8_0", std::vector{DType::q8_0}, DType::f16}, {"f32", {DType::f32}, DType::f32}, {"mixed", kMixedTypes, DType::f16}}) {
      TinyModel model = tiny_of_type(arch, types);
      if (arch == std::string("llama")) model.scaling = cache == DType::f32 ? "yarn" : "factors";
      if (arch == std::string("phi3")) {
        model.scaling = "longrope", model.rotated = model.head_dim / 4 * 3;
        model.original_context = cache == DType::f32 ? model.context : model.context / 2;  // short factors, long ones
      }
      cases.push_back({.name = fmt::format("{}-{}-{}", arch, label, info(cache).name), .model = model, .cache = cache});
      if (label != std::string("q8_0")) cases.back().breadth = BitCase::some;
    }
  for (const char* arch : {"llama", "qwen2moe", "qwen3moe"}) {
    TinyModel model = tiny_of_type(arch, {DType::q8_0});
    model.experts = 5, model.ffn = 96;
    if (arch == std::string("qwen2moe")) model.width = 256, model.head_dim = 64, model.ffn = 256, model.types = {DType::q4_k};
    cases.push_back({.name = fmt::format("{}-experts-f16", arch), .model = model, .breadth = BitCase::some});
  }
  // Experts of every type: gate and up of a layer share one, down has the next.
  std::vector<DType> all = dense_and_blocks;
  all.insert(all.end(), more_blocks.begin(), more_blocks.end());
  for (size_t i = 0; i < all.size(); i += 4) {
    TinyModel model{.arch = "qwen3moe", .kv_heads = 1, .ffn = 256, .vocabulary = 275, .context = 512, .types = std::vector(15, DType::q8_0), .experts = 5};
    model.types[5] = model.types[6] = all[i], model.types[7] = all[i + 1];
    model.types[12] = model.types[13] = all[i + 2], model.types[14] = all[i + 3];
    cases.push_back({.name = fmt::format("qwen3moe-{}-experts-f16", info(all[i]).name), .model = model, .breadth = BitCase::some});
  }
  return cases;
}

// hashes.txt: a line "NAME SHA256" per case.
std::map<std::string, std::string> read_hashes();
void write_hashes(const std::vector<std::pair<std::string, std::string>>& hashes);

}  // namespace prm::test
