// Q2_K: 256 values of 2 bits in 16 sub-blocks with 4-bit scales and minimums. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfMinimums {
  using Block = BlockQ2_K;
  static constexpr int kSub = 16;
  static int value(const Block& b, int i) { return b.qs[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3; }
  static int scale(const Block& b, int j) { return b.scales[j] & 15; }
  static int min(const Block& b, int j) { return b.scales[j] >> 4; }
};

}  // namespace

extern const QuantFormat kQ2_K;
constinit const QuantFormat kQ2_K = format_of_256<Rule>(DType::q2_k);

}  // namespace prm
