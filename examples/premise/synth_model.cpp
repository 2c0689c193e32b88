#include "synth_model.h"

#include <charconv>
#include <cmath>

#include "gguf_header.h"

namespace {

// Qwen2.5 as its instruct models are published, Llama 3 8B; tiny ones for tests.
constexpr SynthShape kShapes[] = {
    {"qwen2-tiny", "qwen2", 4, 256, 4, 2, 512, 2048, 4096, 1e6f, 1e-6f, false},
    {"llama-tiny", "llama", 4, 256, 4, 2, 512, 2048, 4096, 5e5f, 1e-5f, false},
    {"qwen2-0.5b", "qwen2", 24, 896, 14, 2, 4864, 151936, 32768, 1e6f, 1e-6f, true},
    {"qwen2-1.5b", "qwen2", 28, 1536, 12, 2, 8960, 151936, 32768, 1e6f, 1e-6f, true},
    {"qwen2-7b", "qwen2", 28, 3584, 28, 4, 18944, 152064, 32768, 1e6f, 1e-6f, false},
    {"qwen2-14b", "qwen2", 48, 5120, 40, 8, 13824, 152064, 32768, 1e6f, 1e-6f, false},
    {"qwen2-32b", "qwen2", 64, 5120, 40, 8, 27648, 152064, 32768, 1e6f, 1e-6f, false},
    {"llama-8b", "llama", 32, 4096, 32, 8, 14336, 128256, 8192, 5e5f, 1e-5f, false},
};
constexpr struct {
  const char* name;
  SynthType type;
} kTypes[] = {{"q4_k_m", SynthType::q4_k_m}, {"q8_0", SynthType::q8_0}, {"f16", SynthType::f16}};

// Rows that 256 does not divide take a type with blocks of 32, as llama.cpp's quantizer has it.
const SynthBlocks* fitting(const SynthBlocks& wanted, const SynthBlocks& otherwise, uint64_t row) { return row % 256 ? &otherwise : &wanted; }

// Which layers have more bits in Q4_K_M: the first and the last eighth, and each third between.
bool has_more_bits(uint32_t layer, uint32_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

// The types of a matrix, as llama.cpp's quantizer chooses them. Q8_0 and F16: all alike. Q4_K_M: the output matrix, which a tied table
// is, Q6_K; attn_v and ffn_down Q6_K in layers with more bits; all else Q4_K. In rows that 256 does not divide Q8_0 stands for
// Q6_K and Q5_0 for Q4_K.
const SynthBlocks* type_of(const SynthModel& model, std::string_view name, int32_t layer, uint64_t row) {
  if (model.type == SynthType::f16) return &kSynthF16;
  if (model.type == SynthType::q8_0) return &kSynthQ8_0;
  bool is_output = name == "output" || (name == "token_embd" && model.shape->tied);
  bool is_delicate = (name == "attn_v" || name == "ffn_down") && has_more_bits(uint32_t(layer), model.shape->layers);
  return is_output || is_delicate ? fitting(kSynthQ6_K, kSynthQ8_0, row) : fitting(kSynthQ4_K, kSynthQ5_0, row);
}

// Activations stay of a size through any number of layers: a matrix keeps the size of what it reads (deviation 1 / sqrt(K)), norms are
// near 1, and what 2 * layers branches add to the residual adds up to less than 1 (each 1 / sqrt(2 * layers) of what it reads). A
// token's own vector is small beside that (1 / sqrt(width)), as in trained models: a tied table would else answer each token with
// itself. Attention adds half of what the feed-forward does: a mean over the context is much the same at each place, and greedy text
// would stand still.
class TensorList {
 public:
  explicit TensorList(const SynthModel& model) : model_(model) {}
  void layer(int32_t layer) { layer_ = layer; }
  void matrix(const char* name, uint64_t rows, uint64_t row, double branches = 1) {
    add(name, ".weight", {row, rows}, type_of(model_, name, layer_, row)).deviation = 1 / std::sqrt(double(row) * branches);
  }
  void gains(const char* name, uint64_t size) { add(name, ".weight", {size}, &kSynthF32).center = 1; }
  void biases(const char* name, uint64_t size) { add(name, ".bias", {size}, &kSynthF32); }

  std::vector<SynthTensor> tensors;

 private:
  SynthTensor& add(const char* name, const char* what, std::vector<uint64_t> extents, const SynthBlocks* blocks) {
    SynthTensor tensor;
    tensor.name = (layer_ < 0 ? "" : "blk." + std::to_string(layer_) + ".") + name + what;
    tensor.blocks = blocks;
    tensor.layer = layer_;
    uint64_t values = 1;
    for (uint64_t extent : extents) values *= extent;
    tensor.extents = std::move(extents);
    tensor.offset = end_;
    tensor.bytes = values / blocks->values * blocks->bytes;
    end_ = GgufHeader::aligned(end_ + tensor.bytes);
    return tensors.emplace_back(std::move(tensor));
  }
  const SynthModel& model_;
  int32_t layer_ = -1;
  uint64_t end_ = 0;
};

}  // namespace

bool find_synth_model(std::string_view text, SynthModel& model) {
  std::string_view name = text.substr(0, text.find(':')), seed = text.substr(name.size());
  if (!seed.empty()) {
    auto [rest, error] = std::from_chars(seed.data() + 1, seed.data() + seed.size(), model.seed);
    if (error != std::errc() || rest != seed.data() + seed.size()) return false;
  }
  for (const SynthShape& shape : kShapes)
    for (const auto& type : kTypes) {
      model.name = std::string(shape.name) + "-" + type.name;
      model.shape = &shape;
      model.type = type.type;
      if (model.name == name) return true;
    }
  return false;
}

std::vector<std::string> synth_names() {
  std::vector<std::string> names;
  for (const SynthShape& shape : kShapes)
    for (const auto& type : kTypes) names.push_back(std::string(shape.name) + "-" + type.name);
  return names;
}

std::vector<SynthTensor> list_tensors(const SynthModel& model) {
  const SynthShape& s = *model.shape;
  uint64_t shared = uint64_t(s.width / s.heads) * s.kv_heads;  // keys and values of a token
  double branches = 2.0 * s.layers;
  bool biased = std::string_view(s.architecture) == "qwen2";
  TensorList list(model);
  list.matrix("token_embd", s.vocabulary, s.width);
  for (uint32_t i = 0; i < s.layers; ++i) {
    list.layer(int32_t(i));
    list.gains("attn_norm", s.width);
    list.matrix("attn_q", s.width, s.width);
    list.matrix("attn_k", shared, s.width);
    list.matrix("attn_v", shared, s.width);
    if (biased) list.biases("attn_q", s.width), list.biases("attn_k", shared), list.biases("attn_v", shared);
    list.matrix("attn_output", s.width, s.width, 4 * branches);
    list.gains("ffn_norm", s.width);
    list.matrix("ffn_gate", s.ffn, s.width);
    list.matrix("ffn_up", s.ffn, s.width);
    list.matrix("ffn_down", s.width, s.ffn, branches);
  }
  list.layer(-1);
  list.gains("output_norm", s.width);
  if (!s.tied) list.matrix("output", s.vocabulary, s.width);
  return std::move(list.tensors);
}
