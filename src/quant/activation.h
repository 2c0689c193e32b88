// Quantized activations, one float scale per token and weight block (src/README.md, "Numbers" 3): d = amax / 127,
// q = rne(x * (127 / amax)), amax below kLeastActivation gives d = 0 and q = 0. The integer sums serve weights stored with an offset or
// minimums. Plain structs without includes of their own: ISA-specific files use them.
#pragma once
#include <stdint.h>

namespace prm {

constexpr float kLeastActivation = 0x1p-121f;  // 127 / amax is finite from here on

struct BlockA8 {  // beside weights in blocks of 32
  float d;
  int32_t sum;  // of q
  int8_t q[32];
};

struct BlockA8K {  // beside weights in blocks of 256
  float d;
  int16_t sum[16];  // of each 16 q
  int8_t q[256];
};

static_assert(sizeof(BlockA8) == 40 && sizeof(BlockA8K) == 292);

}  // namespace prm
