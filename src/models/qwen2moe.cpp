// Qwen1.5-MoE and Qwen2, of experts (Qwen Team, 2024): as Qwen2, with an expert that all tokens go through beside the chosen
// ones, whose weights are left as the softmax over all gives them.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  if (!c.experts) file.bad("metadata 'qwen2moe.expert_count' is missing");
  int64_t shared = file.integer_or("qwen2moe.expert_shared_feed_forward_length", 1, 1 << 22, c.ffn);
  LayerStyle style = {.experts = {.ffn = c.expert_ffn ? c.expert_ffn : c.ffn / c.experts_used, .shared_ffn = shared, .renormalize = false}};
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rotation, "angles");
  for (int64_t layer = 0; layer < c.layers; ++layer) x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles}, style);
  return b.finish(x);
}

}  // namespace

extern const Architecture kQwen2Moe;
const Architecture kQwen2Moe{"qwen2moe", build};

}  // namespace prm
