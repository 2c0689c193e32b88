// What kernels of quantized products share: a tile of weights and the activations of some tokens come into shared memory, a warp
// multiplies them there by tensor cores and adds floats in the canonical order (src/README.md, "Numbers" 1).
#pragma once
#include <utility>

#include "base/numeric.h"
#include "launchers.h"
#include "quant_layout.h"

namespace prm {

struct QuantProblem {
  const std::byte *w, *x, *x_end;  // x aligned to 16
  float* y;
  int64_t N, groups, x_stride;  // of 16 rows; bytes of a token
  int32_t T, units, tiles, parts;

  __device__ __forceinline__ int border(int part) const { return int(int64_t(part) * units / parts); }
};

inline QuantProblem quant_problem(const QuantMatmul& m) {
  QuantLayout layout = quant_layout(m.type);
  auto* x = static_cast<const std::byte*>(m.x);
  int64_t units = m.K / layout.unit, stride = units * layout.activation_bytes();
  return {static_cast<const std::byte*>(m.w), x, x + m.T * stride, m.y, m.N, (m.N + 15) / 16, stride, int32_t(m.T), int32_t(units), int32_t(layout.tiles(m.K)), m.parts};
}

// Calls fn.operator()<type>() for the type, so that kernels know it when they are compiled.
template <class Fn, size_t... i>
void with_quant_type(DType type, Fn&& fn, std::index_sequence<i...>) {
  ((kQuantLayouts[i].type == type ? fn.template operator()<kQuantLayouts[i].type>() : void()), ...);
}
template <class Fn>
void with_quant_type(DType type, Fn&& fn) {
  with_quant_type(type, fn, std::make_index_sequence<sizeof kQuantLayouts / sizeof kQuantLayouts[0]>());
}

// ---- into shared memory ----------------------------------------------------------------------------------------------
// The bytes of a token's units beside a tile begin anywhere: what is copied is the pieces of 16 bytes that they touch, so that they lie
// as far behind a border of 16 as in global memory. Tokens are then 12 words (mod 32) apart: no two of eight share a bank.
template <DType type>
constexpr int kTileActivation = quant_layout(type).activation_bytes() * quant_layout(type).units_of_tile();
template <DType type>
constexpr int kWindow = (kTileActivation<type> + 12 + 15) / 16 * 16;

// By `warps` warps, each of them some of the tokens.
template <DType type>
__device__ __forceinline__ void copy_activations(const QuantProblem& p, int tile, int first, int tokens, std::byte* to, int lane, int warp, int warps) {
  if (lane >= kWindow<type> / 16) return;
  for (int i = warp; i < tokens; i += warps) {
    int64_t at = (first + i) * p.x_stride + int64_t(tile) * kTileActivation<type>;
    const std::byte* from = p.x + (at & ~int64_t(15)) + lane * 16;
    int64_t left = p.x_end - from;
    copy_later_16(to + i * kWindow<type> + lane * 16, from, left < 0 ? 0 : left < 16 ? int(left) : 16);
  }
}
// Where those of a token are, `i` of them after the `first`.
template <DType type>
__device__ __forceinline__ const std::byte* activation_of(const QuantProblem& p, int tile, int first, int i, const std::byte* window) {
  uint32_t at = uint32_t(first + i) * uint32_t(p.x_stride) + uint32_t(tile) * kTileActivation<type>;
  return window + i * kWindow<type> + (at & 15);
}

// By a warp.
template <DType type>
__device__ __forceinline__ void copy_tile(const QuantProblem& p, int64_t group, int tile, std::byte* to, int lane) {
  constexpr int kBytes = quant_layout(type).tile_bytes();
  const std::byte* from = p.w + (group * p.tiles + tile) * kBytes + lane * 16;
  PRM_UNROLL
  for (int i = 0; i < kBytes; i += 512)
    if (i + 512 <= kBytes || lane * 16 < kBytes - i) copy_later_16(to + lane * 16 + i, from + i);
}

// ---- a tile's numbers ------------------------------------------------------------------------------------------------
template <int n>
struct alignas(4 * n) Words {
  uint32_t at[n];
};
template <int n>
__device__ __forceinline__ Words<n> load_words(const void* p) {
  return *static_cast<const Words<n>*>(p);
}
__device__ __forceinline__ uint32_t load_word(const void* p) { return *static_cast<const uint32_t*>(p); }

// Eight codes of 4 bits -> the bytes of the table at those places: of the low half, then of the high half.
__device__ __forceinline__ void look_up(const uint32_t (&table)[4], uint32_t codes, uint32_t& first, uint32_t& second) {
  uint32_t places = codes & 0x77777777u, halves = (codes >> 1 & 0x44444444u) | 0x32103210u;
  first = __byte_perm(__byte_perm(table[0], table[1], places), __byte_perm(table[2], table[3], places), halves);
  places >>= 16, halves >>= 16;
  second = __byte_perm(__byte_perm(table[0], table[1], places), __byte_perm(table[2], table[3], places), halves);
}

// Each byte, 0 to 127, less the offset, 0 to 127: no borrow leaves a byte.
__device__ __forceinline__ uint32_t less_offset(uint32_t codes, uint32_t offset) { return ((codes | 0x80808080u) - offset) ^ 0x80808080u; }

__device__ __forceinline__ uint32_t shifted_up(uint32_t word, int by) { return by < 0 ? word >> -by : word << by; }

// What a lane holds of a step: 32 values of 16 rows.
template <DType type>
__device__ __forceinline__ void load_values(const std::byte* tile, int step, int lane, uint32_t (&a)[4]) {
  constexpr QuantLayout layout = quant_layout(type);
  const std::byte* codes = tile + layout.low_at() + (step * 32 + lane) * 2 * layout.low;
  Words<layout.low / 2> word = load_words<layout.low / 2>(codes);
  PRM_UNROLL
  for (int i = 0; i < 4; ++i) {
    if constexpr (layout.low == 8) a[i] = word.at[i];
    else if constexpr (layout.low == 2) a[i] = word.at[0] >> (2 * i) & 0x03030303u;
    else if constexpr (!layout.has_table) a[i] = word.at[i / 2] >> (4 * (i % 2)) & 0x0f0f0f0fu;
  }
  if constexpr (layout.has_table) {
    constexpr uint32_t table[4] = {layout.table[0], layout.table[1], layout.table[2], layout.table[3]};
    look_up(table, word.at[0], a[0], a[1]);
    look_up(table, word.at[1], a[2], a[3]);
  }
  if constexpr (layout.high > 0) {
    int at = layout.high == 2 ? step : step / 2;
    uint32_t high = load_word(tile + layout.high_at() + (at * 32 + lane) * 4);
    if constexpr (layout.high == 1) high >>= step % 2 * 4;
    PRM_UNROLL
    for (int i = 0; i < 4; ++i) a[i] |= shifted_up(high, layout.low - layout.high * i) & ((0x01010101u << layout.high) - 0x01010101u) << layout.low;
  }
  if constexpr (layout.offset > 0) {
    PRM_UNROLL
    for (int i = 0; i < 4; ++i) a[i] = less_offset(a[i], layout.offset * 0x01010101u);
  }
}

// d and dmin of rows g and g + 8.
struct RowScales {
  float d[2], dmin[2];
};
template <DType type>
__device__ __forceinline__ RowScales load_scales(const std::byte* tile, int unit, int g) {
  constexpr QuantLayout layout = quant_layout(type);
  constexpr int kWords = layout.has_min ? 2 : 1;
  auto value = [&](uint32_t bits) { return layout.bf16 ? std::bit_cast<float>(bits << 16) : half_value(uint16_t(bits)); };
  Words<kWords> words = load_words<kWords>(tile + unit * layout.unit_head_bytes() + g * 4 * kWords);
  RowScales s{{value(words.at[0] & 0xffff), value(words.at[0] >> 16)}, {}};
  if constexpr (layout.has_min) s.dmin[0] = value(words.at[1] & 0xffff), s.dmin[1] = value(words.at[1] >> 16);
  return s;
}

// ---- products --------------------------------------------------------------------------------------------------------
// A unit of M tiles (of 16 rows) and 8 Nt tokens, added to what a lane has of their sums: as an mma gives results to lanes.
// token(i): the activations of token i beside the tile.
template <DType type, int M, int Nt, class Token>
__device__ __forceinline__ void add_unit_of_32(const std::byte* tiles, int unit, int lane, const Token& token, float (&acc)[M][Nt][4]) {
  constexpr QuantLayout layout = quant_layout(type);
  int g = lane / 4, t = lane % 4;
  uint32_t a[M][4];
  RowScales scales[M];
  PRM_UNROLL
  for (int m = 0; m < M; ++m) {
    load_values<type>(tiles + m * layout.tile_bytes(), unit, lane, a[m]);
    scales[m] = load_scales<type>(tiles + m * layout.tile_bytes(), unit, g);
  }
  auto block = [&](int i) { return reinterpret_cast<const BlockA8*>(token(i)) + unit; };
  PRM_UNROLL
  for (int n = 0; n < Nt; ++n) {
    const BlockA8 *column = block(8 * n + g), *results[2] = {block(8 * n + 2 * t), block(8 * n + 2 * t + 1)};
    uint32_t b[2] = {load_word(column->q + 4 * t), load_word(column->q + 16 + 4 * t)};
    float da[2] = {results[0]->d, results[1]->d}, sum[2];
    if constexpr (layout.has_min) sum[0] = float(results[0]->sum), sum[1] = float(results[1]->sum);
    PRM_UNROLL
    for (int m = 0; m < M; ++m) {
      int32_t dot[4] = {};
      mma_k32(dot, a[m], b);
      PRM_UNROLL
      for (int i = 0; i < 4; ++i) {
        acc[m][n][i] = fused(scales[m].d[i / 2] * da[i % 2], float(dot[i]), acc[m][n][i]);
        if constexpr (layout.has_min) acc[m][n][i] = fused(-scales[m].dmin[i / 2] * da[i % 2], sum[i % 2], acc[m][n][i]);
      }
    }
  }
}

// What a lane brings of the minimums of rows g and g + 8 to a product with the 16 sums of a token's activations: one for each 16 values.
template <DType type>
__device__ __forceinline__ void load_mins(const std::byte* tile, int g, int t, uint32_t (&mins)[2]) {
  constexpr QuantLayout layout = quant_layout(type);
  PRM_UNROLL
  for (int r = 0; r < 2; ++r) {
    const std::byte* row = tile + layout.mins_at() + (g + 8 * r) * layout.subs();
    if constexpr (layout.sub == 16) mins[r] = load_word(row + 4 * t);
    else mins[r] = __byte_perm(*reinterpret_cast<const uint16_t*>(row + 2 * t), 0, 0x1100);  // each for two
  }
}
// Sums of 16 activations have 12 bits and a sign: sum = low + 128 high, bytes both, so that tensor cores multiply them as well.
__device__ __forceinline__ void split_sums(const int16_t* sums, uint32_t& low, uint32_t& high) {
  uint32_t a = load_word(sums), b = load_word(sums + 2);
  low = __byte_perm(a, b, 0x6420) & 0x7f7f7f7fu;
  high = __byte_perm(a >> 7, b >> 7, 0x6420);
}

template <DType type, int M, int Nt, class Token>
__device__ __forceinline__ void sum_of_256(const std::byte* tiles, int lane, const Token& token, int32_t (&sums)[M][Nt][4]) {
  constexpr QuantLayout layout = quant_layout(type);
  int g = lane / 4, t = lane % 4;
  Words<layout.subs() / 4> scales[M][2];
  PRM_UNROLL
  for (int i = 0; i < 2 * M; ++i) scales[i / 2][i % 2] = load_words<layout.subs() / 4>(tiles + i / 2 * layout.tile_bytes() + layout.scales_at() + (g + i % 2 * 8) * layout.subs());
  auto scale = [&](int m, int i, int j) { return int32_t(int8_t(scales[m][i / 2].at[j / 4] >> (j % 4 * 8))); };
  PRM_UNROLL
  for (int step = 0; step < 8; ++step) {
    uint32_t a[M][4];
    PRM_UNROLL
    for (int m = 0; m < M; ++m) load_values<type>(tiles + m * layout.tile_bytes(), step, lane, a[m]);
    PRM_UNROLL
    for (int n = 0; n < Nt; ++n) {
      const int8_t* q = reinterpret_cast<const BlockA8K*>(token(8 * n + g))->q + 32 * step + 4 * t;
      uint32_t b[2] = {load_word(q), load_word(q + 16)};
      PRM_UNROLL
      for (int m = 0; m < M; ++m) {
        int32_t dot[4] = {}, more[4] = {};
        if constexpr (layout.sub == 32) {
          mma_k32(dot, a[m], b);
        } else {
          mma_k16(dot, a[m][0], a[m][1], b[0]);
          mma_k16(more, a[m][2], a[m][3], b[1]);
        }
        PRM_UNROLL
        for (int i = 0; i < 4; ++i) {
          if constexpr (layout.sub == 32) sums[m][n][i] += scale(m, i, step) * dot[i];
          else sums[m][n][i] += scale(m, i, 2 * step) * dot[i] + scale(m, i, 2 * step + 1) * more[i];
        }
      }
    }
  }
}

template <DType type, int M, int Nt, class Token>
__device__ __forceinline__ void add_unit_of_256(const std::byte* tiles, int lane, const Token& token, float (&acc)[M][Nt][4]) {
  constexpr QuantLayout layout = quant_layout(type);
  int g = lane / 4, t = lane % 4;
  int32_t sums[M][Nt][4] = {};
  sum_of_256<type>(tiles, lane, token, sums);
  PRM_UNROLL
  for (int m = 0; m < M; ++m) {
    const std::byte* tile = tiles + m * layout.tile_bytes();
    RowScales scales = load_scales<type>(tile, 0, g);
    uint32_t mins[2] = {};
    if constexpr (layout.has_min) load_mins<type>(tile, g, t, mins);
    PRM_UNROLL
    for (int n = 0; n < Nt; ++n) {
      auto block = [&](int i) { return reinterpret_cast<const BlockA8K*>(token(8 * n + i)); };
      float da[2] = {block(2 * t)->d, block(2 * t + 1)->d};
      int32_t low[4] = {}, high[4] = {};
      if constexpr (layout.has_min) {
        uint32_t low_sums, high_sums;
        split_sums(block(g)->sum + 4 * t, low_sums, high_sums);
        mma_k16(low, mins[0], mins[1], low_sums);
        mma_k16(high, mins[0], mins[1], high_sums);
      }
      PRM_UNROLL
      for (int i = 0; i < 4; ++i) {
        acc[m][n][i] = fused(scales.d[i / 2] * da[i % 2], float(sums[m][n][i]), acc[m][n][i]);
        if constexpr (layout.has_min) acc[m][n][i] = fused(-scales.dmin[i / 2] * da[i % 2], float(low[i] + 128 * high[i]), acc[m][n][i]);
      }
    }
  }
}

template <DType type, int M, int Nt, class Token>
__device__ __forceinline__ void add_unit(const std::byte* tiles, int unit, int lane, const Token& token, float (&acc)[M][Nt][4]) {
  if constexpr (quant_layout(type).unit == 32) add_unit_of_32<type>(tiles, unit, lane, token, acc);
  else add_unit_of_256<type>(tiles, lane, token, acc);
}

}  // namespace prm
