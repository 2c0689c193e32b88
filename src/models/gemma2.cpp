// Gemma 2 (Gemma Team, "Gemma 2: Improving Open Language Models at a Practical Size", 2024): as Gemma, with norms after each
// block too, a sliding window in every other layer, and soft caps on attention scores and logits.
#include <cmath>

#include "models/decoder.h"

namespace prm {

namespace {

constexpr int64_t kDefaultWindow = 4096, kDefaultPattern = 2;  // every second layer is global
constexpr double kDefaultScoreCap = 50, kDefaultLogitCap = 30;

Graph build(const ModelFile& file, const DecoderConfig& c) {
  int64_t window = file.integer_or("gemma2.attention.sliding_window", 1, 1 << 24, kDefaultWindow);
  int64_t pattern = file.integer_or("gemma2.attention.sliding_window_pattern", 1, 1024, kDefaultPattern);
  float score_cap = read_soft_cap(file, "gemma2.attn_logit_softcapping", kDefaultScoreCap);
  float logit_cap = read_soft_cap(file, "gemma2.final_logit_softcapping", kDefaultLogitCap);
  // The 27B model (46 layers) scales by the width per head, the others by the head size.
  double scaled_by = double(c.layers == 46 ? c.width / c.heads : c.head_dim);
  float scale_of_scores = float(file.real_or("gemma2.attention.scale", 1.0 / std::sqrt(scaled_by)));
  RotationConfig in_window = c.rotation;
  in_window.base = read_rotation_base(file, "gemma2.rope.freq_base_swa", c.rotation.base);
  DecoderBuilder b(file, c);
  ValueId x = scale(b.graph, b.embedding(), std::sqrt(float(c.width)), "embedding.scaled");
  ValueId global = b.angles(c.rotation, "angles"), local = in_window.base == c.rotation.base ? global : b.angles(in_window, "angles.local");
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    bool is_global = (layer + 1) % pattern == 0;
    AttentionStyle attention = {.angles = is_global ? global : local,
                                .window = is_global ? 0 : window,
                                .scale = scale_of_scores,
                                .soft_cap = score_cap};
    x = b.layer(x, format_text("blk.{}.", layer), attention, {.act = Gate::gelu, .post_norms = true});
  }
  return b.finish(x, logit_cap);
}

}  // namespace

extern const Architecture kGemma2;
const Architecture kGemma2{"gemma2", build};

}  // namespace prm
