// Q6_K: 256 values of 6 bits, offset 32, in 16 sub-blocks with int8 scales. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

int value_at(const BlockQ6_K& block, int i) {
  int half = i / 128, group = i / 32 % 4, l = i % 32;
  int byte = block.ql[64 * half + 32 * (group & 1) + l], low = group < 2 ? byte & 15 : byte >> 4;
  return (low | ((block.qh[32 * half + l] >> 2 * group) & 3) << 4) - 32;
}

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ6_K*>(raw);
  float d = half_to_float(block.d);
  for (int i = 0; i < 256; ++i) out[i] = d * float(block.scales[i / 16]) * float(value_at(block, i));
}

void scales(const void* raw, float& d, float&) { d = half_to_float(static_cast<const BlockQ6_K*>(raw)->d); }

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ6_K*>(raw);
  auto& a = *static_cast<const BlockA8K*>(activation);
  BlockProduct p;
  for (int j = 0; j < 16; ++j) {
    int dot = 0;
    for (int i = 16 * j; i < 16 * j + 16; ++i) dot += value_at(w, i) * a.q[i];
    p.sum += w.scales[j] * dot;
  }
  return p;
}

}  // namespace

extern const QuantFormat kQ6_K;
const QuantFormat kQ6_K{DType::q6_k, DType::a8k, false, dequantize, scales, multiply};

}  // namespace prm
