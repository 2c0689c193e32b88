// Q5_1: 32 values of 5 bits with one scale and one addend. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfAddend {
  using Block = BlockQ5_1;
  static int value(const Block& b, int i) { return half_nibble(b.qs, i) | bit_at(b.qh, i) << 4; }
};

}  // namespace

extern const QuantFormat kQ5_1;
constinit const QuantFormat kQ5_1 = format_of_32<Rule>(DType::q5_1);

}  // namespace prm
