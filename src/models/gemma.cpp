// Gemma (Gemma Team, "Gemma: Open Models Based on Gemini Research and Technology", 2024): embeddings times the root of the
// width, GELU-gated feed-forward, the output tied to the embeddings. Files carry gains with 1 added already.
#include <cmath>

#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  DecoderBuilder b(file, c);
  ValueId x = scale(b.graph, b.embedding(), std::sqrt(float(c.width)), "embedding.scaled"), angles = b.angles(c.rotation, "angles");
  for (int64_t layer = 0; layer < c.layers; ++layer) x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles}, {.act = Gate::gelu});
  return b.finish(x);
}

}  // namespace

extern const Architecture kGemma;
const Architecture kGemma{"gemma", build};

}  // namespace prm
