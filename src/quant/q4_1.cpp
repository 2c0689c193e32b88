// Q4_1: 32 values of 4 bits with one scale and one addend. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

int value_at(const BlockQ4_1& block, int i) { return i < 16 ? block.qs[i] & 15 : block.qs[i - 16] >> 4; }

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ4_1*>(raw);
  float d = half_to_float(block.d), m = half_to_float(block.m);
  for (int i = 0; i < 32; ++i) out[i] = d * float(value_at(block, i)) + m;
}

void scales(const void* raw, float& d, float& dmin) {
  auto& block = *static_cast<const BlockQ4_1*>(raw);
  d = half_to_float(block.d);
  dmin = -half_to_float(block.m);
}

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ4_1*>(raw);
  auto& a = *static_cast<const BlockA8*>(activation);
  BlockProduct p;
  for (int i = 0; i < 32; ++i) p.sum += value_at(w, i) * a.q[i];
  p.min_sum = a.sum;
  return p;
}

}  // namespace

extern const QuantFormat kQ4_1;
const QuantFormat kQ4_1{DType::q4_1, DType::a8, true, dequantize, scales, multiply};

}  // namespace prm
