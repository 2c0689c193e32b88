// Q3_K: 256 values of 3 bits, offset 4, in 16 sub-blocks with signed 6-bit scales. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"
#include "quant/sub_scales.h"

namespace prm {
namespace {

int value_at(const BlockQ3_K& block, int i) {
  int low = block.qs[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3, high = block.hmask[i % 32] >> (i / 32) & 1;
  return (low | high << 2) - 4;
}

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ3_K*>(raw);
  float d = half_to_float(block.d);
  for (int i = 0; i < 256; ++i) out[i] = d * float(q3_k_scale(block.scales, i / 16)) * float(value_at(block, i));
}

void scales(const void* raw, float& d, float&) { d = half_to_float(static_cast<const BlockQ3_K*>(raw)->d); }

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ3_K*>(raw);
  auto& a = *static_cast<const BlockA8K*>(activation);
  BlockProduct p;
  for (int j = 0; j < 16; ++j) {
    int dot = 0;
    for (int i = 16 * j; i < 16 * j + 16; ++i) dot += value_at(w, i) * a.q[i];
    p.sum += q3_k_scale(w.scales, j) * dot;
  }
  return p;
}

}  // namespace

extern const QuantFormat kQ3_K;
const QuantFormat kQ3_K{DType::q3_k, DType::a8k, false, dequantize, scales, multiply};

}  // namespace prm
