// What the matmul of the 512 kernels knows of each block format: how packed groups (cpu/w16.h) become vectors of u8, four
// values a row, and what stands beside them. A format's values are u8 less kOffset.
#pragma once
#include "cpu/vec512.h"
#include "cpu/w16.h"
#include "quant/activation.h"
#include "quant/blocks.h"

namespace {

using prm::BlockA8;
using prm::BlockA8K;

// Blocks of a part, unpacked: a vector for each four k, sub-scales as dot2 wants them.
struct Panel32 {
  static constexpr int kCapacity = 64;
  uint8_t u[8][64];
};
struct Panel256 {
  static constexpr int kCapacity = 8;
  uint8_t u[64][64];
  int32_t scale[16][16], factor[8][16];
};

// Four values a row: k = 4 k4 .. 4 k4 + 3 of a block, as the layouts of cpu/w16.h have them.
PRM_OP Ints shift_by(Ints v, int n) { return n > 0 ? shift_left(v, n) : n < 0 ? shift_right(v, -n) : v; }
PRM_OP Ints nibbles(const uint8_t (*q)[64], int k4) { return shift_by(load_ints(q[k4 / 2]), -4 * (k4 & 1)); }  // above the low four bits: others'
PRM_OP Ints low_nibbles(const uint8_t (*q)[64], int k4) { return both(nibbles(q, k4), splat_byte(15)); }
PRM_OP Ints with_fifth_bit(Ints nibbles, const uint8_t* high, int bit) {
  return both(choose(splat_byte(15), nibbles, shift_by(load_ints(high), 4 - bit)), splat_byte(31));
}

// `values`, made u8 by an offset.
struct Table {
  uint8_t at[16];
};
constexpr Table table_of(const int8_t (&values)[16], int offset) {
  Table table = {};
  for (int i = 0; i < 16; ++i) table.at[i] = uint8_t(values[i] + offset);
  return table;
}
constexpr Table kIq4Table = table_of(prm::kIq4Values, 128), kMxfp4Table = table_of(prm::kMxfp4Values, 12);

// Blocks of 32: d * (u - kOffset), and where kMin a block's `m` for each value.
template <class PackedGroup, int offset, bool min = false>
struct Type32 {
  using Group = PackedGroup;
  using Act = BlockA8;
  using Panel = Panel32;
  static constexpr int kBlock = 32, kOffset = offset;
  static constexpr bool kMin = min, kFolded = false;
  PRM_OP Floats block_scale(const Group& w) { return load_half(w.d); }
};
struct Q8_0 : Type32<prm::W16Q8_0, 128> {
  PRM_OP Ints values(const Group& w, int k4) { return exclusive(load_ints(w.q[k4]), splat_byte(128)); }
};
struct Q5_0 : Type32<prm::W16Q5_0, 16> {
  PRM_OP Ints values(const Group& w, int k4) { return with_fifth_bit(nibbles(w.q, k4), w.high, k4); }
};
struct Q5_1 : Type32<prm::W16Q5_1, 0, true> {
  PRM_OP Ints values(const Group& w, int k4) { return with_fifth_bit(nibbles(w.q, k4), w.high, k4); }
};
struct Q4_0 : Type32<prm::W16Q4_0, 8> {
  PRM_OP Ints values(const Group& w, int k4) { return low_nibbles(w.q, k4); }
};
struct Q4_1 : Type32<prm::W16Q4_1, 0, true> {
  PRM_OP Ints values(const Group& w, int k4) { return low_nibbles(w.q, k4); }
};
struct IQ4_NL : Type32<prm::W16IQ4_NL, 128> {
  PRM_OP Ints values(const Group& w, int k4) { return lookup(kIq4Table.at, low_nibbles(w.q, k4)); }
};
struct MXFP4 : Type32<prm::W16MXFP4, 12> {
  PRM_OP Ints values(const Group& w, int k4) { return lookup(kMxfp4Table.at, low_nibbles(w.q, k4)); }
  // 2^(e - 128) as two powers that are never subnormal: e / 2 - 64 and the rest.
  PRM_OP Floats block_scale(const Group& w) {
    Ints e = widen(w.e), half = shift_right(e, 1), bias = splat_int(63);
    return mul(as_floats(shift_left(add(half, bias), 23)), as_floats(shift_left(add(sub(e, half), bias), 23)));
  }
};

// Blocks of 256 in kSub sub-blocks of kVectors vectors; kRun sub-blocks share vectors of bits. scale_pair(j): a sub-scale as
// int16, and 256 times it. sums_factor(j): what the activations' sums of the sub-blocks of 16 values 2j and 2j + 1 are
// multiplied with: minimums (kMin), or the offset times the sub-scales. kFolded: values times their sub-scale, and an offset
// of their own, fit u8: folded() and folded_sums_factor() stand in a panel then.
template <class PackedGroup, int sub_blocks, bool min, int run = 1, bool is_folded = false>
struct Type256 {
  using Group = PackedGroup;
  using Act = BlockA8K;
  using Panel = Panel256;
  static constexpr int kBlock = 256, kSub = sub_blocks, kVectors = 64 / sub_blocks, kRun = run;
  static constexpr bool kMin = min, kFolded = is_folded;
};
// Int16 pairs of non-negative numbers, and of signed ones.
PRM_OP Ints pair_of(Ints first, Ints second) { return either(first, shift_left(second, 16)); }
PRM_OP Ints signed_pair_of(Ints first, Ints second) { return pair_of(both(first, splat_int(0xffff)), second); }

// Scales and minimums a byte each, for 32 values.
template <class Group>
struct BytesOfScalesAndMins : Type256<Group, 8, true> {
  PRM_OP Ints scale_pair(const Group& w, int j) {
    Ints s = widen(w.scale[j]);
    return either(s, shift_left(s, 24));
  }
  PRM_OP Ints sums_factor(const Group& w, int j) {
    Ints m = widen(w.min[j]);
    return pair_of(m, m);
  }
};
struct Q4_K : BytesOfScalesAndMins<prm::W16Q4_K> {
  PRM_OP Ints values(const Group& w, int k4) { return low_nibbles(w.q, k4); }
};
struct Q5_K : BytesOfScalesAndMins<prm::W16Q5_K> {
  PRM_OP Ints values(const Group& w, int k4) { return with_fifth_bit(nibbles(w.q, k4), w.high[k4 / 8], k4 & 7); }
};
struct Q2_K : Type256<prm::W16Q2_K, 16, true, 1, true> {
  PRM_OP Ints values(const Group& w, int k4) { return both(shift_by(load_ints(w.low[k4 / 4]), -2 * (k4 & 3)), splat_byte(3)); }
  PRM_OP Ints scale(const Group& w, int j) { return both(widen(w.scale_min[j]), splat_int(15)); }
  PRM_OP Ints scale_pair(const Group& w, int j) { return either(scale(w, j), shift_left(scale(w, j), 24)); }
  PRM_OP Ints sums_factor(const Group& w, int j) {
    return pair_of(shift_right(widen(w.scale_min[2 * j]), 4), shift_right(widen(w.scale_min[2 * j + 1]), 4));
  }
  PRM_OP Ints folded(const Group& w, int k4) { return multiply(values(w, k4), scale(w, k4 / 4)); }  // at most 45: four products in one
  PRM_OP Ints folded_sums_factor(const Group& w, int j) { return sums_factor(w, j); }
};

// Signed scales a byte each; the offset is 2^bits.
template <class Group, int sub_blocks, int bits, int run = 1, bool is_folded = false>
struct SignedScales : Type256<Group, sub_blocks, false, run, is_folded> {
  PRM_OP Ints scale_pair(const Group& w, int j) {
    Ints s = widen(w.scale[j]);
    return either(both(s, splat_int(0xffff)), shift_left(s, 24));
  }
  PRM_OP Ints offset(const Group& w, int sums) { return sub(splat_int(0), shift_left(widen(w.scale[sums * sub_blocks / 16]), bits)); }
  PRM_OP Ints sums_factor(const Group& w, int j) { return signed_pair_of(offset(w, 2 * j), offset(w, 2 * j + 1)); }
};
struct Q3_K : SignedScales<prm::W16Q3_K, 16, 2, 2, true> {
  PRM_OP Ints values(const Group& w, int k4) {
    Ints low = shift_by(load_ints(w.low[k4 / 4]), -2 * (k4 & 3)), high = shift_by(load_ints(w.high[k4 / 8]), 2 - (k4 & 7));
    return both(choose(splat_byte(3), low, high), splat_byte(7));
  }
  // scale * (u - 4) + 124 is in 0..252, since the scale is in -32..31; modulo 2^32 four of them come out of one product and sum.
  PRM_OP Ints folded(const Group& w, int k4) {
    Ints s = widen(w.scale[k4 / 4]), base = sub(splat_int(124), shift_left(s, 2));
    return add(multiply(values(w, k4), s), multiply(base, splat_int(0x01010101)));
  }
  PRM_OP Ints folded_sums_factor(const Group&, int) { return signed_pair_of(splat_int(-124), splat_int(-124)); }
};
struct Q6_K : SignedScales<prm::W16Q6_K, 16, 5> {
  PRM_OP Ints values(const Group& w, int k4) {
    Ints bits = shift_by(load_ints(w.high[k4 / 4]), 4 - 2 * (k4 & 3));
    return both(choose(splat_byte(15), nibbles(w.q, k4), bits), splat_byte(63));
  }
};
struct IQ4_XS : SignedScales<prm::W16IQ4_XS, 8, 7> {
  PRM_OP Ints values(const Group& w, int k4) { return lookup(kIq4Table.at, low_nibbles(w.q, k4)); }
};

}  // namespace
