// Convolutions and pools of blocked values in vectors of kLanes floats, for the one unit per instruction set that includes this after
// its vector: AVX-512 and its emulation (vec512.h), AVX2 (vec256.h). Everything is of internal linkage.
#pragma once
#include "cpu/kernels_codes.h"

namespace {

constexpr int kParts = 16 / kLanes;  // vectors of a block

alignas(64) constexpr float kConvZeros[16] = {};
constexpr float kLowest = -__builtin_inff();
alignas(64) constexpr float kConvLowest[16] = {kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest,
                                               kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest};

// Where outputs meet one place of the kernel.
template <int P, class T>
PRM_OP void find_values(const prm::ConvWindow& win, const prm::ConvTile& t, const T* from, const int (&place)[3], const T* outside, const T* (&x)[P]) {
  if (t.inside) {
    PRM_UNROLL
    for (int p = 0; p < P; ++p) x[p] = from + t.first[p];
    return;
  }
  for (int p = 0; p < P; ++p) {
    bool in = true;
    for (int i = 0; i < 3; ++i) in &= uint32_t(t.at[i][p] + place[i]) < uint32_t(win.extent[i]);
    x[p] = in ? from + t.first[p] : outside;
  }
}

// Calls fn(offset, place) for each place of a kernel, in order.
template <class Fn>
PRM_OP void each_place(const prm::ConvWindow& win, Fn&& fn) {
  int place[3];
  for (int d = 0; d < win.kernel[0]; ++d) {
    place[0] = d * win.dilation[0];
    for (int h = 0; h < win.kernel[1]; ++h) {
      place[1] = h * win.dilation[1];
      for (int w = 0; w < win.kernel[2]; ++w) {
        place[2] = w * win.dilation[2];
        fn(place[0] * win.step[0] + place[1] * win.step[1] + place[2] * win.step[2], place);
      }
    }
  }
}

// acc[v][p] = fma(x of output p, weights, acc[v][p]) over n channels in ascending order.
template <int P, int B>
PRM_OP void sum_channels(const float* const (&x)[P], int64_t channel_step, int n, const float* w, int64_t w_block, int64_t ahead, Floats (&acc)[B * kParts][P]) {
  for (int c = 0; c < n; ++c, w += 16) {
    prefetch_far(w + ahead);
    Floats weight[B * kParts];
    PRM_UNROLL
    for (int v = 0; v < B * kParts; ++v) weight[v] = load(w + v / kParts * w_block + v % kParts * kLanes);
    PRM_UNROLL
    for (int p = 0; p < P; ++p) {
      Floats value = splat(x[p][c * channel_step]);
      PRM_UNROLL
      for (int v = 0; v < B * kParts; ++v) acc[v][p] = fma(value, weight[v], acc[v][p]);
    }
  }
}

// All channels; those of a group may begin inside of a block of x, so that a block of theirs lies in two.
template <int P, int B>
PRM_OP void sum_blocks(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvSums& s, Floats (&acc)[B * kParts][P]) {
  const float *w = s.w, *block = s.x;
  for (int c = 0; c < s.channels; c += 16, block += win.plane) {
    int n = s.channels - c < 16 ? s.channels - c : 16, head = n < 16 - s.lane ? n : 16 - s.lane;
    each_place(win, [&](int64_t offset, const int (&place)[3]) PRM_INLINE_CALL {
      const float* x[P];
      find_values(win, t, block + offset + s.lane, place, kConvZeros, x);
      if (head == 16 && win.channel_step == 1) {
        sum_channels<P, B>(x, 1, 16, w, s.w_block, s.ahead, acc);
        w += 256;
        return;
      }
      sum_channels<P, B>(x, win.channel_step, head, w, s.w_block, s.ahead, acc);
      w += head * 16;
      if (head == n) return;
      find_values(win, t, block + win.plane + offset, place, kConvZeros, x);
      sum_channels<P, B>(x, 1, n - head, w, s.w_block, s.ahead, acc);
      w += (n - head) * 16;
    });
  }
}

// Sums of vector v of the blocks.
template <int P>
PRM_OP void put_sums(const prm::ConvSums& s, int v, const Floats (&sum)[P]) {
  int64_t at = v / kParts * s.y_block + v % kParts * kLanes;
  if (!s.end) {
    PRM_UNROLL
    for (int p = 0; p < P; ++p) store(s.y + at + 16 * p, sum[p]);
    return;
  }
  const float* more = s.more ? s.more + v / kParts * s.more_block + v % kParts * kLanes : nullptr;
  Floats factor = load(s.factor + v * kLanes), shift = load(s.shift + v * kLanes);
  PRM_UNROLL
  for (int p = 0; p < P; ++p) {
    Floats y = fma(sum[p], factor, shift);
    if (more) y = add(y, load(more + 16 * p));
    store(s.y + at + 16 * p, activated(y, s.act));
  }
}

template <int P, int B>
void conv_tile(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvSums& s) {
  Floats acc[B * kParts][P];
  PRM_UNROLL
  for (int v = 0; v < B * kParts; ++v) {
    const float* y = s.y + v / kParts * s.y_block + v % kParts * kLanes;
    PRM_UNROLL
    for (int p = 0; p < P; ++p) acc[v][p] = load(s.begin ? kConvZeros : y + 16 * p);
  }
  sum_blocks<P, B>(win, t, s, acc);
  PRM_UNROLL
  for (int v = 0; v < B * kParts; ++v) put_sums<P>(s, v, acc[v]);
}

template <int P>
void depthwise_tile(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvSums& s) {
  Floats acc[kParts][P];
  PRM_UNROLL
  for (int v = 0; v < kParts; ++v) {
    PRM_UNROLL
    for (int p = 0; p < P; ++p) acc[v][p] = splat(0.0f);
  }
  const float* w = s.w;
  each_place(win, [&](int64_t offset, const int (&place)[3]) PRM_INLINE_CALL {
    const float* x[P];
    find_values(win, t, s.x + offset, place, kConvZeros, x);
    PRM_UNROLL
    for (int v = 0; v < kParts; ++v) {
      Floats weight = load(w + v * kLanes);
      PRM_UNROLL
      for (int p = 0; p < P; ++p) acc[v][p] = fma(load(x[p] + v * kLanes), weight, acc[v][p]);
    }
    w += 16;
  });
  PRM_UNROLL
  for (int v = 0; v < kParts; ++v) put_sums<P>(s, v, acc[v]);
}

template <int P>
void pool_tile(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::PoolSums& s) {
  Floats acc[P][kParts];
  const float* outside = s.count ? kConvZeros : kConvLowest;
  PRM_UNROLL
  for (int v = 0; v < kParts; ++v) {
    PRM_UNROLL
    for (int p = 0; p < P; ++p) acc[p][v] = load(outside);
  }
  each_place(win, [&](int64_t offset, const int (&place)[3]) PRM_INLINE_CALL {
    const float* x[P];
    find_values(win, t, s.x + offset, place, outside, x);
    PRM_UNROLL
    for (int v = 0; v < kParts; ++v) {
      PRM_UNROLL
      for (int p = 0; p < P; ++p) {
        Floats value = load(x[p] + v * kLanes);
        acc[p][v] = s.count ? add(acc[p][v], value) : larger_of(value, acc[p][v]);
      }
    }
  });
  PRM_UNROLL
  for (int v = 0; v < kParts; ++v) {
    PRM_UNROLL
    for (int p = 0; p < P; ++p) store(s.y + 16 * p + v * kLanes, s.count ? div(acc[p][v], splat(s.count[p])) : acc[p][v]);
  }
}

// Rows of B' d: d0 - d2, d1 + d2, d2 - d1, d1 - d3; of A' m: m0 + m1 + m2, m1 - m2 - m3.
PRM_OP void turn_in(const Floats (&d)[4], Floats (&t)[4]) {
  t[0] = sub(d[0], d[2]), t[1] = add(d[1], d[2]), t[2] = sub(d[2], d[1]), t[3] = sub(d[1], d[3]);
}
PRM_OP void turn_out(const Floats (&m)[4], Floats (&t)[2]) {
  t[0] = add(add(m[0], m[1]), m[2]), t[1] = sub(sub(m[1], m[2]), m[3]);
}

void winograd_in(const prm::WinogradPatch& p, const float* x, int64_t blocks, float* v) {
  for (int64_t b = 0; b < blocks; ++b, x += p.plane, v += p.block) {
    for (int part = 0; part < 16; part += kLanes) {
      Floats t[4][4];  // by column, then row
      PRM_UNROLL
      for (int j = 0; j < 4; ++j) {
        Floats d[4];
        PRM_UNROLL
        for (int i = 0; i < 4; ++i) d[i] = load((p.offset[4 * i + j] < 0 ? kConvZeros : x + p.offset[4 * i + j]) + part);
        turn_in(d, t[j]);
      }
      PRM_UNROLL
      for (int i = 0; i < 4; ++i) {
        Floats row[4] = {t[0][i], t[1][i], t[2][i], t[3][i]}, u[4];
        turn_in(row, u);
        PRM_UNROLL
        for (int j = 0; j < 4; ++j) store(v + (4 * i + j) * p.place + part, u[j]);
      }
    }
  }
}

void winograd_out(const prm::WinogradPatch& p, const float* m, int64_t blocks, const prm::WinogradOutputs& o) {
  for (int64_t b = 0; b < blocks; ++b, m += p.block) {
    for (int part = 0; part < 16; part += kLanes) {
      Floats t[4][2], factor = load(o.factor + 16 * b + part), shift = load(o.shift + 16 * b + part);
      PRM_UNROLL
      for (int j = 0; j < 4; ++j) {
        Floats column[4];
        PRM_UNROLL
        for (int i = 0; i < 4; ++i) column[i] = load(m + (4 * i + j) * p.place + part);
        turn_out(column, t[j]);
      }
      for (int i = 0; i < o.rows; ++i) {
        Floats row[4] = {t[0][i], t[1][i], t[2][i], t[3][i]}, y[2];
        turn_out(row, y);
        for (int j = 0; j < o.columns; ++j) {
          int64_t at = b * o.y_block + i * o.row + 16 * j + part;
          Floats sum = fma(y[j], factor, shift);
          if (o.more) sum = add(sum, load(o.more + at));
          store(o.y + at, activated(sum, o.act));
        }
      }
    }
  }
}

void affine_values(const float* x, const float* factor, const float* shift, float* y, int64_t n, const prm::ActivationRange& act) {
  for (int v = 0; v < 16; v += kLanes) {
    Floats f = load(factor + v), add_to = load(shift + v);
    for (int64_t i = v; i < n * 16; i += 16) store(y + i, activated(fma(load(x + i), f, add_to), act));
  }
}

// ---- codes of 8 bits -------------------------------------------------------------------------------------------------

PRM_OP Floats decoded(const uint8_t* q, const prm::CodeValues& of) { return to_floats(sub(widen(q), splat_int(of.zero))); }

PRM_OP Ints splat_four(const uint8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return splat_int(four);
}

// acc[v][p] += x of output p times weights, over n fours of channels.
template <int P, int B>
PRM_OP void sum_four(const uint8_t* const (&x)[P], int four, const int8_t* w, int64_t w_block, Ints (&acc)[B * kParts][P]) {
  Ints weight[B * kParts];
  PRM_UNROLL
  for (int v = 0; v < B * kParts; ++v) weight[v] = load_ints(w + 64 * four + v / kParts * w_block + v % kParts * kLanes * 4);
  PRM_UNROLL
  for (int p = 0; p < P; ++p) {
    Ints value = splat_four(x[p] + 4 * four);
    PRM_UNROLL
    for (int v = 0; v < B * kParts; ++v) add_dot4(acc[v][p], value, weight[v]);
  }
}
template <int P, int B>
PRM_OP void sum_fours(const uint8_t* const (&x)[P], int n, const int8_t* w, int64_t w_block, Ints (&acc)[B * kParts][P]) {
  if (n == 4) {
    PRM_UNROLL
    for (int four = 0; four < 4; ++four) sum_four<P, B>(x, four, w, w_block, acc);
    return;
  }
  for (int four = 0; four < n; ++four) sum_four<P, B>(x, four, w, w_block, acc);
}

template <int P, int B>
void conv_u8_tile(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvBytes& s) {
  Ints acc[B * kParts][P];
  PRM_UNROLL
  for (int v = 0; v < B * kParts; ++v) {
    PRM_UNROLL
    for (int p = 0; p < P; ++p) acc[v][p] = splat_int(0);
  }
  const int8_t* w = s.w;
  const uint8_t* block = s.x;
  for (int c = 0; c < s.channels; c += 16, block += win.plane) {
    int fours = (s.channels - c < 16 ? s.channels - c + 3 : 16) / 4;
    each_place(win, [&](int64_t offset, const int (&place)[3]) PRM_INLINE_CALL {
      const uint8_t* x[P];
      find_values(win, t, block + offset, place, s.outside, x);
      sum_fours<P, B>(x, fours, w, s.w_block, acc);
      w += fours * 64;
    });
  }
  PRM_UNROLL
  for (int v = 0; v < B * kParts; ++v) {
    int64_t at = v / kParts * s.y_block + v % kParts * kLanes;
    Floats factor = load(s.factor + v * kLanes), shift = load(s.shift + v * kLanes);
    PRM_UNROLL
    for (int p = 0; p < P; ++p) {
      Floats y = activated(fma(to_floats(acc[v][p]), factor, shift), s.act);
      if (s.to.codes) store_codes(static_cast<uint8_t*>(s.y) + at + 16 * p, codes_of(y, s.to));
      else store(static_cast<float*>(s.y) + at + 16 * p, y);
    }
  }
}

void quantize_values(const float* x, uint8_t* y, int64_t n, const prm::CodeRange& to) {
  for (int64_t i = 0; i < n * 16; i += kLanes) store_codes(y + i, codes_of(load(x + i), to));
}
void dequantize_codes(const uint8_t* x, float* y, int64_t n, const prm::CodeValues& of) {
  for (int64_t i = 0; i < n * 16; i += kLanes) store(y + i, mul(decoded(x + i, of), splat(of.scale)));
}
void sum_codes(const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n, const prm::SumBytes& s) {
  for (int64_t i = 0; i < n * 16; i += kLanes) {
    Floats sum = fma(decoded(a + i, s.a), splat(s.a.scale), mul(decoded(b + i, s.b), splat(s.b.scale)));
    store_codes(y + i, codes_of(activated(sum, s.act), s.to));
  }
}

using BytesFn = void (*)(const prm::ConvWindow&, const prm::ConvTile&, const prm::ConvBytes&);
using SumsFn = void (*)(const prm::ConvWindow&, const prm::ConvTile&, const prm::ConvSums&);
using PoolFn = void (*)(const prm::ConvWindow&, const prm::ConvTile&, const prm::PoolSums&);

#define PRM_TILES_6(tile, ...) tile<1 __VA_ARGS__>, tile<2 __VA_ARGS__>, tile<3 __VA_ARGS__>, tile<4 __VA_ARGS__>, tile<5 __VA_ARGS__>, tile<6 __VA_ARGS__>
#define PRM_TILES_8(tile, ...) PRM_TILES_6(tile, __VA_ARGS__), tile<7 __VA_ARGS__>, tile<8 __VA_ARGS__>
#define PRM_TILES_12(tile, ...) PRM_TILES_8(tile, __VA_ARGS__), tile<9 __VA_ARGS__>, tile<10 __VA_ARGS__>, tile<11 __VA_ARGS__>, tile<12 __VA_ARGS__>
constexpr SumsFn kDepthwiseTiles[] = {PRM_TILES_6(depthwise_tile)};
constexpr PoolFn kPoolTiles[] = {PRM_TILES_6(pool_tile)};

void depthwise(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvSums& s) { kDepthwiseTiles[t.pixels - 1](win, t, s); }
void pool(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::PoolSums& s) { kPoolTiles[t.pixels - 1](win, t, s); }

}  // namespace
