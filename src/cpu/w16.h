// The packed layout of constant weights: 16 rows side by side, made once at load, shared by all vector ISAs. A group holds
// rows 16g .. 16g+15 of W [N, K]; rows past N are zero. Within a group, block after block of K; `k4` are four consecutive
// k. Byte (r*4 + j) of a 64-byte vector belongs to row r, value j of its k4.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace prm {

struct W16F32 { float w[16]; };      // per k: [k][16]
struct W16Half { uint16_t w[16]; };  // f16 and bf16, per k: [k][16]

struct W16Q8_0 {       // 32 k
  uint16_t d[16];
  int8_t q[8][64];     // [k4][row*4 + j]
};
struct W16Q4_0 {       // 32 k
  uint16_t d[16];
  uint8_t q[4][64];    // vector v: low nibble k = 8v + j, high nibble k = 8v + 4 + j; u in 0..15, value u - 8
};
struct W16Q5_0 {       // 32 k
  uint16_t d[16];
  uint8_t q[4][64];    // low 4 bits as in W16Q4_0; value u - 16
  uint8_t high[64];    // bit g of byte (r*4 + j): bit 4 of u at k = 4g + j
};
struct W16Q4_1 {       // 32 k
  uint16_t d[16], m[16];
  uint8_t q[4][64];    // as in W16Q4_0; value d * u + m
};
struct W16Q5_1 {       // 32 k
  uint16_t d[16], m[16];
  uint8_t q[4][64];    // as in W16Q5_0; value d * u + m
  uint8_t high[64];
};
struct W16IQ4_NL {     // 32 k
  uint16_t d[16];
  uint8_t q[4][64];    // as in W16Q4_0; value kIq4Values[u]
};
struct W16MXFP4 {      // 32 k
  uint8_t e[16];       // the scale is 2^(e - 128)
  uint8_t q[4][64];    // as in W16Q4_0; value kMxfp4Values[u]
};
struct W16Q2_K {           // 256 k in 16 sub-blocks of 16
  uint16_t d[16], dmin[16];
  uint8_t scale_min[16][16];  // [sub-block][row]: low nibble scale, high nibble minimum
  uint8_t low[16][64];        // vector v, bits 2c and 2c+1 of byte (r*4 + j), c < 4: u at k = 16v + 4c + j
};
struct W16Q3_K {         // 256 k in 16 sub-blocks of 16
  uint16_t d[16];
  int8_t scale[16][16];  // [sub-block][row]
  uint8_t low[16][64];   // low 2 bits as in W16Q2_K; value u - 4
  uint8_t high[8][64];   // vector v, bit g of byte (r*4 + j): bit 2 of u at k = 32v + 4g + j
};
struct W16Q4_K {       // 256 k in 8 sub-blocks of 32
  uint16_t d[16], dmin[16];
  uint8_t scale[8][16], min[8][16];  // [sub-block][row]
  uint8_t q[32][64];                 // as in W16Q4_0
};
struct W16Q5_K {       // 256 k in 8 sub-blocks of 32
  uint16_t d[16], dmin[16];
  uint8_t scale[8][16], min[8][16];  // [sub-block][row]
  uint8_t q[32][64];                 // low 4 bits as in W16Q4_0
  uint8_t high[8][64];               // vector v, bit g of byte (r*4 + j): bit 4 of u at k = 32v + 4g + j
};
struct W16Q6_K {       // 256 k in 16 sub-blocks of 16
  uint16_t d[16];
  int8_t scale[16][16];  // [sub-block][row]
  uint8_t q[32][64];     // low 4 bits as in W16Q4_0; value u - 32
  uint8_t high[16][64];  // vector v, bits 2c and 2c+1 of byte (r*4 + j), c < 4: bits 4 and 5 of u at k = 16v + 4c + j
};
struct W16IQ4_XS {      // 256 k in 8 sub-blocks of 32
  uint16_t d[16];
  int8_t scale[8][16];  // [sub-block][row]
  uint8_t q[32][64];    // as in W16Q4_0; value kIq4Values[u]
};

}  // namespace prm
