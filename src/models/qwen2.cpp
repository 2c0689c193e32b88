// Qwen2 and Qwen2.5 (Qwen Team, 2024): pre-norm blocks, biases on q, k and v, SiLU-gated feed-forward.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rope_base, c.position_scale, "angles");
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    String p = format_text("blk.{}.", layer);
    ValueId a = b.attention_block(b.norm(x, p + "attn_norm", c.width), p, {.angles = angles});
    x = add(b.graph, x, a, p + "attended");
    x = add(b.graph, x, b.feed_forward(b.norm(x, p + "ffn_norm", c.width), p, Gate::silu), p + "out");
  }
  return b.finish(x);
}

}  // namespace

extern const Architecture kQwen2;
const Architecture kQwen2{"qwen2", build};

}  // namespace prm
