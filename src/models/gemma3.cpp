// Gemma 3, text part (Gemma Team, "Gemma 3 Technical Report", 2025): norms before and after each block, normalized heads,
// five layers with a sliding window and RoPE base 10,000 to each global one. Files carry gains with 1 added already.
#include <cmath>

#include "models/decoder.h"

namespace prm {

namespace {

constexpr double kLocalRopeBase = 10000.0;  // named by no file
constexpr int64_t kDefaultPattern = 6;      // every sixth layer is global; named by few files

Graph build(const ModelFile& file, const DecoderConfig& c) {
  int64_t window = file.integer("gemma3.attention.sliding_window", 1, 1 << 24);
  int64_t pattern = file.integer_or("gemma3.attention.sliding_window_pattern", 1, 1024, kDefaultPattern);
  // The 27B model (62 layers) scales by the width per head, the others by the head size.
  double scaled_by = double(c.layers == 62 ? c.width / c.heads : c.head_dim);
  DecoderBuilder b(file, c);
  ValueId x = scale(b.graph, b.embedding(), std::sqrt(float(c.width)), "embedding.scaled");
  ValueId local = b.angles(kLocalRopeBase, 1.0, "angles.local");
  ValueId global = b.angles(c.rope_base, c.position_scale, "angles.global");
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    String p = format_text("blk.{}.", layer);
    bool is_global = (layer + 1) % pattern == 0;
    ValueId a = b.attention_block(b.norm(x, p + "attn_norm", c.width), p,
                                  {is_global ? global : local, is_global ? 0 : window, float(1.0 / std::sqrt(scaled_by)), true});
    x = add(b.graph, x, b.norm(a, p + "post_attention_norm", c.width), p + "attended");
    ValueId f = b.feed_forward(b.norm(x, p + "ffn_norm", c.width), p, Gate::gelu);
    x = add(b.graph, x, b.norm(f, p + "post_ffw_norm", c.width), p + "out");
  }
  return b.finish(x);
}

}  // namespace

extern const Architecture kGemma3;
const Architecture kGemma3{"gemma3", build};

}  // namespace prm
