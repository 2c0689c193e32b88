// Q2_K: 256 values of 2 bits in 16 sub-blocks with 4-bit scales and minimums. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

int value_at(const BlockQ2_K& block, int i) { return block.qs[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3; }

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ2_K*>(raw);
  float d = half_to_float(block.d), dmin = half_to_float(block.dmin);
  for (int j = 0; j < 16; ++j) {
    float scale = d * float(block.scales[j] & 15), min = dmin * float(block.scales[j] >> 4);
    for (int i = 16 * j; i < 16 * j + 16; ++i) out[i] = scale * float(value_at(block, i)) - min;
  }
}

void scales(const void* raw, float& d, float& dmin) {
  auto& block = *static_cast<const BlockQ2_K*>(raw);
  d = half_to_float(block.d);
  dmin = half_to_float(block.dmin);
}

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ2_K*>(raw);
  auto& a = *static_cast<const BlockA8K*>(activation);
  BlockProduct p;
  for (int j = 0; j < 16; ++j) {
    int dot = 0;
    for (int i = 16 * j; i < 16 * j + 16; ++i) dot += value_at(w, i) * a.q[i];
    p.sum += (w.scales[j] & 15) * dot;
    p.min_sum += (w.scales[j] >> 4) * a.sum[j];
  }
  return p;
}

}  // namespace

extern const QuantFormat kQ2_K;
const QuantFormat kQ2_K{DType::q2_k, DType::a8k, true, dequantize, scales, multiply};

}  // namespace prm
