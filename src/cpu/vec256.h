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

}  // namespace
