// MXFP4: 32 values of E2M1 (4 bits) with one power of two (E8M0). The values are taken twice, so that they are integers, and
// the scale half. Block layout: quant/blocks.h.
#include <bit>

#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : OneSubBlock {
  using Block = BlockMXFP4;
  static int value(const Block& b, int i) { return kMxfp4Values[half_nibble(b.qs, i)]; }
  // 2^(e - 128): the two least are subnormal.
  static float d(const Block& b) { return std::bit_cast<float>(b.e < 2 ? 0x00200000u << b.e : uint32_t(b.e - 1) << 23); }
};

}  // namespace

extern const QuantFormat kMXFP4;
constinit const QuantFormat kMXFP4 = format_of_32<Rule>(DType::mxfp4);

}  // namespace prm
