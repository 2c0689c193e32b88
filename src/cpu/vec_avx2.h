// The part of cpu/vec512.h that float kernels of tensors need, by AVX2 and FMA: a vector of 16 floats is two of eight.
#pragma once
#include <immintrin.h>

namespace {

struct Floats {
  __m256 low, high;
};
struct Ints {
  __m256i low, high;
};

PRM_OP __m256i lanes_below(int n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }
PRM_OP Floats load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
PRM_OP Floats load_part(const float* p, int n) { return {_mm256_maskload_ps(p, lanes_below(n)), _mm256_maskload_ps(p + 8, lanes_below(n - 8))}; }
PRM_OP void store(float* p, Floats v) { _mm256_storeu_ps(p, v.low), _mm256_storeu_ps(p + 8, v.high); }
PRM_OP void store_part(float* p, Floats v, int n) { _mm256_maskstore_ps(p, lanes_below(n), v.low), _mm256_maskstore_ps(p + 8, lanes_below(n - 8), v.high); }

PRM_OP Floats splat(float v) { return {_mm256_set1_ps(v), _mm256_set1_ps(v)}; }
#define PRM_PAIR(name, type, op) \
  PRM_OP type name(type a, type b) { return {op(a.low, b.low), op(a.high, b.high)}; }
PRM_PAIR(add, Floats, _mm256_add_ps)
PRM_PAIR(sub, Floats, _mm256_sub_ps)
PRM_PAIR(mul, Floats, _mm256_mul_ps)
PRM_PAIR(div, Floats, _mm256_div_ps)
PRM_PAIR(max_of, Floats, _mm256_max_ps)  // a > b ? a : b
PRM_PAIR(min_of, Floats, _mm256_min_ps)  // a < b ? a : b
PRM_PAIR(add, Ints, _mm256_add_epi32)
PRM_PAIR(sub, Ints, _mm256_sub_epi32)
PRM_PAIR(both, Ints, _mm256_and_si256)
PRM_PAIR(either, Ints, _mm256_or_si256)
PRM_PAIR(exclusive, Ints, _mm256_xor_si256)
#undef PRM_PAIR
PRM_OP Floats fma(Floats a, Floats b, Floats c) { return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)}; }
PRM_OP Floats root(Floats v) { return {_mm256_sqrt_ps(v.low), _mm256_sqrt_ps(v.high)}; }
PRM_OP float root(float v) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v))); }
PRM_OP __m256 zero_where_less(__m256 x, float limit, __m256 v) { return _mm256_and_ps(_mm256_cmp_ps(x, _mm256_set1_ps(limit), _CMP_NLT_UQ), v); }
PRM_OP Floats zero_where_less(Floats x, float limit, Floats v) { return {zero_where_less(x.low, limit, v.low), zero_where_less(x.high, limit, v.high)}; }

PRM_OP Ints as_ints(Floats v) { return {_mm256_castps_si256(v.low), _mm256_castps_si256(v.high)}; }
PRM_OP Floats as_floats(Ints v) { return {_mm256_castsi256_ps(v.low), _mm256_castsi256_ps(v.high)}; }
PRM_OP Ints to_ints(Floats v) { return {_mm256_cvtps_epi32(v.low), _mm256_cvtps_epi32(v.high)}; }  // round to nearest even
PRM_OP Floats to_floats(Ints v) { return {_mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high)}; }
PRM_OP Ints splat_int(int32_t v) { return {_mm256_set1_epi32(v), _mm256_set1_epi32(v)}; }
PRM_OP Ints shift_left(Ints v, int n) { return {_mm256_slli_epi32(v.low, n), _mm256_slli_epi32(v.high, n)}; }
PRM_OP Ints shift_right(Ints v, int n) { return {_mm256_srli_epi32(v.low, n), _mm256_srli_epi32(v.high, n)}; }
PRM_OP Ints choose(Ints mask, Ints a, Ints b) {
  return {_mm256_or_si256(_mm256_and_si256(mask.low, a.low), _mm256_andnot_si256(mask.low, b.low)),
          _mm256_or_si256(_mm256_and_si256(mask.high, a.high), _mm256_andnot_si256(mask.high, b.high))};
}

PRM_OP float merge_lanes(Floats v) {
  __m256 s8 = _mm256_add_ps(v.low, v.high);
  __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}

}  // namespace
