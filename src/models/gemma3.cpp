// Gemma 3, text part (Gemma Team, "Gemma 3 Technical Report", 2025): norms before and after each block, normalized heads,
// five layers with a sliding window and RoPE base 10,000 to each global one. Files carry gains with 1 added already.
#include <cmath>

#include "models/decoder.h"

namespace prm {

namespace {

constexpr double kLocalRopeBase = 10000.0;  // where the file names none
constexpr int64_t kDefaultPattern = 6;      // every sixth layer is global; named by few files

Graph build(const ModelFile& file, const DecoderConfig& c) {
  int64_t window = file.integer_or("gemma3.attention.sliding_window", 0, 1 << 24, 0);  // none: all layers see all tokens
  int64_t pattern = file.integer_or("gemma3.attention.sliding_window_pattern", 1, 1024, kDefaultPattern);
  // The 27B model (62 layers) scales by the width per head, the others by the head size.
  double scaled_by = double(c.layers == 62 ? c.width / c.heads : c.head_dim);
  float scale_of_scores = float(file.real_or("gemma3.attention.scale", 1.0 / std::sqrt(scaled_by)));
  DecoderBuilder b(file, c);
  ValueId x = scale(b.graph, b.embedding(), std::sqrt(float(c.width)), "embedding.scaled");
  RotationConfig unscaled = {.base = read_rotation_base(file, "gemma3.rope.freq_base_swa", kLocalRopeBase), .dims = c.rotation.dims};
  ValueId local = b.angles(unscaled, "angles.local"), global = b.angles(c.rotation, "angles.global");
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    bool is_global = window == 0 || (layer + 1) % pattern == 0;
    AttentionStyle attention = {is_global ? global : local, is_global ? 0 : window, scale_of_scores, true};
    x = b.layer(x, format_text("blk.{}.", layer), attention, {Gate::gelu, true});
  }
  return b.finish(x, read_soft_cap(file, "gemma3.final_logit_softcapping", 0));
}

}  // namespace

extern const Architecture kGemma3;
const Architecture kGemma3{"gemma3", build};

}  // namespace prm
