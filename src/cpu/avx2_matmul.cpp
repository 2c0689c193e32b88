// AVX2 matmul over packed groups of 16 rows (cpu/w16.h), in two halves of 8 rows. Integer sums are exact, so they may be
// taken in any order; floats follow the canonical order of src/README.md, "Numbers" 1. Versions:
//  1. 8 rows x 4 tokens: weights are unpacked once for 4 tokens; u8 x s8 products by maddubs, summed in int16 as far as they
//     cannot overflow; the madd that widens to int32 applies sub-block scales.
//  2. A part's weights are unpacked to bytes once for all tokens (Panel); one token takes both halves at once and asks for
//     the weights that follow.
#include <string.h>

#include "cpu/avx2_math.h"
#include "cpu/avx2_table.h"
#include "cpu/w16.h"
#include "quant/activation.h"

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

// Two rows of bytes, of 8 rows each, as int16 pairs: what madd multiplies the two int16 of a row with.
template <class Byte>
inline __m256i pairs_of(const Byte* first, const Byte* second) {
  __m128i bytes = _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(first)), _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second)));
  return __is_same(Byte, uint8_t) ? _mm256_cvtepu8_epi16(bytes) : _mm256_cvtepi8_epi16(bytes);
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

// Types. values: four values of 8 rows, k = 4 k4 .. 4 k4 + 3 of a block. kRun: so many products of maddubs are summed in int16.
struct Q8_0 {
  using Group = W16Q8_0;
  using Act = BlockA8;
  using Panel = Panel32;
  static constexpr int kBlock = 32, kOffset = 0, kRun = 1;
  static __m256i values(const Group& w, int k4, int half) { return load32(w.q[k4] + 32 * half); }
  // |w| as u8, sign moved to x: pairs reach 2 * 128 * 127 < 2^15.
  static __m256i multiply(__m256i w, __m256i x) { return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)); }
};
struct Unsigned {
  static __m256i multiply(__m256i w, __m256i x) { return _mm256_maddubs_epi16(w, x); }
};
struct Q5_0 : Unsigned {  // u in 0..31: 4 * 2 * 31 * 127 < 2^15
  using Group = W16Q5_0;
  using Act = BlockA8;
  using Panel = Panel32;
  static constexpr int kBlock = 32, kOffset = 16, kRun = 4;
  static __m256i values(const Group& w, int k4, int half) {
    return _mm256_or_si256(nibbles(w.q, k4, half), both(shift_by(load32(w.high + 32 * half), 4 - k4), 16));
  }
};
struct Q4_0 : Unsigned {  // u in 0..15: 8 * 2 * 15 * 127 < 2^15
  using Group = W16Q4_0;
  using Act = BlockA8;
  using Panel = Panel32;
  static constexpr int kBlock = 32, kOffset = 8, kRun = 8;
  static __m256i values(const Group& w, int k4, int half) { return nibbles(w.q, k4, half); }
};
struct Q4_K : Unsigned {
  using Group = W16Q4_K;
  using Act = BlockA8K;
  using Panel = Panel256;
  static constexpr int kBlock = 256, kSub = 8, kVectors = 8, kRun = 8;  // sub-blocks, vectors in one
  static constexpr bool kMin = true;
  static __m256i values(const Group& w, int k4, int half) { return nibbles(w.q, k4, half); }
  static __m256i scale(const Group& w, int j, int half) { return pairs_of(w.scale[j] + 8 * half, w.scale[j] + 8 * half); }
  // Minimum of sub-block j, once for each of its two sums of 16 activations.
  static __m256i sums_factor(const Group& w, int j, int half) { return pairs_of(w.min[j] + 8 * half, w.min[j] + 8 * half); }
};
struct Q6_K : Unsigned {  // u in 0..63: 2 * 2 * 63 * 127 < 2^15
  using Group = W16Q6_K;
  using Act = BlockA8K;
  using Panel = Panel256;
  static constexpr int kBlock = 256, kSub = 16, kVectors = 4, kRun = 2;
  static constexpr bool kMin = false;
  static __m256i values(const Group& w, int k4, int half) {
    return _mm256_or_si256(nibbles(w.q, k4, half), both(shift_by(load32(w.high[k4 / 4] + 32 * half), 4 - 2 * (k4 & 3)), 0x30));
  }
  static __m256i scale(const Group& w, int j, int half) { return pairs_of(w.scale[j] + 8 * half, w.scale[j] + 8 * half); }
  // The offset of 32 times the scales of sub-blocks 2j and 2j + 1.
  static __m256i sums_factor(const Group& w, int j, int half) {
    __m256i scales = pairs_of(w.scale[2 * j] + 8 * half, w.scale[2 * j + 1] + 8 * half);
    return _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_slli_epi16(scales, 5));
  }
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
    __m256 d = load_half8(w.group[b].d + 8 * (w.half + h));
    for (int t = 0; t < NT; ++t) acc.at[h][t] = scaled(d, a[t], sum.at[h][t], acc.at[h][t]);
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
  if constexpr (Type::kMin) {
    for (int h = 0; h < NH; ++h)
      for (int t = 0; t < NT; ++t) sum.at[h][t] = _mm256_setzero_si256();
  } else {
    dot_sums<NH, NT>(w, b, a, sum);
  }
  for (int j = 0; j < Type::kSub; ++j) {
    w.ahead(b, j, Type::kSub);
    __m256i scale[NH];
    for (int h = 0; h < NH; ++h) scale[h] = w.scale(b, j, h);
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

struct F32 {
  using Value = float;
  static __m256 load(const float* w) { return _mm256_loadu_ps(w); }
};
struct F16 {
  using Value = uint16_t;
  static __m256 load(const uint16_t* w) { return load_half8(w); }
};
struct BF16 {
  using Value = uint16_t;
  static __m256 load(const uint16_t* w) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w))), 16));
  }
};

template <class Type, int NT>
void dense_tile(const void* group, const char* x, size_t stride, int64_t K, float* y, int64_t y_stride, int rows) {
  auto* w = static_cast<const typename Type::Value*>(group);
  int64_t parts = parts_of(K);
  const float* row[NT];
  for (int t = 0; t < NT; ++t) row[t] = reinterpret_cast<const float*>(x + size_t(t) * stride);
  __m256 total0[NT], total1[NT];
  for (int64_t p = 0; p < parts; ++p) {
    __m256 acc0[NT], acc1[NT];
    for (int t = 0; t < NT; ++t) acc0[t] = acc1[t] = _mm256_setzero_ps();
    for (int64_t k = p * K / parts, end = (p + 1) * K / parts; k < end; ++k) {
      if (NT == 1) _mm_prefetch(reinterpret_cast<const char*>(w + k * 16) + kAhead, _MM_HINT_T0);
      __m256 w0 = Type::load(w + k * 16), w1 = Type::load(w + k * 16 + 8);
      for (int t = 0; t < NT; ++t) {
        __m256 v = _mm256_set1_ps(row[t][k]);
        acc0[t] = _mm256_fmadd_ps(v, w0, acc0[t]);
        acc1[t] = _mm256_fmadd_ps(v, w1, acc1[t]);
      }
    }
    for (int t = 0; t < NT; ++t) {
      total0[t] = p ? _mm256_add_ps(total0[t], acc0[t]) : acc0[t];
      total1[t] = p ? _mm256_add_ps(total1[t], acc1[t]) : acc1[t];
    }
  }
  for (int t = 0; t < NT; ++t) {
    put_rows(y + t * y_stride, total0[t], rows, true);
    put_rows(y + t * y_stride + 8, total1[t], rows - 8, true);
  }
}

template <class Type>
void dense_matmul(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) {
  const char* row = static_cast<const char*>(x);
  int64_t t = 0;
  for (; t + 4 <= tokens; t += 4) dense_tile<Type, 4>(group, row + size_t(t) * stride, stride, K, y + t * y_stride, y_stride, rows);
  for (; t < tokens; ++t) dense_tile<Type, 1>(group, row + size_t(t) * stride, stride, K, y + t * y_stride, y_stride, rows);
}

}  // namespace

namespace prm::avx2 {

#define PRM_MATMUL(name, form, type)                                                                                            \
  void name(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) { \
    form<type>(group, x, stride, tokens, K, y, y_stride, rows);                                                                 \
  }
PRM_MATMUL(matmul_f32, dense_matmul, F32)
PRM_MATMUL(matmul_f16, dense_matmul, F16)
PRM_MATMUL(matmul_bf16, dense_matmul, BF16)
PRM_MATMUL(matmul_q4_0, block_matmul, Q4_0)
PRM_MATMUL(matmul_q5_0, block_matmul, Q5_0)
PRM_MATMUL(matmul_q8_0, block_matmul, Q8_0)
PRM_MATMUL(matmul_q4_k, block_matmul, Q4_K)
PRM_MATMUL(matmul_q6_k, block_matmul, Q6_K)

}  // namespace prm::avx2
