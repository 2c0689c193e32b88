// AVX2 matmul of float weights and of blocks of 32 values.
#include "cpu/avx2_matmul.h"

namespace {

inline __m256i with_fifth_bit(__m256i nibbles, const uint8_t* high, int k4, int half) {
  return _mm256_or_si256(nibbles, both(shift_by(load32(high + 32 * half), 4 - k4), 16));
}

struct Q8_0 : Signed, Type32<W16Q8_0, 0, 1> {
  static __m256i values(const Group& w, int k4, int half) { return load32(w.q[k4] + 32 * half); }
};
struct Q5_0 : Unsigned, Type32<W16Q5_0, 16, 4> {  // u in 0..31: 4 * 2 * 31 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) { return with_fifth_bit(nibbles(w.q, k4, half), w.high, k4, half); }
};
struct Q5_1 : Unsigned, Type32<W16Q5_1, 0, 4, true> {
  static __m256i values(const Group& w, int k4, int half) { return with_fifth_bit(nibbles(w.q, k4, half), w.high, k4, half); }
};
struct Q4_0 : Unsigned, Type32<W16Q4_0, 8, 8> {  // u in 0..15: 8 * 2 * 15 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) { return nibbles(w.q, k4, half); }
};
struct Q4_1 : Unsigned, Type32<W16Q4_1, 0, 8, true> {
  static __m256i values(const Group& w, int k4, int half) { return nibbles(w.q, k4, half); }
};
struct IQ4_NL : Signed, Type32<W16IQ4_NL, 0, 1> {
  static __m256i values(const Group& w, int k4, int half) { return lookup(kIq4Values, nibbles(w.q, k4, half)); }
};
struct MXFP4 : Unsigned, Type32<W16MXFP4, 12, 4> {  // u in 0..24: 4 * 2 * 24 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) {
    return _mm256_add_epi8(lookup(kMxfp4Values, nibbles(w.q, k4, half)), _mm256_set1_epi8(12));
  }
  // 2^(e - 128) as two powers that are never subnormal: e / 2 - 64 and the rest.
  static __m256 block_scale(const Group& w, int half) {
    __m256i e = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w.e + 8 * half))), bias = _mm256_set1_epi32(63);
    __m256i low = _mm256_srli_epi32(e, 1), rest = _mm256_sub_epi32(e, low);
    return _mm256_mul_ps(power_of(_mm256_add_epi32(low, bias)), power_of(_mm256_add_epi32(rest, bias)));
  }
  static __m256 power_of(__m256i biased) { return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)); }
};

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

PRM_MATMUL(matmul_f32, dense_matmul, F32)
PRM_MATMUL(matmul_f16, dense_matmul, F16)
PRM_MATMUL(matmul_bf16, dense_matmul, BF16)
PRM_MATMUL(matmul_q4_0, block_matmul, Q4_0)
PRM_MATMUL(matmul_q5_0, block_matmul, Q5_0)
PRM_MATMUL(matmul_q8_0, block_matmul, Q8_0)
PRM_MATMUL(matmul_q4_1, block_matmul, Q4_1)
PRM_MATMUL(matmul_q5_1, block_matmul, Q5_1)
PRM_MATMUL(matmul_iq4_nl, block_matmul, IQ4_NL)
PRM_MATMUL(matmul_mxfp4, block_matmul, MXFP4)

}  // namespace prm::avx2
