// A vector of 8 floats by AVX2 and FMA, with the names that cpu/vec512.h has for 16.
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define PRM_OP static inline __attribute__((always_inline, unused))
#define PRM_INLINE_CALL __attribute__((always_inline))
#define PRM_UNROLL _Pragma("GCC unroll 16")

namespace {

using Floats = __m256;
constexpr int kLanes = 8;

PRM_OP Floats load(const float* p) { return _mm256_loadu_ps(p); }
PRM_OP void store(float* p, Floats v) { _mm256_storeu_ps(p, v); }
PRM_OP Floats splat(float v) { return _mm256_set1_ps(v); }
PRM_OP Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
PRM_OP Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
PRM_OP Floats sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
PRM_OP Floats div(Floats a, Floats b) { return _mm256_div_ps(a, b); }
PRM_OP Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
PRM_OP Floats max_of(Floats a, Floats b) { return _mm256_max_ps(a, b); }  // a > b ? a : b
PRM_OP Floats min_of(Floats a, Floats b) { return _mm256_min_ps(a, b); }  // a < b ? a : b
PRM_OP void prefetch_far(const void* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1); }
// a > b ? a : b, but a where it is NaN.
PRM_OP Floats larger_of(Floats a, Floats b) { return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q)); }

// Integers, in pieces of 8.
using Ints = __m256i;
PRM_OP Ints splat_int(int32_t v) { return _mm256_set1_epi32(v); }
PRM_OP Ints load_ints(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
PRM_OP Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
PRM_OP Ints sub(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
PRM_OP Ints to_ints(Floats v) { return _mm256_cvtps_epi32(v); }  // round to nearest even
PRM_OP Floats to_floats(Ints v) { return _mm256_cvtepi32_ps(v); }
PRM_OP Ints widen(const uint8_t* p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }
PRM_OP void store_codes(uint8_t* p, Ints v) {  // 0 to 255 each
  Ints words = _mm256_packus_epi32(v, v), bytes = _mm256_packus_epi16(words, words);
  int32_t low = _mm256_extract_epi32(bytes, 0), high = _mm256_extract_epi32(bytes, 4);
  __builtin_memcpy(p, &low, 4);
  __builtin_memcpy(p + 4, &high, 4);
}
// Lane i += u8 u[4i..4i+3] . s8 x[4i..4i+3]. By 16 bits: products of bytes, added in pairs, would saturate.
PRM_OP void add_dot4(Ints& sum, Ints u, Ints x) {
  Ints low = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm256_castsi256_si128(u)), _mm256_cvtepi8_epi16(_mm256_castsi256_si128(x)));
  Ints high = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm256_extracti128_si256(u, 1)), _mm256_cvtepi8_epi16(_mm256_extracti128_si256(x, 1)));
  sum = add(sum, _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8));
}

}  // namespace
