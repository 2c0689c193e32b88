// IQ4_XS: 256 values of 4 bits, read through a table of int8, in 8 sub-blocks with signed 6-bit scales. Block layout:
// quant/blocks.h.
#include "quant/block_rule.h"
#include "quant/sub_scales.h"

namespace prm {
namespace {

// |sum| <= 256 * 127 * 127 * 32 < 2^31.
struct Rule : HalfScale {
  using Block = BlockIQ4_XS;
  static constexpr int kSub = 32;
  static int value(const Block& b, int i) { return kIq4Values[half_nibble(b.qs + i / 32 * 16, i % 32)]; }
  static int scale(const Block& b, int j) { return iq4_xs_scale(b, j); }
};

}  // namespace

extern const QuantFormat kIQ4_XS;
constinit const QuantFormat kIQ4_XS = format_of_256<Rule>(DType::iq4_xs);

}  // namespace prm
