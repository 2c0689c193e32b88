// Q8_0: 32 int8 values with one scale. Block layout: quant/blocks.h.
#include <algorithm>
#include <cfloat>
#include <cmath>

#include "base/numeric.h"
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfScale, OneSubBlock {
  using Block = BlockQ8_0;
  static int value(const Block& b, int i) { return b.q[i]; }
};

constexpr uint16_t kHalfInfinity = 0x7c00, kHalfNan = 0x7e00;

void quantize_block(const float* x, BlockQ8_0& block) {
  float top = 0;
  bool finite = true;
  for (int i = 0; i < 32; ++i) {
    float size = std::fabs(x[i]);
    finite &= size <= FLT_MAX;
    top = std::max(top, size);
  }
  block.d = float_to_half(top / 127.0f);
  if (!finite || block.d == kHalfInfinity) block.d = kHalfNan;
  bool empty = block.d == 0 || block.d == kHalfNan;
  float inverse = empty ? 0.0f : 1.0f / half_to_float(block.d);
  for (int i = 0; i < 32; ++i) block.q[i] = empty ? int8_t(0) : int8_t(std::clamp(nearest(x[i] * inverse), -127.0f, 127.0f));
}

}  // namespace

void quantize_q8_0(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<BlockQ8_0*>(blocks);
  for (int64_t i = 0; i < n; i += 32, ++block) quantize_block(x + i, *block);
}

extern const QuantFormat kQ8_0;
constinit const QuantFormat kQ8_0 = format_of_32<Rule>(DType::q8_0);

}  // namespace prm
