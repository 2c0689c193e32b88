// Q3_K: 256 values of 3 bits, offset 4, in 16 sub-blocks with signed 6-bit scales. Block layout: quant/blocks.h.
#include "quant/block_rule.h"
#include "quant/sub_scales.h"

namespace prm {
namespace {

struct Rule : HalfScale {
  using Block = BlockQ3_K;
  static constexpr int kSub = 16;
  static int value(const Block& b, int i) {
    int low = b.qs[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3, high = b.hmask[i % 32] >> (i / 32) & 1;
    return (low | high << 2) - 4;
  }
  static int scale(const Block& b, int j) { return q3_k_scale(b.scales, j); }
};

}  // namespace

extern const QuantFormat kQ3_K;
constinit const QuantFormat kQ3_K = format_of_256<Rule>(DType::q3_k);

}  // namespace prm
