// Block layouts of the quantized weight types, as they lie in GGUF files (ggml's formats). `d`, `dmin`, `m` are IEEE halves.
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

struct BlockQ4_1 {  // 32 values: d * u + m; u as in BlockQ4_0
  uint16_t d, m;
  uint8_t qs[16];
};

struct BlockQ5_1 {  // 32 values: d * u + m; u as in BlockQ5_0
  uint16_t d, m;
  uint8_t qh[4];
  uint8_t qs[16];
};

struct BlockIQ4_NL {  // 32 values: d * kIq4Values[u]; u as in BlockQ4_0
  uint16_t d;
  uint8_t qs[16];
};

struct BlockMXFP4 {  // 32 values: 2^(e - 128) * kMxfp4Values[u]; u as in BlockQ4_0. No e is a NaN: 255 is 2^127
  uint8_t e;
  uint8_t qs[16];
};

struct BlockQ2_K {    // 256 values in 16 sub-blocks of 16: d * (scales[j] & 15) * u - dmin * (scales[j] >> 4)
  uint8_t scales[16];
  uint8_t qs[64];     // half h (128 values): u[128h + 32g + l] = qs[32h + l] >> 2g & 3, g < 4, l < 32
  uint16_t d, dmin;
};

struct BlockQ3_K {    // 256 values in 16 sub-blocks of 16: d * (scale[j] - 32) * (u - 4)
  uint8_t hmask[32];  // bit g of hmask[l]: bit 2 of u[32g + l], g < 8, l < 32
  uint8_t qs[64];     // low 2 bits as in BlockQ2_K
  uint8_t scales[12]; // 16 scales of 6 bits: scale = (j < 8 ? s[j] & 15 : s[j-8] >> 4) | (s[8 + j % 4] >> 2(j / 4) & 3) << 4
  uint16_t d;
};

struct BlockQ4_K {  // 256 values in 8 sub-blocks of 32: d * scale[j] * u - dmin * min[j]
  uint16_t d, dmin;
  uint8_t scales[12];  // 8 scales and 8 mins of 6 bits: j < 4: scale = s[j] & 63, min = s[j+4] & 63; j >= 4:
                       // scale = s[j+4] & 15 | (s[j-4] >> 6) << 4, min = s[j+4] >> 4 | (s[j] >> 6) << 4
  uint8_t qs[128];     // sub-block pair p (2p, 2p+1) in qs[32p .. 32p+31]: low nibbles 2p, high nibbles 2p+1
};

struct BlockQ5_K {  // 256 values in 8 sub-blocks of 32: d * scale[j] * u - dmin * min[j]
  uint16_t d, dmin;
  uint8_t scales[12];  // as in BlockQ4_K
  uint8_t qh[32];      // bit j of qh[l]: bit 4 of u[32j + l], l < 32
  uint8_t qs[128];     // low 4 bits as in BlockQ4_K
};

struct BlockQ6_K {  // 256 values in 16 sub-blocks of 16: d * scale[j] * (u - 32)
  uint8_t ql[128];  // half h (128 values): u[128h + 32g + l], g < 4, l < 32: low 4 bits from ql[64h + 32(g&1) + l], its
  uint8_t qh[64];   // low nibble for g < 2, its high nibble for g >= 2; high 2 bits from qh[32h + l] >> 2g
  int8_t scales[16];
  uint16_t d;
};

struct BlockIQ4_XS {  // 256 values in 8 sub-blocks of 32: d * (scale[j] - 32) * kIq4Values[u]
  uint16_t d;
  uint16_t scales_h;   // scale[j] = (scales_l[j / 2] >> 4(j % 2) & 15) | (scales_h >> 2j & 3) << 4
  uint8_t scales_l[4];
  uint8_t qs[128];     // sub-block j in qs[16j .. 16j+15], as in BlockQ4_0
};

// What the 4 bits of IQ4_NL and IQ4_XS, and the twice E2M1 of MXFP4, stand for.
constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr int8_t kMxfp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ5_0) == 22 && sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_1) == 24 && sizeof(BlockIQ4_NL) == 18 && sizeof(BlockMXFP4) == 17);
static_assert(sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110 && sizeof(BlockQ4_K) == 144 && sizeof(BlockQ5_K) == 176);
static_assert(sizeof(BlockQ6_K) == 210 && sizeof(BlockIQ4_XS) == 136);

}  // namespace prm
