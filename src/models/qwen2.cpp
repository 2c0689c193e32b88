// Qwen2 and Qwen2.5 (Qwen Team, 2024): pre-norm blocks, biases on q, k and v, SiLU-gated feed-forward.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rotation, "angles");
  for (int64_t layer = 0; layer < c.layers; ++layer) x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles}, {});
  return b.finish(x);
}

}  // namespace

extern const Architecture kQwen2;
const Architecture kQwen2{"qwen2", build};

}  // namespace prm
