// Vector pieces shared by the AVX2 files. Everything has internal linkage: these are compiled for AVX2 alone.
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "base/numeric_constants.h"

namespace {

// Lanes 0..7 and 8..15 by the tree: lane i += lane i+8, 4, 2, 1.
inline float merge_lanes(__m256 low, __m256 high) {
  __m256 s8 = _mm256_add_ps(low, high);
  __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}

// The pieces of base/numeric.h's exp_of and tanh_of.
inline __m256 exp_turns(__m256 x) {
  return _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(PRM_LOG2E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline __m256 exp_rest(__m256 x, __m256 n) {
  return _mm256_fmadd_ps(n, _mm256_set1_ps(-PRM_LN2_LOW), _mm256_fmadd_ps(n, _mm256_set1_ps(-PRM_LN2_HIGH), x));
}
inline __m256 exp_terms(__m256 p, __m256 r) {
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PRM_EXP_C5));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PRM_EXP_C4));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PRM_EXP_C3));
  return _mm256_fmadd_ps(p, r, _mm256_set1_ps(PRM_EXP_C2));
}
inline __m256 power_of_two(__m256 n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}

inline __m256 exp_lanes(__m256 x) {
  __m256 below = _mm256_cmp_ps(x, _mm256_set1_ps(PRM_EXP_LOW), _CMP_LT_OQ), one = _mm256_set1_ps(1.0f);
  __m256 v = _mm256_max_ps(_mm256_set1_ps(PRM_EXP_LOW), _mm256_min_ps(_mm256_set1_ps(PRM_EXP_HIGH), x));  // NaN stays
  __m256 n = exp_turns(v), r = exp_rest(v, n);
  __m256 p = _mm256_fmadd_ps(_mm256_fmadd_ps(exp_terms(_mm256_set1_ps(PRM_EXP_C6), r), r, one), r, one);
  return _mm256_andnot_ps(below, _mm256_mul_ps(p, power_of_two(n)));
}

// At the limit h / (h + 1) is 1.
inline __m256 tanh_lanes(__m256 x) {
  __m256 sign = _mm256_and_ps(x, _mm256_set1_ps(-0.0f));
  __m256 v = _mm256_min_ps(_mm256_set1_ps(PRM_TANH_HIGH), _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x));  // NaN stays
  __m256 z = _mm256_add_ps(v, v), n = exp_turns(z), r = exp_rest(z, n), scale = power_of_two(n);
  __m256 p = exp_terms(_mm256_fmadd_ps(_mm256_set1_ps(PRM_TANH_C7), r, _mm256_set1_ps(PRM_EXP_C6)), r);
  p = _mm256_fmadd_ps(_mm256_mul_ps(r, r), p, r);
  __m256 one = _mm256_set1_ps(1.0f), half = _mm256_set1_ps(0.5f);
  __m256 h = _mm256_mul_ps(half, _mm256_fmadd_ps(p, scale, _mm256_sub_ps(scale, one))), q = _mm256_div_ps(h, _mm256_add_ps(h, one));
  return _mm256_or_ps(sign, _mm256_blendv_ps(q, _mm256_fnmadd_ps(h, q, h), _mm256_cmp_ps(h, half, _CMP_LT_OQ)));
}

// The first n (1..8) of 8 floats; the rest is zero, and not read.
inline __m256i tail_mask(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(int(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline __m256 load_half8(const uint16_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }

}  // namespace
