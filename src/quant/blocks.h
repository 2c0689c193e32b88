// Block layouts of the quantized weight types, as they lie in GGUF files (ggml's formats). `d`, `dmin` are IEEE halves.
// A value is what the comment says; the comment is the format's specification. Plain structs: ISA files use them.
#pragma once
#include <stdint.h>

namespace prm {

struct BlockQ8_0 {  // 32 values: d * q[i]
  uint16_t d;
  int8_t q[32];
};

struct BlockQ5_0 {  // 32 values: d * (u - 16); u[i] = low nibble of qs[i] | bit i of qh << 4, u[i+16] likewise from high
  uint16_t d;       // nibbles and bits i+16, i < 16
  uint8_t qh[4];    // little-endian
  uint8_t qs[16];
};

struct BlockQ4_0 {  // 32 values: d * (u - 8); u[i] = low nibble of qs[i], u[i+16] = high nibble, i < 16
  uint16_t d;
  uint8_t qs[16];
};

struct BlockQ4_K {  // 256 values in 8 sub-blocks of 32: d * scale[j] * u - dmin * min[j]
  uint16_t d, dmin;
  uint8_t scales[12];  // 8 scales and 8 mins of 6 bits: j < 4: scale = s[j] & 63, min = s[j+4] & 63; j >= 4:
                       // scale = s[j+4] & 15 | (s[j-4] >> 6) << 4, min = s[j+4] >> 4 | (s[j] >> 6) << 4
  uint8_t qs[128];     // sub-block pair p (2p, 2p+1) in qs[32p .. 32p+31]: low nibbles 2p, high nibbles 2p+1
};

struct BlockQ6_K {  // 256 values in 16 sub-blocks of 16: d * scale[j] * (u - 32)
  uint8_t ql[128];  // half h (128 values): u[128h + 32g + l], g < 4, l < 32: low 4 bits from ql[64h + 32(g&1) + l], its
  uint8_t qh[64];   // low nibble for g < 2, its high nibble for g >= 2; high 2 bits from qh[32h + l] >> 2g
  int8_t scales[16];
  uint16_t d;
};

static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ5_0) == 22 && sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ4_K) == 144 && sizeof(BlockQ6_K) == 210);

}  // namespace prm
