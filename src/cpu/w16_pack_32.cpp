// Packing of the types in blocks of 32 values: quant/blocks.h to cpu/w16.h and back.
#include "cpu/w16.h"
#include "cpu/w16_lanes.h"
#include "quant/blocks.h"

namespace prm {

namespace {

void put_q8_0(const BlockQ8_0& from, W16Q8_0& to, int r) {
  to.d[r] = from.d;
  for (int k4 = 0; k4 < 8; ++k4) std::memcpy(&to.q[k4][r * 4], &from.q[k4 * 4], 4);
}
void take_q8_0(const W16Q8_0& from, int r, BlockQ8_0& to) {
  to.d = from.d[r];
  for (int k4 = 0; k4 < 8; ++k4) std::memcpy(&to.q[k4 * 4], &from.q[k4][r * 4], 4);
}

// Bits k = 4g + j become bit g of byte j: every fourth bit moves together.
void put_fifth_bits(const uint8_t* qh, uint8_t* high, int r) {
  uint32_t plain = load4(qh), bytes = 0;
  for (int j = 0; j < 4; ++j) {
    uint32_t bits = plain >> j & 0x11111111u;
    bits = (bits | bits >> 3) & 0x03030303u;
    bits = (bits | bits >> 6) & 0x000f000fu;
    bytes |= ((bits | bits >> 12) & 0xffu) << (8 * j);
  }
  store4(&high[r * 4], bytes);
}
void take_fifth_bits(const uint8_t* high, int r, uint8_t* qh) {
  std::memset(qh, 0, 4);
  for (int k = 0; k < 32; ++k) qh[k / 8] |= uint8_t(((high[r * 4 + k % 4] >> (k / 4)) & 1) << (k % 8));
}

// Q4_0 and IQ4_NL.
template <class Block, class Group>
void put_scaled(const Block& from, Group& to, int r) {
  to.d[r] = from.d;
  put_half_nibbles(from.qs, to.q, r);
}
template <class Block, class Group>
void take_scaled(const Group& from, int r, Block& to) {
  to.d = from.d[r];
  take_half_nibbles(from.q, r, to.qs);
}

void put_q4_1(const BlockQ4_1& from, W16Q4_1& to, int r) {
  put_scaled(from, to, r);
  to.m[r] = from.m;
}
void take_q4_1(const W16Q4_1& from, int r, BlockQ4_1& to) {
  take_scaled(from, r, to);
  to.m = from.m[r];
}

void put_q5_0(const BlockQ5_0& from, W16Q5_0& to, int r) {
  put_scaled(from, to, r);
  put_fifth_bits(from.qh, to.high, r);
}
void take_q5_0(const W16Q5_0& from, int r, BlockQ5_0& to) {
  take_scaled(from, r, to);
  take_fifth_bits(from.high, r, to.qh);
}

void put_q5_1(const BlockQ5_1& from, W16Q5_1& to, int r) {
  put_scaled(from, to, r);
  to.m[r] = from.m;
  put_fifth_bits(from.qh, to.high, r);
}
void take_q5_1(const W16Q5_1& from, int r, BlockQ5_1& to) {
  take_scaled(from, r, to);
  to.m = from.m[r];
  take_fifth_bits(from.high, r, to.qh);
}

void put_mxfp4(const BlockMXFP4& from, W16MXFP4& to, int r) {
  to.e[r] = from.e;
  put_half_nibbles(from.qs, to.q, r);
}
void take_mxfp4(const W16MXFP4& from, int r, BlockMXFP4& to) {
  to.e = from.e[r];
  take_half_nibbles(from.q, r, to.qs);
}

constexpr PackedType kTypes[] = {
    packed_type<BlockQ4_0, W16Q4_0, put_scaled, take_scaled>(DType::q4_0, kW16Q4_0),
    packed_type<BlockQ5_0, W16Q5_0, put_q5_0, take_q5_0>(DType::q5_0, kW16Q5_0),
    packed_type<BlockQ8_0, W16Q8_0, put_q8_0, take_q8_0>(DType::q8_0, kW16Q8_0),
    packed_type<BlockQ4_1, W16Q4_1, put_q4_1, take_q4_1>(DType::q4_1, kW16Q4_1),
    packed_type<BlockQ5_1, W16Q5_1, put_q5_1, take_q5_1>(DType::q5_1, kW16Q5_1),
    packed_type<BlockIQ4_NL, W16IQ4_NL, put_scaled, take_scaled>(DType::iq4_nl, kW16IQ4_NL),
    packed_type<BlockMXFP4, W16MXFP4, put_mxfp4, take_mxfp4>(DType::mxfp4, kW16MXFP4),
};

}  // namespace

constinit const std::span<const PackedType> kPackedTypes32 = kTypes;

}  // namespace prm
