// Q4_0: 32 values of 4 bits, offset 8, with one scale. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfScale, OneSubBlock {
  using Block = BlockQ4_0;
  static int value(const Block& b, int i) { return half_nibble(b.qs, i) - 8; }
};

}  // namespace

extern const QuantFormat kQ4_0;
constinit const QuantFormat kQ4_0 = format_of_32<Rule>(DType::q4_0);

}  // namespace prm
