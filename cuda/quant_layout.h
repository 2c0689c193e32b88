// How quantized weights lie in a device's memory: one rule for all formats, which packs them on the host and reads them in kernels.
// Groups of 16 rows; in a group tiles of 256 values of k, which are one unit, or of 128 values, which are four units of 32 (those of
// the last tile that are behind K stay zero); groups and tiles one after another. A tile holds, each part a multiple of 16 bytes:
//   scales of units  for each unit, rows 0, 8, 1, 9, ... : d as 16 bits, two rows at a time, then dmin of the two where there are minimums
//   scales of subs   [16][subs] i8, for units of 256
//   minimums of subs [16][subs] u8, where those have minimums
//   codes            a plane of their low bits, then one of their high bits, each in the order in which lanes of an mma m16n8k32
//                    hold the values (device_code.h), 32 values of k a step
#pragma once
#include "base/anywhere.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "tensor/dtype.h"

namespace prm {

struct QuantLayout {
  int32_t unit, sub;   // values
  int32_t low, high;   // bits of a code in each plane
  int32_t offset = 0;  // a value is so much less than its code
  bool has_min = false, has_table = false;
  bool bf16 = false;        // d: else a half
  uint32_t table[4] = {};   // the values of codes 0 to 15, a byte each

  constexpr int32_t units_of_tile() const { return unit == 32 ? 4 : 1; }
  constexpr int32_t tile_values() const { return unit * units_of_tile(); }
  constexpr int64_t tiles(int64_t K) const { return (K + tile_values() - 1) / tile_values(); }
  constexpr int32_t subs() const { return unit == 32 ? 0 : unit / sub; }
  constexpr int32_t unit_head_bytes() const { return has_min ? 64 : 32; }
  constexpr int32_t scales_at() const { return units_of_tile() * unit_head_bytes(); }
  constexpr int32_t mins_at() const { return scales_at() + 16 * subs(); }
  constexpr int32_t low_at() const { return mins_at() + (has_min ? 16 * subs() : 0); }
  constexpr int32_t high_at() const { return low_at() + 2 * low * tile_values(); }
  constexpr int32_t tile_bytes() const { return high_at() + 2 * high * tile_values(); }
  constexpr int32_t activation_bytes() const { return unit == 32 ? int32_t(sizeof(BlockA8)) : int32_t(sizeof(BlockA8K)); }
};

// Where bits of a code are in a plane: a byte and the number of the lowest bit in it.
struct CodePlace {
  int32_t byte, shift;
};

// Of row 0 to 15 and k in the tile. Lane l of an mma holds rows l / 4 and 8 more, and of k 4 (l % 4) and 16 more, four neighbours each,
// in four registers. 4 bits: two registers share a word, the first in the low nibbles; of codes that stand for places in a table,
// in its low half (how look_up wants them). 1 bit: two steps share a word, the first in the low nibbles.
PRM_ANYWHERE constexpr CodePlace place_of_code(int32_t bits, bool has_table, int32_t row, int32_t k) {
  int32_t step = k / 32, lane = row % 8 * 4 + k % 16 / 4, reg = row / 8 + k % 32 / 16 * 2, byte = k % 4, at = step * 32 + lane;
  if (bits == 8) return {at * 16 + reg * 4 + byte, 0};
  if (bits == 4 && has_table) return {at * 8 + reg * 2 + byte / 2, byte % 2 * 4};
  if (bits == 4) return {at * 8 + reg / 2 * 4 + byte, reg % 2 * 4};
  if (bits == 2) return {at * 4 + byte, reg * 2};
  return {(step / 2 * 32 + lane) * 4 + byte, step % 2 * 4 + reg};
}

// Of a row's d among those of a unit, in 16 bits; its dmin is 2 further.
PRM_ANYWHERE constexpr int32_t place_of_scale(const QuantLayout& layout, int32_t row) { return row % 8 * (layout.has_min ? 4 : 2) + row / 8; }

constexpr QuantLayout with_table(QuantLayout layout, const int8_t (&values)[16]) {
  layout.has_table = true;
  for (int i = 0; i < 16; ++i) layout.table[i / 4] |= uint32_t(uint8_t(values[i])) << (8 * (i % 4));
  return layout;
}

struct TypeLayout {
  DType type;
  QuantLayout layout;
};
inline constexpr TypeLayout kQuantLayouts[] = {
    {DType::q4_0, {32, 32, 4, 0, 8}},
    {DType::q4_1, {32, 32, 4, 0, 0, true}},
    {DType::q5_0, {32, 32, 4, 1, 16}},
    {DType::q5_1, {32, 32, 4, 1, 0, true}},
    {DType::q8_0, {32, 32, 8, 0}},
    {DType::iq4_nl, with_table({32, 32, 4, 0}, kIq4Values)},
    {DType::mxfp4, with_table({32, 32, 4, 0, 0, false, false, true}, kMxfp4Values)},
    {DType::q2_k, {256, 16, 2, 0, 0, true}},
    {DType::q3_k, {256, 16, 2, 1, 4}},
    {DType::q4_k, {256, 32, 4, 0, 0, true}},
    {DType::q5_k, {256, 32, 4, 1, 0, true}},
    {DType::q6_k, {256, 16, 4, 2, 32}},
    {DType::iq4_xs, with_table({256, 32, 4, 0}, kIq4Values)},
};

// Of a type that is in the list.
constexpr QuantLayout quant_layout(DType type) {
  int at = 0;
  while (kQuantLayouts[at].type != type) ++at;
  return kQuantLayouts[at].layout;
}

}  // namespace prm
