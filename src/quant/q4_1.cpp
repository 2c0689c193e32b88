// Q4_1: 32 values of 4 bits with one scale and one addend. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfAddend {
  using Block = BlockQ4_1;
  static int value(const Block& b, int i) { return half_nibble(b.qs, i); }
};

}  // namespace

extern const QuantFormat kQ4_1;
constinit const QuantFormat kQ4_1 = format_of_32<Rule>(DType::q4_1);

}  // namespace prm
