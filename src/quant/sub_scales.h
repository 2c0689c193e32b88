// Scales and minimums of sub-blocks that lie packed in their blocks, as quant/blocks.h says. s: the block's bytes of them.
#pragma once
#include "quant/blocks.h"

namespace prm {

// Q4_K and Q5_K, j < 8: 0..63.
inline int q4_k_scale(const uint8_t* s, int j) { return j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4; }
inline int q4_k_min(const uint8_t* s, int j) { return j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4; }

// Q3_K, j < 16, and IQ4_XS, j < 8: -32..31.
inline int q3_k_scale(const uint8_t* s, int j) {
  int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4, high = s[8 + j % 4] >> (2 * (j / 4)) & 3;
  return (low | high << 4) - 32;
}
inline int iq4_xs_scale(const BlockIQ4_XS& block, int j) {
  int low = block.scales_l[j / 2] >> (4 * (j % 2)) & 15, high = block.scales_h >> (2 * j) & 3;
  return (low | high << 4) - 32;
}

}  // namespace prm
