// Q5_K: 256 values of 5 bits in 8 sub-blocks with 6-bit scales and minimums. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"
#include "quant/sub_scales.h"

namespace prm {
namespace {

int value_at(const BlockQ5_K& block, int i) {
  int sub = i / 32, byte = block.qs[sub / 2 * 32 + i % 32];
  return (sub % 2 ? byte >> 4 : byte & 15) | (block.qh[i % 32] >> sub & 1) << 4;
}

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ5_K*>(raw);
  float d = half_to_float(block.d), dmin = half_to_float(block.dmin);
  for (int j = 0; j < 8; ++j) {
    float scale = d * float(q4_k_scale(block.scales, j)), min = dmin * float(q4_k_min(block.scales, j));
    for (int i = 32 * j; i < 32 * j + 32; ++i) out[i] = scale * float(value_at(block, i)) - min;
  }
}

void scales(const void* raw, float& d, float& dmin) {
  auto& block = *static_cast<const BlockQ5_K*>(raw);
  d = half_to_float(block.d);
  dmin = half_to_float(block.dmin);
}

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ5_K*>(raw);
  auto& a = *static_cast<const BlockA8K*>(activation);
  BlockProduct p;
  for (int j = 0; j < 8; ++j) {
    int dot = 0;
    for (int i = 32 * j; i < 32 * j + 32; ++i) dot += value_at(w, i) * a.q[i];
    p.sum += q4_k_scale(w.scales, j) * dot;
    p.min_sum += q4_k_min(w.scales, j) * (a.sum[2 * j] + a.sum[2 * j + 1]);
  }
  return p;
}

}  // namespace

extern const QuantFormat kQ5_K;
const QuantFormat kQ5_K{DType::q5_k, DType::a8k, true, dequantize, scales, multiply};

}  // namespace prm
