// MXFP4: 32 values of E2M1 (4 bits) with one power of two (E8M0). The values are taken twice, so that they are integers, and
// the scale half. Block layout: quant/blocks.h.
#include <bit>

#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {
namespace {

// 2^(e - 128): the two least are subnormal.
float scale_of(uint8_t e) { return std::bit_cast<float>(e < 2 ? 0x00200000u << e : uint32_t(e - 1) << 23); }

int value_at(const BlockMXFP4& block, int i) { return kMxfp4Values[i < 16 ? block.qs[i] & 15 : block.qs[i - 16] >> 4]; }

void dequantize(const void* raw, float* out) {
  auto& block = *static_cast<const BlockMXFP4*>(raw);
  float d = scale_of(block.e);
  for (int i = 0; i < 32; ++i) out[i] = d * float(value_at(block, i));
}

void scales(const void* raw, float& d, float&) { d = scale_of(static_cast<const BlockMXFP4*>(raw)->e); }

BlockProduct multiply(const void* raw, const void* activation) {
  auto& w = *static_cast<const BlockMXFP4*>(raw);
  auto& a = *static_cast<const BlockA8*>(activation);
  BlockProduct p;
  for (int i = 0; i < 32; ++i) p.sum += value_at(w, i) * a.q[i];
  return p;
}

}  // namespace

extern const QuantFormat kMXFP4;
const QuantFormat kMXFP4{DType::mxfp4, DType::a8, false, dequantize, scales, multiply};

}  // namespace prm
