// Q5_K: 256 values of 5 bits in 8 sub-blocks with 6-bit scales and minimums. Block layout: quant/blocks.h.
#include "quant/block_rule.h"
#include "quant/sub_scales.h"

namespace prm {
namespace {

struct Rule : HalfMinimums {
  using Block = BlockQ5_K;
  static constexpr int kSub = 32;
  static int value(const Block& b, int i) {
    int sub = i / 32, byte = b.qs[sub / 2 * 32 + i % 32];
    return (sub % 2 ? byte >> 4 : byte & 15) | (b.qh[i % 32] >> sub & 1) << 4;
  }
  static int scale(const Block& b, int j) { return q4_k_scale(b.scales, j); }
  static int min(const Block& b, int j) { return q4_k_min(b.scales, j); }
};

}  // namespace

extern const QuantFormat kQ5_K;
constinit const QuantFormat kQ5_K = format_of_256<Rule>(DType::q5_k);

}  // namespace prm
