// Q6_K: 256 values of 6 bits, offset 32, in 16 sub-blocks with int8 scales. Block layout: quant/blocks.h.
#include "quant/block_rule.h"

namespace prm {
namespace {

struct Rule : HalfScale {
  using Block = BlockQ6_K;
  static constexpr int kSub = 16;
  static int value(const Block& b, int i) {
    int half = i / 128, group = i / 32 % 4, l = i % 32;
    int byte = b.ql[64 * half + 32 * (group & 1) + l], low = group < 2 ? byte & 15 : byte >> 4;
    return (low | ((b.qh[32 * half + l] >> 2 * group) & 3) << 4) - 32;
  }
  static int scale(const Block& b, int j) { return b.scales[j]; }
};

}  // namespace

extern const QuantFormat kQ6_K;
constinit const QuantFormat kQ6_K = format_of_256<Rule>(DType::q6_k);

}  // namespace prm
