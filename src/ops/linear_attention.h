// Sequence layers whose past is a state of fixed size: linear attention and a causal convolution.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kLinearAttention, kCausalConv;

// q [B, T, H*D], k [B, T, G*D], v [B, T, G*E] of floats of one type, H a multiple of G; then as far as the attributes say: state [B, G, D, E]
// of floats, decay [B, T, G*D] or [B, T, G], beta [B, T, G] or [B, T, 1] -> y [B, T, H*E], the state after it (of the first one's type, or
// q's), and what it works in [D] f64. Token by token and for each of the G heads (Yang et al., "Gated Delta Networks", 2024):
//   state = exp(decay) state;  v' = v, or with beta: beta (v - state^T k);  state += k v'^T;  y = scale state^T q
struct LinearAttentionAttr {
  double scale;
  int32_t heads, kv_heads;
  int32_t has_state, has_decay, has_beta;
  int32_t reserved = 0;
};

// x [B, C, T] of floats, weight [C, 1, K], then as far as the attributes say: bias [C], state [B, C, K-1], all of one type -> each channel
// on its own, y[t] = bias + the sum of weight[j] x[t - K + 1 + j], where the state stands in front of x, and zeros without one [B, C, T];
// the last K-1 values [B, C, K-1].
struct CausalConvAttr {
  int32_t has_bias, has_state;
};

}  // namespace prm
