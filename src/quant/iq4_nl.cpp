// IQ4_NL: 32 values of 4 bits, read through a table of int8, with one scale. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfScale, OneSubBlock {
  using Block = BlockIQ4_NL;
  static int value(const Block& b, int i) { return kIq4Values[half_nibble(b.qs, i)]; }
};

}  // namespace

extern const QuantFormat kIQ4_NL;
constinit const QuantFormat kIQ4_NL = format_of_32<Rule>(DType::iq4_nl);

}  // namespace prm
