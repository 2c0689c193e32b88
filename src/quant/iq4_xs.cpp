// IQ4_XS: 256 values of 4 bits, read through a table of int8, in 8 sub-blocks with signed 6-bit scales. Block layout:
// quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"
#include "quant/sub_scales.h"

namespace prm {
namespace {

int value_at(const BlockIQ4_XS& block, int i) {
  int byte = block.qs[i / 32 * 16 + i % 16];
  return kIq4Values[i % 32 < 16 ? byte & 15 : byte >> 4];
}

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockIQ4_XS*>(raw);
  float d = half_to_float(block.d);
  for (int i = 0; i < 256; ++i) out[i] = d * float(iq4_xs_scale(block, i / 32)) * float(value_at(block, i));
}

void scales(const void* raw, float& d, float&) { d = half_to_float(static_cast<const BlockIQ4_XS*>(raw)->d); }

// |sum| <= 256 * 127 * 127 * 32 < 2^31.
BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockIQ4_XS*>(raw);
  auto& a = *static_cast<const BlockA8K*>(activation);
  BlockProduct p;
  for (int j = 0; j < 8; ++j) {
    int dot = 0;
    for (int i = 32 * j; i < 32 * j + 32; ++i) dot += value_at(w, i) * a.q[i];
    p.sum += iq4_xs_scale(w, j) * dot;
  }
  return p;
}

}  // namespace

extern const QuantFormat kIQ4_XS;
const QuantFormat kIQ4_XS{DType::iq4_xs, DType::a8k, false, dequantize, scales, multiply};

}  // namespace prm
