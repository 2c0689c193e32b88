// AVX2 matmul over packed groups of 16 rows (cpu/w16.h), in two halves of 8 rows. Integer sums are exact, so they may be
// taken in any order; floats follow the canonical order of src/README.md, "Numbers" 1. Versions:
//  1. 8 rows x 4 tokens: weights are unpacked once for 4 tokens; u8 x s8 products by maddubs, summed in int16 as far as they
//     cannot overflow; the madd that widens to int32 applies sub-block scales.
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
inline __m256i sum_pairs(__m256i v) { return _mm256_madd_epi16(v, _mm256_set1_epi16(1)); }
inline __m256i low_nibbles(__m256i v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
inline __m256i high_nibbles(__m256i v) { return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15)); }

// 8 bytes, one a row, as int16 twice each: what madd multiplies a row's two int16 sums with.
inline __m256i twice_u8(const uint8_t* p) {
  __m128i v = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(v, v));
}
inline __m256i twice_s8(const int8_t* p) {
  __m128i v = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(v, v));
}

struct Q8_0 {
  using Group = W16Q8_0;
  using Act = BlockA8;
  static constexpr int kBlock = 32;

  // |w| as u8, sign moved to x: pairs reach 2 * 128 * 127 < 2^15.
  template <int NT>
  static void block(const Group& w, const char* x, size_t stride, int half, __m256 acc[NT]) {
    const Act* a[NT];
    __m256i sum[NT];
    for (int t = 0; t < NT; ++t) a[t] = reinterpret_cast<const Act*>(x + size_t(t) * stride), sum[t] = _mm256_setzero_si256();
    for (int g = 0; g < 8; ++g) {
      __m256i v = load32(w.q[g] + 32 * half), size = _mm256_abs_epi8(v);
      for (int t = 0; t < NT; ++t)
        sum[t] = _mm256_add_epi32(sum[t], sum_pairs(_mm256_maddubs_epi16(size, _mm256_sign_epi8(broadcast4(a[t]->q + 4 * g), v))));
    }
    __m256 d = load_half8(w.d + 8 * half);
    for (int t = 0; t < NT; ++t) acc[t] = _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(a[t]->d)), _mm256_cvtepi32_ps(sum[t]), acc[t]);
  }
};

struct Q5_0 {
  using Group = W16Q5_0;
  using Act = BlockA8;
  static constexpr int kBlock = 32;

  // u in 0..31: four products of pairs reach 4 * 2 * 31 * 127 < 2^15.
  template <int NT>
  static void block(const Group& w, const char* x, size_t stride, int half, __m256 acc[NT]) {
    const Act* a[NT];
    __m256i sum[NT];
    const __m256i high = load32(w.high + 32 * half), bit4 = _mm256_set1_epi8(16);
    for (int t = 0; t < NT; ++t) a[t] = reinterpret_cast<const Act*>(x + size_t(t) * stride);
    for (int part = 0; part < 2; ++part) {  // vectors 2 part and 2 part + 1: values 16 part .. 16 part + 15
      __m256i v0 = load32(w.q[2 * part] + 32 * half), v1 = load32(w.q[2 * part + 1] + 32 * half);
      __m256i bits = part ? high : _mm256_slli_epi16(high, 4);  // bit 4 of each byte: the first of four groups
      __m256i u0 = _mm256_or_si256(low_nibbles(v0), _mm256_and_si256(bits, bit4));
      __m256i u1 = _mm256_or_si256(high_nibbles(v0), _mm256_and_si256(part ? _mm256_srli_epi16(high, 1) : _mm256_slli_epi16(high, 3), bit4));
      __m256i u2 = _mm256_or_si256(low_nibbles(v1), _mm256_and_si256(part ? _mm256_srli_epi16(high, 2) : _mm256_slli_epi16(high, 2), bit4));
      __m256i u3 = _mm256_or_si256(high_nibbles(v1), _mm256_and_si256(part ? _mm256_srli_epi16(high, 3) : _mm256_slli_epi16(high, 1), bit4));
      for (int t = 0; t < NT; ++t) {
        const int8_t* q = a[t]->q + 16 * part;
        __m256i s = _mm256_maddubs_epi16(u0, broadcast4(q));
        s = _mm256_add_epi16(s, _mm256_maddubs_epi16(u1, broadcast4(q + 4)));
        s = _mm256_add_epi16(s, _mm256_maddubs_epi16(u2, broadcast4(q + 8)));
        s = _mm256_add_epi16(s, _mm256_maddubs_epi16(u3, broadcast4(q + 12)));
        sum[t] = part ? _mm256_add_epi32(sum[t], sum_pairs(s)) : sum_pairs(s);
      }
    }
    __m256 d = load_half8(w.d + 8 * half);
    for (int t = 0; t < NT; ++t) {
      __m256i s = _mm256_sub_epi32(sum[t], _mm256_set1_epi32(16 * a[t]->sum));
      acc[t] = _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(a[t]->d)), _mm256_cvtepi32_ps(s), acc[t]);
    }
  }
};

// u in 0..15: eight products of pairs reach 8 * 2 * 15 * 127 < 2^15. 32 values in four vectors.
template <int NT>
inline void nibble_products(const uint8_t (*q)[64], int half, const int8_t* const x[NT], __m256i sum[NT]) {
  for (int v = 0; v < 4; ++v) {
    __m256i bytes = load32(q[v] + 32 * half), low = low_nibbles(bytes), high = high_nibbles(bytes);
    for (int t = 0; t < NT; ++t) {
      __m256i s = _mm256_add_epi16(_mm256_maddubs_epi16(low, broadcast4(x[t] + 8 * v)), _mm256_maddubs_epi16(high, broadcast4(x[t] + 8 * v + 4)));
      sum[t] = v ? _mm256_add_epi16(sum[t], s) : s;
    }
  }
}

struct Q4_0 {
  using Group = W16Q4_0;
  using Act = BlockA8;
  static constexpr int kBlock = 32;

  template <int NT>
  static void block(const Group& w, const char* x, size_t stride, int half, __m256 acc[NT]) {
    const Act* a[NT];
    const int8_t* q[NT];
    __m256i sum[NT];
    for (int t = 0; t < NT; ++t) a[t] = reinterpret_cast<const Act*>(x + size_t(t) * stride), q[t] = a[t]->q;
    nibble_products<NT>(w.q, half, q, sum);
    __m256 d = load_half8(w.d + 8 * half);
    for (int t = 0; t < NT; ++t) {
      __m256i s = _mm256_sub_epi32(sum_pairs(sum[t]), _mm256_set1_epi32(8 * a[t]->sum));
      acc[t] = _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(a[t]->d)), _mm256_cvtepi32_ps(s), acc[t]);
    }
  }
};

struct Q4_K {
  using Group = W16Q4_K;
  using Act = BlockA8K;
  static constexpr int kBlock = 256;

  template <int NT>
  static void block(const Group& w, const char* x, size_t stride, int half, __m256 acc[NT]) {
    const Act* a[NT];
    __m256i sum[NT], min_sum[NT];
    int32_t sums[NT][4];  // pairs of int16 sums over 32 values
    for (int t = 0; t < NT; ++t) {
      a[t] = reinterpret_cast<const Act*>(x + size_t(t) * stride);
      __m256i s32 = sum_pairs(load32(a[t]->sum));
      __m128i s16 = _mm_packs_epi32(_mm256_castsi256_si128(s32), _mm256_extracti128_si256(s32, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(sums[t]), s16);
      sum[t] = min_sum[t] = _mm256_setzero_si256();
    }
    for (int j = 0; j < 8; ++j) {
      const int8_t* q[NT];
      __m256i part[NT], scale = twice_u8(w.scale[j] + 8 * half);
      for (int t = 0; t < NT; ++t) q[t] = a[t]->q + 32 * j;
      nibble_products<NT>(w.q + 4 * j, half, q, part);
      for (int t = 0; t < NT; ++t) sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(part[t], scale));
    }
    for (int pair = 0; pair < 4; ++pair) {
      __m128i m0 = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(w.min[2 * pair] + 8 * half));
      __m128i m1 = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(w.min[2 * pair + 1] + 8 * half));
      __m256i mins = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(m0, m1));
      for (int t = 0; t < NT; ++t) min_sum[t] = _mm256_add_epi32(min_sum[t], _mm256_madd_epi16(mins, _mm256_set1_epi32(sums[t][pair])));
    }
    __m256 d = load_half8(w.d + 8 * half), dmin = _mm256_xor_ps(load_half8(w.dmin + 8 * half), _mm256_set1_ps(-0.0f));
    for (int t = 0; t < NT; ++t) {
      __m256 da = _mm256_set1_ps(a[t]->d);
      acc[t] = _mm256_fmadd_ps(_mm256_mul_ps(d, da), _mm256_cvtepi32_ps(sum[t]), acc[t]);
      acc[t] = _mm256_fmadd_ps(_mm256_mul_ps(dmin, da), _mm256_cvtepi32_ps(min_sum[t]), acc[t]);
    }
  }
};

struct Q6_K {
  using Group = W16Q6_K;
  using Act = BlockA8K;
  static constexpr int kBlock = 256;

  // u in 0..63: two products of pairs reach 2 * 2 * 63 * 127 < 2^15.
  template <int NT>
  static void block(const Group& w, const char* x, size_t stride, int half, __m256 acc[NT]) {
    const Act* a[NT];
    __m256i sum[NT], offset[NT];
    const __m256i bits = _mm256_set1_epi8(0x30);
    for (int t = 0; t < NT; ++t) a[t] = reinterpret_cast<const Act*>(x + size_t(t) * stride), sum[t] = offset[t] = _mm256_setzero_si256();
    for (int j = 0; j < 16; ++j) {
      __m256i v0 = load32(w.q[2 * j] + 32 * half), v1 = load32(w.q[2 * j + 1] + 32 * half), high = load32(w.high[j] + 32 * half);
      __m256i u0 = _mm256_or_si256(low_nibbles(v0), _mm256_and_si256(_mm256_slli_epi16(high, 4), bits));
      __m256i u1 = _mm256_or_si256(high_nibbles(v0), _mm256_and_si256(_mm256_slli_epi16(high, 2), bits));
      __m256i u2 = _mm256_or_si256(low_nibbles(v1), _mm256_and_si256(high, bits));
      __m256i u3 = _mm256_or_si256(high_nibbles(v1), _mm256_and_si256(_mm256_srli_epi16(high, 2), bits));
      __m256i scale = twice_s8(w.scale[j] + 8 * half);
      for (int t = 0; t < NT; ++t) {
        const int8_t* q = a[t]->q + 16 * j;
        __m256i s0 = _mm256_add_epi16(_mm256_maddubs_epi16(u0, broadcast4(q)), _mm256_maddubs_epi16(u1, broadcast4(q + 4)));
        __m256i s1 = _mm256_add_epi16(_mm256_maddubs_epi16(u2, broadcast4(q + 8)), _mm256_maddubs_epi16(u3, broadcast4(q + 12)));
        sum[t] = _mm256_add_epi32(sum[t], _mm256_add_epi32(_mm256_madd_epi16(s0, scale), _mm256_madd_epi16(s1, scale)));
      }
    }
    for (int pair = 0; pair < 8; ++pair) {
      __m128i s0 = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(w.scale[2 * pair] + 8 * half));
      __m128i s1 = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(w.scale[2 * pair + 1] + 8 * half));
      __m256i scales = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(s0, s1));
      for (int t = 0; t < NT; ++t) offset[t] = _mm256_add_epi32(offset[t], _mm256_madd_epi16(scales, broadcast4(a[t]->sum + 2 * pair)));
    }
    __m256 d = load_half8(w.d + 8 * half);
    for (int t = 0; t < NT; ++t) {
      __m256i s = _mm256_sub_epi32(sum[t], _mm256_slli_epi32(offset[t], 5));
      acc[t] = _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(a[t]->d)), _mm256_cvtepi32_ps(s), acc[t]);
    }
  }
};

inline int64_t parts_of(int64_t K) { return K < 256 ? 1 : K >= 2048 ? 8 : K / 256; }

inline void store_rows(float* y, __m256 v, int rows) {
  if (rows >= 8) _mm256_storeu_ps(y, v);
  else if (rows > 0) _mm256_maskstore_ps(y, tail_mask(rows), v);
}

template <class Type, int NT>
void block_tile(const void* group, const char* x, size_t stride, int64_t K, float* y, int64_t y_stride, int rows) {
  auto* w = static_cast<const typename Type::Group*>(group);
  int64_t units = K / Type::kBlock, parts = parts_of(K);
  for (int half = 0; half < 2; ++half) {
    __m256 total[NT];
    for (int64_t p = 0; p < parts; ++p) {
      __m256 acc[NT];
      for (int t = 0; t < NT; ++t) acc[t] = _mm256_setzero_ps();
      for (int64_t b = p * units / parts, end = (p + 1) * units / parts; b < end; ++b)
        Type::template block<NT>(w[b], x + size_t(b) * sizeof(typename Type::Act), stride, half, acc);
      for (int t = 0; t < NT; ++t) total[t] = p ? _mm256_add_ps(total[t], acc[t]) : acc[t];
    }
    for (int t = 0; t < NT; ++t) store_rows(y + t * y_stride + 8 * half, total[t], rows - 8 * half);
  }
}

template <class Type>
void block_matmul(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) {
  const char* row = static_cast<const char*>(x);
  int64_t t = 0;
  for (; t + 4 <= tokens; t += 4) block_tile<Type, 4>(group, row + size_t(t) * stride, stride, K, y + t * y_stride, y_stride, rows);
  for (; t < tokens; ++t) block_tile<Type, 1>(group, row + size_t(t) * stride, stride, K, y + t * y_stride, y_stride, rows);
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
    store_rows(y + t * y_stride, total0[t], rows);
    store_rows(y + t * y_stride + 8, total1[t], rows - 8);
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
