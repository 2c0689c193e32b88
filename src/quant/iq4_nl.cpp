// IQ4_NL: 32 values of 4 bits, read through a table of int8, with one scale. Block layout: quant/blocks.h.
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

int value_at(const BlockIQ4_NL& block, int i) { return kIq4Values[i < 16 ? block.qs[i] & 15 : block.qs[i - 16] >> 4]; }

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockIQ4_NL*>(raw);
  float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) out[i] = d * float(value_at(block, i));
}

void scales(const void* raw, float& d, float&) { d = half_to_float(static_cast<const BlockIQ4_NL*>(raw)->d); }

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockIQ4_NL*>(raw);
  auto& a = *static_cast<const BlockA8*>(activation);
  BlockProduct p;
  for (int i = 0; i < 32; ++i) p.sum += value_at(w, i) * a.q[i];
  return p;
}

}  // namespace

extern const QuantFormat kIQ4_NL;
const QuantFormat kIQ4_NL{DType::iq4_nl, DType::a8, false, dequantize, scales, multiply};

}  // namespace prm
