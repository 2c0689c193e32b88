// Tiles of the AVX2 matmul over packed groups of 16 rows (cpu/w16.h), in two halves of 8 rows, for the units that know the types.
// Integer sums are exact, so they may be taken in any order; floats follow the canonical order of src/README.md,
// "Numbers" 1. Everything has internal linkage: these are compiled for AVX2 alone. Versions:
//  1. 8 rows x 4 tokens: weights are unpacked once for 4 tokens; u8 x s8 products by maddubs, summed in int16 as far as they
//     cannot overflow; the madd that widens to int32 applies sub-block scales.
//  2. A part's weights are unpacked to bytes once for all tokens (Panel); one token takes both halves at once and asks for
//     the weights that follow.
#pragma once
#include <string.h>

#include "cpu/avx2_math.h"
#include "cpu/avx2_table.h"
#include "cpu/w16.h"
#include "quant/activation.h"
#include "quant/blocks.h"

using namespace prm;

namespace {

inline __m256i load32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline __m256i broadcast4(const void* p) {
  int32_t v;
  memcpy(&v, p, 4);
  return _mm256_set1_epi32(v);
}
inline __m256i both(__m256i v, int mask) { return _mm256_and_si256(v, _mm256_set1_epi8(char(mask))); }
// Bits up by n, down where n is negative; bytes mix, so a mask follows.
inline __m256i shift_by(__m256i v, int n) { return n > 0 ? _mm256_slli_epi16(v, n) : n < 0 ? _mm256_srli_epi16(v, -n) : v; }
inline __m256i nibbles(const uint8_t (*q)[64], int k4, int half) { return both(shift_by(load32(q[k4 / 2] + 32 * half), -4 * (k4 & 1)), 15); }

// The byte of a table of 16 that each byte of v names; v in 0..15.
inline __m256i lookup(const int8_t (&table)[16], __m256i v) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), v);
}

// A part of 8 rows, unpacked: a vector for each four k, scales as madd wants them.
struct Panel32 {
  static constexpr int kCapacity = 64;
  uint8_t u[8][32];
};
struct Panel256 {
  static constexpr int kCapacity = 8;
  uint8_t u[64][32];
  int16_t scale[16][16], factor[8][16];
};

// A type says how its packed groups become vectors of bytes: values(): four values of 8 rows, k = 4 k4 .. 4 k4 + 3 of a block.
// multiply(): with activations, to int16; kRun: so many products may be summed there. A format's values are these less kOffset.
struct Unsigned {
  static __m256i multiply(__m256i w, __m256i x) { return _mm256_maddubs_epi16(w, x); }
};
struct Signed {
  // |w| as u8, sign moved to x: pairs reach 2 * 128 * 127 < 2^15.
  static __m256i multiply(__m256i w, __m256i x) { return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)); }
};

// Blocks of 32: d * (value - kOffset), and where kMin a block's `m` for each value.
template <class PackedGroup, int offset, int run, bool min = false>
struct Type32 {
  using Group = PackedGroup;
  using Act = BlockA8;
  using Panel = Panel32;
  static constexpr int kBlock = 32, kOffset = offset, kRun = run;
  static constexpr bool kMin = min;
  static __m256 block_scale(const Group& w, int half) { return load_half8(w.d + 8 * half); }
};

// Blocks of 256 in kSub sub-blocks of kVectors vectors; kStep sub-blocks share vectors of bits, so they are unrolled together: a
// shift by a count that the compiler does not know costs three. scale(): a sub-scale, twice.
// sums_factor(): what the sums of the sub-blocks of 16 activations 2j and 2j + 1 are multiplied with: minimums (kMin), or the
// offset times the sub-scales.
template <class PackedGroup, int sub_blocks, int offset, int run, bool min = false, int step = 1>
struct Type256 {
  using Group = PackedGroup;
  using Act = BlockA8K;
  using Panel = Panel256;
  static constexpr int kBlock = 256, kSub = sub_blocks, kVectors = 64 / sub_blocks, kOffset = offset, kRun = run, kStep = step;
  static constexpr bool kMin = min;
};

// Where a tile takes its weights from: out of the group, asking for the lines kAhead bytes behind (without it memory time and
// compute time add up) ...
constexpr size_t kAhead = 4096;
template <class Type>
struct Packed {
  const typename Type::Group* group;
  int half;
  __m256i values(int b, int k4, int h) const { return Type::values(group[b], k4, half + h); }
  __m256i scale(int b, int j, int h) const { return Type::scale(group[b], j, half + h); }
  __m256i sums_factor(int b, int j, int h) const { return Type::sums_factor(group[b], j, half + h); }
  void ahead(int b, int part, int parts) const {
    int lines = int((sizeof(typename Type::Group) + size_t(64 * parts) - 1) / size_t(64 * parts));
    const char* at = reinterpret_cast<const char*>(group + b) + kAhead + part * lines * 64;
    for (int i = 0; i < lines; ++i) _mm_prefetch(at + 64 * i, _MM_HINT_T0);
  }
};
// ... or out of a panel, unpacked before; the group still holds the float scales.
template <class Type>
struct Unpacked {
  const typename Type::Group* group;
  int half;
  const typename Type::Panel* panel;
  __m256i values(int b, int k4, int) const { return load32(panel[b].u[k4]); }
  __m256i scale(int b, int j, int) const { return load32(panel[b].scale[j]); }
  __m256i sums_factor(int b, int j, int) const { return load32(panel[b].factor[j]); }
  void ahead(int, int, int) const {}
};

inline void store32(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
template <class Type>
void unpack(const typename Type::Group& w, int half, Panel32& panel) {
  for (int k4 = 0; k4 < 8; ++k4) store32(panel.u[k4], Type::values(w, k4, half));
}
template <class Type>
void unpack(const typename Type::Group& w, int half, Panel256& panel) {
  for (int v = 0; v < 64; v += 8)
    for (int i = 0; i < 8; ++i) store32(panel.u[v + i], Type::values(w, v + i, half));
  for (int j = 0; j < Type::kSub; ++j) store32(panel.scale[j], Type::scale(w, j, half));
  if constexpr (Type::kMin || Type::kOffset)
    for (int j = 0; j < 8; ++j) store32(panel.factor[j], Type::sums_factor(w, j, half));
}

// Sums of NH halves times NT tokens.
template <int NH, int NT>
struct IntTile {
  __m256i at[NH][NT];
};
template <int NH, int NT>
struct FloatTile {
  __m256 at[NH][NT];
};

// sum += kRun vectors of weights from k4 on, times their activations, times `scale` as int16 pairs.
template <class Type, int NH, int NT, class Source>
inline void add_run(const Source& w, int b, int k4, const typename Type::Act* const a[NT], const __m256i scale[NH], IntTile<NH, NT>& sum) {
  IntTile<NH, NT> run;
  for (int i = 0; i < Type::kRun; ++i)
    for (int h = 0; h < NH; ++h) {
      __m256i u = w.values(b, k4 + i, h);
      for (int t = 0; t < NT; ++t) {
        __m256i product = Type::multiply(u, broadcast4(a[t]->q + 4 * (k4 + i)));
        run.at[h][t] = i ? _mm256_add_epi16(run.at[h][t], product) : product;
      }
    }
  for (int h = 0; h < NH; ++h)
    for (int t = 0; t < NT; ++t) sum.at[h][t] = _mm256_add_epi32(sum.at[h][t], _mm256_madd_epi16(run.at[h][t], scale[h]));
}

template <class Act>
inline __m256 scaled(__m256 d, const Act* a, __m256i sum, __m256 acc) {
  return _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(a->d)), _mm256_cvtepi32_ps(sum), acc);
}

// acc over block b of 32 values.
template <class Type, int NH, int NT, class Source>
inline void add_block(const Source& w, int b, const BlockA8* const a[NT], FloatTile<NH, NT>& acc) {
  w.ahead(b, 0, 1);
  IntTile<NH, NT> sum;
  __m256i ones[NH];
  for (int h = 0; h < NH; ++h) {
    ones[h] = _mm256_set1_epi16(1);
    for (int t = 0; t < NT; ++t)  // a block's sum fits int16
      sum.at[h][t] = Type::kOffset ? _mm256_madd_epi16(broadcast4(&a[t]->sum), _mm256_set1_epi32(-Type::kOffset & 0xffff)) : _mm256_setzero_si256();
  }
  for (int k4 = 0; k4 < 8; k4 += Type::kRun) add_run<Type, NH, NT>(w, b, k4, a, ones, sum);
  for (int h = 0; h < NH; ++h) {
    __m256 d = Type::block_scale(w.group[b], w.half + h);
    for (int t = 0; t < NT; ++t) acc.at[h][t] = scaled(d, a[t], sum.at[h][t], acc.at[h][t]);
    if constexpr (Type::kMin) {
      __m256 m = load_half8(w.group[b].m + 8 * (w.half + h));
      for (int t = 0; t < NT; ++t) acc.at[h][t] = scaled(m, a[t], broadcast4(&a[t]->sum), acc.at[h][t]);
    }
  }
}

template <int NH, int NT, class Source>
inline void dot_sums(const Source& w, int b, const BlockA8K* const a[NT], IntTile<NH, NT>& out) {
  for (int h = 0; h < NH; ++h)
    for (int t = 0; t < NT; ++t) out.at[h][t] = _mm256_setzero_si256();
  for (int j = 0; j < 8; ++j)
    for (int h = 0; h < NH; ++h) {
      __m256i factor = w.sums_factor(b, j, h);
      for (int t = 0; t < NT; ++t) out.at[h][t] = _mm256_add_epi32(out.at[h][t], _mm256_madd_epi16(factor, broadcast4(a[t]->sum + 2 * j)));
    }
}

// acc over block b of 256 values.
template <class Type, int NH, int NT, class Source>
inline void add_block(const Source& w, int b, const BlockA8K* const a[NT], FloatTile<NH, NT>& acc) {
  IntTile<NH, NT> sum;
  if constexpr (Type::kOffset) {
    dot_sums<NH, NT>(w, b, a, sum);
  } else {
    for (int h = 0; h < NH; ++h)
      for (int t = 0; t < NT; ++t) sum.at[h][t] = _mm256_setzero_si256();
  }
  for (int first = 0; first < Type::kSub; first += Type::kStep)
#pragma GCC unroll 2
    for (int j = first; j < first + Type::kStep; ++j) {
      w.ahead(b, j, Type::kSub);
      __m256i scale[NH];
      for (int h = 0; h < NH; ++h) scale[h] = w.scale(b, j, h);
#pragma GCC unroll 8
      for (int i = 0; i < Type::kVectors; i += Type::kRun) add_run<Type, NH, NT>(w, b, j * Type::kVectors + i, a, scale, sum);
    }
  for (int h = 0; h < NH; ++h) {
    __m256 d = load_half8(w.group[b].d + 8 * (w.half + h));
    for (int t = 0; t < NT; ++t) acc.at[h][t] = scaled(d, a[t], sum.at[h][t], acc.at[h][t]);
  }
  if constexpr (Type::kMin) {
    dot_sums<NH, NT>(w, b, a, sum);
    for (int h = 0; h < NH; ++h) {
      __m256 dmin = _mm256_xor_ps(load_half8(w.group[b].dmin + 8 * (w.half + h)), _mm256_set1_ps(-0.0f));
      for (int t = 0; t < NT; ++t) acc.at[h][t] = scaled(dmin, a[t], sum.at[h][t], acc.at[h][t]);
    }
  }
}

inline int64_t parts_of(int64_t K) { return K < 256 ? 1 : K >= 2048 ? 8 : K / 256; }

// Results of 8 rows, of which `rows` exist; a part after the first adds to what is there.
inline void put_rows(float* y, __m256 v, int rows, bool first) {
  if (rows >= 8) {
    _mm256_storeu_ps(y, first ? v : _mm256_add_ps(_mm256_loadu_ps(y), v));
  } else if (rows > 0) {
    __m256i mask = tail_mask(rows);
    _mm256_maskstore_ps(y, mask, first ? v : _mm256_add_ps(_mm256_maskload_ps(y, mask), v));
  }
}

template <class Type, int NH, int NT, class Source>
__attribute__((noinline)) void part_tile(Source w, const char* x, size_t stride, int blocks, float* y, int64_t y_stride, int rows, bool first) {
  const typename Type::Act* a[NT];
  for (int t = 0; t < NT; ++t) a[t] = reinterpret_cast<const typename Type::Act*>(x + size_t(t) * stride);
  FloatTile<NH, NT> acc;
  for (int h = 0; h < NH; ++h)
    for (int t = 0; t < NT; ++t) acc.at[h][t] = _mm256_setzero_ps();
  for (int b = 0; b < blocks; ++b) {
    add_block<Type, NH, NT>(w, b, a, acc);
    for (int t = 0; t < NT; ++t) ++a[t];
  }
  for (int h = 0; h < NH; ++h)
    for (int t = 0; t < NT; ++t) put_rows(y + t * y_stride + 8 * (w.half + h), acc.at[h][t], rows - 8 * (w.half + h), first);
}

template <class Type>
void block_matmul(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) {
  using Panel = typename Type::Panel;
  auto* w = static_cast<const typename Type::Group*>(group);
  int64_t units = K / Type::kBlock, parts = parts_of(K), tiled = tokens / 4 * 4;
  alignas(32) Panel panel[Panel::kCapacity];
  for (int64_t p = 0; p < parts; ++p) {
    int64_t begin = p * units / parts;
    int blocks = int((p + 1) * units / parts - begin);
    const char* row = static_cast<const char*>(x) + size_t(begin) * sizeof(typename Type::Act);
    for (int half = 0; half < 2 && tiled; ++half) {
      bool fits = blocks <= Panel::kCapacity;
      for (int b = 0; b < blocks && fits; ++b) unpack<Type>(w[begin + b], half, panel[b]);
      for (int64_t t = 0; t < tiled; t += 4) {
        const char* token = row + size_t(t) * stride;
        if (fits) part_tile<Type, 1, 4>(Unpacked<Type>{w + begin, half, panel}, token, stride, blocks, y + t * y_stride, y_stride, rows, p == 0);
        else part_tile<Type, 1, 4>(Packed<Type>{w + begin, half}, token, stride, blocks, y + t * y_stride, y_stride, rows, p == 0);
      }
    }
    for (int64_t t = tiled; t < tokens; ++t)
      part_tile<Type, 2, 1>(Packed<Type>{w + begin, 0}, row + size_t(t) * stride, stride, blocks, y + t * y_stride, y_stride, rows, p == 0);
  }
}

}  // namespace

// The function `name` of avx2_table.h.
#define PRM_MATMUL(name, form, type)                                                                                            \
  void name(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) { \
    form<type>(group, x, stride, tokens, K, y, y_stride, rows);                                                                 \
  }
