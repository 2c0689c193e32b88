// Q4_K: 256 values of 4 bits in 8 sub-blocks with 6-bit scales and minimums. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

int value_at(const BlockQ4_K& block, int i) {
  int sub = i / 32, byte = block.qs[sub / 2 * 32 + i % 32];
  return sub % 2 ? byte >> 4 : byte & 15;
}

int scale_at(const BlockQ4_K& block, int j) {
  const uint8_t* s = block.scales;
  return j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
}

int min_at(const BlockQ4_K& block, int j) {
  const uint8_t* s = block.scales;
  return j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
}

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ4_K*>(raw);
  float d = half_to_float(block.d), dmin = half_to_float(block.dmin);
  for (int j = 0; j < 8; ++j) {
    float scale = d * float(scale_at(block, j)), min = dmin * float(min_at(block, j));
    for (int i = 32 * j; i < 32 * j + 32; ++i) out[i] = scale * float(value_at(block, i)) - min;
  }
}

void scales(const void* raw, float& d, float& dmin) {
  auto& block = *static_cast<const BlockQ4_K*>(raw);
  d = half_to_float(block.d);
  dmin = half_to_float(block.dmin);
}

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ4_K*>(raw);
  auto& a = *static_cast<const BlockA8K*>(activation);
  BlockProduct p;
  for (int j = 0; j < 8; ++j) {
    int dot = 0;
    for (int i = 32 * j; i < 32 * j + 32; ++i) dot += value_at(w, i) * a.q[i];
    p.sum += scale_at(w, j) * dot;
    p.min_sum += min_at(w, j) * (a.sum[2 * j] + a.sum[2 * j + 1]);
  }
  return p;
}

}  // namespace

extern const QuantFormat kQ4_K;
const QuantFormat kQ4_K{DType::q4_k, DType::a8k, true, dequantize, scales, multiply};

}  // namespace prm
