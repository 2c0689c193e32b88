// Llama 2 and 3 (Touvron et al., 2023; Llama Team, 2024) and what has their shape: Mistral, TinyLlama, SmolLM, distills;
// with experts, Mixtral (Jiang et al., 2024). Pre-norm blocks; rows of q and k lie so in GGUF files that neighbours are
// rotated together.
#include "models/decoder.h"

namespace prm {

namespace {

Graph build(const ModelFile& file, const DecoderConfig& c) {
  int64_t window = file.integer_or("llama.attention.sliding_window", 0, 1 << 24, 0);
  // Files may say so where rows lie as they were trained, the halves of a head as pairs.
  std::string_view pairing = file.text_or("llama.rope.pairing", "neighbours");
  if (pairing != "neighbours" && pairing != "halves")
    file.bad(format_message("metadata 'llama.rope.pairing' is '{}', expected neighbours or halves", pairing));
  Pairing pairs = pairing == "halves" ? Pairing::halves : Pairing::neighbours;
  LayerStyle style = {.experts = {.ffn = c.experts ? c.ffn : 0}};
  DecoderBuilder b(file, c);
  ValueId x = b.embedding(), angles = b.angles(c.rotation, "angles", b.frequency_factors());
  for (int64_t layer = 0; layer < c.layers; ++layer)
    x = b.layer(x, format_text("blk.{}.", layer), {.angles = angles, .window = window, .pairing = pairs}, style);
  return b.finish(x);
}

}  // namespace

extern const Architecture kLlama;
const Architecture kLlama{"llama", build};

}  // namespace prm
