// Q5_0: 32 values of 5 bits, offset 16, with one scale. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfScale, OneSubBlock {
  using Block = BlockQ5_0;
  static int value(const Block& b, int i) { return (half_nibble(b.qs, i) | bit_at(b.qh, i) << 4) - 16; }
};

}  // namespace

extern const QuantFormat kQ5_0;
constinit const QuantFormat kQ5_0 = format_of_32<Rule>(DType::q5_0);

}  // namespace prm
