// Qwen3, dense (Qwen Team, "Qwen3 Technical Report", 2025): pre-norm blocks, q and k normalized per head, no biases.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rotation, "angles");
  for (int64_t layer = 0; layer < c.layers; ++layer) x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles, .head_norm = true}, {});
  return b.finish(x);
}

}  // namespace

extern const Architecture kQwen3;
const Architecture kQwen3{"qwen3", build};

}  // namespace prm
