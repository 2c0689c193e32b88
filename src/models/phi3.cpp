// Phi-3, Phi-3.5 and Phi-4 (Abdin et al., 2024): pre-norm blocks; q, k, v stand in one tensor, gate and up in another; a part
// of each head may be rotated; long contexts by LongRoPE.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  int64_t window = file.integer_or("phi3.attention.sliding_window", 0, 1 << 24, 0);  // 0: none
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rotation, "angles", b.frequency_factors());
  for (int64_t layer = 0; layer < c.layers; ++layer) x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles, .window = window}, {});
  return b.finish(x);
}

}  // namespace

extern const Architecture kPhi3;
const Architecture kPhi3{"phi3", build};

}  // namespace prm
