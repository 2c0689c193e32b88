// Packing of the types in blocks of 256 values: quant/blocks.h to cpu/w16.h and back.
#include "cpu/w16.h"
#include "cpu/w16_lanes.h"
#include "quant/blocks.h"
#include "quant/sub_scales.h"

namespace prm {

namespace {

// Q4_K and Q5_K: scales and minimums of 8 sub-blocks.
template <class Block, class Group>
void put_scales_and_mins(const Block& from, Group& to, int r) {
  to.d[r] = from.d;
  to.dmin[r] = from.dmin;
  for (int j = 0; j < 8; ++j) {
    to.scale[j][r] = uint8_t(q4_k_scale(from.scales, j));
    to.min[j][r] = uint8_t(q4_k_min(from.scales, j));
  }
}
template <class Block, class Group>
void take_scales_and_mins(const Group& from, int r, Block& to) {
  uint8_t* s = to.scales;
  to.d = from.d[r];
  to.dmin = from.dmin[r];
  for (int j = 0; j < 4; ++j) {
    s[j] = uint8_t(from.scale[j][r] | (from.scale[j + 4][r] >> 4) << 6);
    s[j + 4] = uint8_t(from.min[j][r] | (from.min[j + 4][r] >> 4) << 6);
    s[j + 8] = uint8_t((from.scale[j + 4][r] & 15) | from.min[j + 4][r] << 4);
  }
}

// Their nibbles: 64 values in 32 bytes.
void put_pair_nibbles(const uint8_t* qs, uint8_t (*q)[64], int r) {
  uint8_t u[256];
  for (int pair = 0; pair < 4; ++pair) split_nibbles(qs + 32 * pair, 32, u + 64 * pair);
  put_nibbles(u, 256, q, r);
}
void take_pair_nibbles(const uint8_t (*q)[64], int r, uint8_t* qs) {
  for (int i = 0; i < 128; ++i) {
    int k = i / 32 * 64 + i % 32;
    qs[i] = uint8_t(take_nibble(q, r, k) | take_nibble(q, r, k + 32) << 4);
  }
}

// Q3_K and Q5_K: bit k / 32 of byte k % 32 belongs to value k. Packed: vector k / 32, bit k % 32 / 4 of byte r * 4 + k % 4.
void put_high_bits(const uint8_t* plain, uint8_t (*high)[64], int r) {
  for (int v = 0; v < 8; ++v) {
    uint32_t bytes = 0;
    for (int g = 0; g < 8; ++g) bytes |= (load4(plain + 4 * g) >> v & 0x01010101u) << g;
    store4(&high[v][r * 4], bytes);
  }
}
void take_high_bits(const uint8_t (*high)[64], int r, uint8_t* plain) {
  std::memset(plain, 0, 32);
  for (int k = 0; k < 256; ++k) plain[k % 32] |= uint8_t((high[k / 32][r * 4 + k % 4] >> (k % 32 / 4) & 1) << (k / 32));
}

// Two bits of value k in Q2_K, Q3_K and Q6_K: bits 2g of byte 32h + l, k = 128h + 32g + l. Packed: vector k / 16, bits
// 2 (k % 16 / 4) of byte r * 4 + k % 4.
void put_bit_pairs(const uint8_t* plain, uint8_t (*packed)[64], int r) {
  for (int v = 0; v < 16; ++v) {
    const uint8_t* from = plain + v / 8 * 32 + v % 2 * 16;
    uint32_t bytes = 0;
    for (int c = 0; c < 4; ++c) bytes |= (load4(from + 4 * c) >> (v / 2 % 4 * 2) & 0x03030303u) << (2 * c);
    store4(&packed[v][r * 4], bytes);
  }
}
void take_bit_pairs(const uint8_t (*packed)[64], int r, uint8_t* plain) {
  std::memset(plain, 0, 64);
  for (int k = 0; k < 256; ++k)
    plain[k / 128 * 32 + k % 32] |= uint8_t((packed[k / 16][r * 4 + k % 4] >> (k % 16 / 4 * 2) & 3) << (k / 32 % 4 * 2));
}

void put_q2_k(const BlockQ2_K& from, W16Q2_K& to, int r) {
  to.d[r] = from.d;
  to.dmin[r] = from.dmin;
  for (int j = 0; j < 16; ++j) to.scale_min[j][r] = from.scales[j];
  put_bit_pairs(from.qs, to.low, r);
}
void take_q2_k(const W16Q2_K& from, int r, BlockQ2_K& to) {
  to.d = from.d[r];
  to.dmin = from.dmin[r];
  for (int j = 0; j < 16; ++j) to.scales[j] = from.scale_min[j][r];
  take_bit_pairs(from.low, r, to.qs);
}

void put_q3_k(const BlockQ3_K& from, W16Q3_K& to, int r) {
  to.d[r] = from.d;
  for (int j = 0; j < 16; ++j) to.scale[j][r] = int8_t(q3_k_scale(from.scales, j));
  put_bit_pairs(from.qs, to.low, r);
  put_high_bits(from.hmask, to.high, r);
}
void take_q3_k(const W16Q3_K& from, int r, BlockQ3_K& to) {
  to.d = from.d[r];
  std::memset(to.scales, 0, sizeof to.scales);
  for (int j = 0; j < 16; ++j) {
    int scale = from.scale[j][r] + 32;
    to.scales[j % 8] |= uint8_t((scale & 15) << (j / 8 * 4));
    to.scales[8 + j % 4] |= uint8_t((scale >> 4) << (j / 4 * 2));
  }
  take_bit_pairs(from.low, r, to.qs);
  take_high_bits(from.high, r, to.hmask);
}

void put_q4_k(const BlockQ4_K& from, W16Q4_K& to, int r) {
  put_scales_and_mins(from, to, r);
  put_pair_nibbles(from.qs, to.q, r);
}
void take_q4_k(const W16Q4_K& from, int r, BlockQ4_K& to) {
  take_scales_and_mins(from, r, to);
  take_pair_nibbles(from.q, r, to.qs);
}

void put_q5_k(const BlockQ5_K& from, W16Q5_K& to, int r) {
  put_scales_and_mins(from, to, r);
  put_pair_nibbles(from.qs, to.q, r);
  put_high_bits(from.qh, to.high, r);
}
void take_q5_k(const W16Q5_K& from, int r, BlockQ5_K& to) {
  take_scales_and_mins(from, r, to);
  take_pair_nibbles(from.q, r, to.qs);
  take_high_bits(from.high, r, to.qh);
}

// Where BlockQ6_K keeps the low four bits of value k.
struct Q6Place {
  int byte, shift;
};
Q6Place place_q6(int k) {
  int half = k / 128, group = k / 32 % 4, l = k % 32;
  return {64 * half + 32 * (group & 1) + l, group < 2 ? 0 : 4};
}

void put_q6_k(const BlockQ6_K& from, W16Q6_K& to, int r) {
  to.d[r] = from.d;
  for (int j = 0; j < 16; ++j) to.scale[j][r] = from.scales[j];
  uint8_t low[256];
  for (int k = 0; k < 256; k += 8) store8(low + k, load8(from.ql + place_q6(k).byte) >> place_q6(k).shift);
  put_nibbles(low, 256, to.q, r);
  put_bit_pairs(from.qh, to.high, r);
}
void take_q6_k(const W16Q6_K& from, int r, BlockQ6_K& to) {
  to.d = from.d[r];
  std::memset(to.ql, 0, sizeof to.ql);
  for (int j = 0; j < 16; ++j) to.scales[j] = from.scale[j][r];
  for (int k = 0; k < 256; ++k) to.ql[place_q6(k).byte] |= uint8_t(take_nibble(from.q, r, k) << place_q6(k).shift);
  take_bit_pairs(from.high, r, to.qh);
}

void put_iq4_xs(const BlockIQ4_XS& from, W16IQ4_XS& to, int r) {
  to.d[r] = from.d;
  for (int j = 0; j < 8; ++j) {
    to.scale[j][r] = int8_t(iq4_xs_scale(from, j));
    put_half_nibbles(from.qs + 16 * j, to.q + 4 * j, r);
  }
}
void take_iq4_xs(const W16IQ4_XS& from, int r, BlockIQ4_XS& to) {
  to.d = from.d[r];
  to.scales_h = 0;
  std::memset(to.scales_l, 0, sizeof to.scales_l);
  for (int j = 0; j < 8; ++j) {
    int scale = from.scale[j][r] + 32;
    to.scales_l[j / 2] |= uint8_t((scale & 15) << (j % 2 * 4));
    to.scales_h = uint16_t(to.scales_h | (scale >> 4) << (2 * j));
    take_half_nibbles(from.q + 4 * j, r, to.qs + 16 * j);
  }
}

constexpr PackedType kTypes[] = {
    packed_type<BlockQ4_K, W16Q4_K, put_q4_k, take_q4_k>(DType::q4_k, kW16Q4_K),
    packed_type<BlockQ6_K, W16Q6_K, put_q6_k, take_q6_k>(DType::q6_k, kW16Q6_K),
    packed_type<BlockQ2_K, W16Q2_K, put_q2_k, take_q2_k>(DType::q2_k, kW16Q2_K),
    packed_type<BlockQ3_K, W16Q3_K, put_q3_k, take_q3_k>(DType::q3_k, kW16Q3_K),
    packed_type<BlockQ5_K, W16Q5_K, put_q5_k, take_q5_k>(DType::q5_k, kW16Q5_K),
    packed_type<BlockIQ4_XS, W16IQ4_XS, put_iq4_xs, take_iq4_xs>(DType::iq4_xs, kW16IQ4_XS),
};

}  // namespace

constinit const std::span<const PackedType> kPackedTypes256 = kTypes;

}  // namespace prm
