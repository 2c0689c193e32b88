// Qwen3, of experts (Qwen Team, "Qwen3 Technical Report", 2025): as Qwen3, the feed-forward by experts.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  if (!c.experts) file.bad("metadata 'qwen3moe.expert_count' is missing");
  LayerStyle style = {.experts = {.ffn = c.expert_ffn ? c.expert_ffn : c.ffn / c.experts_used}};
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rotation, "angles");
  for (int64_t layer = 0; layer < c.layers; ++layer) x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles, .head_norm = true}, style);
  return b.finish(x);
}

}  // namespace

extern const Architecture kQwen3Moe;
const Architecture kQwen3Moe{"qwen3moe", build};

}  // namespace prm
