// Q8_0: 32 int8 values with one scale. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockQ8_0*>(raw);
  float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) out[i] = d * float(block.q[i]);
}

void scales(const void* raw, float& d, float&) { d = half_to_float(static_cast<const BlockQ8_0*>(raw)->d); }

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockQ8_0*>(raw);
  auto& a = *static_cast<const BlockA8*>(activation);
  BlockProduct p;
  for (int i = 0; i < 32; ++i) p.sum += int(w.q[i]) * a.q[i];
  return p;
}

}  // namespace

extern const QuantFormat kQ8_0;
const QuantFormat kQ8_0{DType::q8_0, DType::a8, false, dequantize, scales, multiply};

}  // namespace prm
