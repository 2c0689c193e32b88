// cpu/vec512.h by AVX-512 F, BW, DQ, VL and VNNI.
#pragma once
#include <immintrin.h>

namespace {

using Floats = __m512;
using Ints = __m512i;

PRM_OP __mmask16 first_lanes(int n) { return __mmask16((1u << n) - 1); }  // n <= 16

// Floats in memory. The _part forms touch n lanes only; lanes that are not read are zero.
PRM_OP Floats load(const float* p) { return _mm512_loadu_ps(p); }
PRM_OP Floats load_part(const float* p, int n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
PRM_OP void store(float* p, Floats v) { _mm512_storeu_ps(p, v); }
PRM_OP void store_part(float* p, Floats v, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
PRM_OP Floats load_half(const uint16_t* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
PRM_OP Floats load_half_part(const uint16_t* p, int n) { return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), p)); }
PRM_OP Floats load_bf16(const uint16_t* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16));
}
PRM_OP Floats load_bf16_part(const uint16_t* p, int n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first_lanes(n), p)), 16));
}
PRM_OP Floats splat_half(const uint16_t* p) { return _mm512_cvtph_ps(_mm256_set1_epi16(short(*p))); }
PRM_OP void store_half_part(uint16_t* p, Floats v, int n) {  // round to nearest even
  _mm256_mask_storeu_epi16(p, first_lanes(n), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

PRM_OP Floats splat(float v) { return _mm512_set1_ps(v); }
PRM_OP Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
PRM_OP Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
PRM_OP Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
PRM_OP Floats div(Floats a, Floats b) { return _mm512_div_ps(a, b); }
PRM_OP Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
PRM_OP Floats max_of(Floats a, Floats b) { return _mm512_max_ps(a, b); }  // a > b ? a : b
PRM_OP Floats min_of(Floats a, Floats b) { return _mm512_min_ps(a, b); }  // a < b ? a : b
// a > b ? a : b, but a where it is NaN.
PRM_OP Floats larger_of(Floats a, Floats b) { return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a); }
PRM_OP Floats zero_where_less(Floats x, float limit, Floats v) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, splat(limit), _CMP_NLT_UQ), v);
}
PRM_OP bool all_at_most(Floats v, float limit) { return _mm512_cmp_ps_mask(v, splat(limit), _CMP_LE_OQ) == 0xffff; }

PRM_OP Ints as_ints(Floats v) { return _mm512_castps_si512(v); }
PRM_OP Floats as_floats(Ints v) { return _mm512_castsi512_ps(v); }
PRM_OP Ints to_ints(Floats v) { return _mm512_cvtps_epi32(v); }  // round to nearest even
PRM_OP Floats to_floats(Ints v) { return _mm512_cvtepi32_ps(v); }

// Lane i += lane i+8, 4, 2, 1: the tree of src/README.md, "Numbers" 2.
PRM_OP float merge_lanes(Floats v) {
  __m256 s8 = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}
PRM_OP float max_lane(Floats v) { return _mm512_reduce_max_ps(v); }

// The trees of 16 vectors at once: lane r of the result is merge_lanes(v[r]). Each step halves the lanes of two vectors
// and lays them side by side.
PRM_OP Floats merge_quarters(Floats a, Floats b) {  // halves of a, halves of b -> 8 sums each
  return add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}
PRM_OP Floats merge_16(const Floats v[16]) {
  Floats e[8], q[4], p[2];
  for (int i = 0; i < 8; ++i) e[i] = merge_quarters(v[2 * i], v[2 * i + 1]);
  for (int i = 0; i < 4; ++i) q[i] = add(_mm512_shuffle_f32x4(e[2 * i], e[2 * i + 1], 0x88), _mm512_shuffle_f32x4(e[2 * i], e[2 * i + 1], 0xdd));
  for (int i = 0; i < 2; ++i) p[i] = add(_mm512_shuffle_ps(q[2 * i], q[2 * i + 1], 0x44), _mm512_shuffle_ps(q[2 * i], q[2 * i + 1], 0xee));
  Floats s = add(_mm512_shuffle_ps(p[0], p[1], 0x88), _mm512_shuffle_ps(p[0], p[1], 0xdd));
  // Lane 4c + i of s belongs to vector 4i + c.
  return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), s);
}

// Lanes 0 0 1 1 .. 7 7; lanes 1 0 3 2 ..; the sign of lanes 0 2 4 .. changed.
PRM_OP Floats each_twice(Floats v) {
  return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7), v);
}
PRM_OP Floats swap_neighbours(Floats v) { return _mm512_permute_ps(v, 0xb1); }
PRM_OP Floats negate_even(Floats v) { return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(v), _mm512_set1_epi64(0x80000000))); }

// Integers.
PRM_OP Ints load_ints(const void* p) { return _mm512_loadu_si512(p); }
PRM_OP void store_ints(void* p, Ints v) { _mm512_storeu_si512(p, v); }
PRM_OP Ints splat_int(int32_t v) { return _mm512_set1_epi32(v); }
PRM_OP Ints splat_byte(int v) { return _mm512_set1_epi8(char(v)); }
PRM_OP Ints widen(const uint8_t* p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
PRM_OP Ints widen(const int8_t* p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
PRM_OP void store_bytes(int8_t* p, Ints v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(v)); }  // saturated
PRM_OP void store_codes(uint8_t* p, Ints v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v)); }  // the lowest byte of each
PRM_OP void store_words_part(uint16_t* p, Ints v, int n) { _mm512_mask_cvtepi32_storeu_epi16(p, first_lanes(n), v); }  // the lower half of each
PRM_OP Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
PRM_OP Ints sub(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
PRM_OP Ints multiply(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }  // low 32 bits
PRM_OP Ints both(Ints a, Ints b) { return _mm512_and_si512(a, b); }
PRM_OP Ints either(Ints a, Ints b) { return _mm512_or_si512(a, b); }
PRM_OP Ints exclusive(Ints a, Ints b) { return _mm512_xor_si512(a, b); }
PRM_OP Ints choose(Ints mask, Ints a, Ints b) { return _mm512_ternarylogic_epi32(mask, a, b, 0xca); }  // bits of a where mask is 1, else b
PRM_OP Ints shift_left(Ints v, int n) { return _mm512_slli_epi32(v, unsigned(n)); }
PRM_OP Ints shift_right(Ints v, int n) { return _mm512_srli_epi32(v, unsigned(n)); }

// Lane i += u8 u[4i..4i+3] . s8 x[0..3], and the same with 64 values of x.
PRM_OP Ints dot4(Ints sum, Ints u, const int8_t* x) {
  int32_t four;
  memcpy(&four, x, 4);
  return _mm512_dpbusd_epi32(sum, u, splat_int(four));
}
PRM_OP Ints dot4_by(Ints sum, Ints u, Ints x) { return _mm512_dpbusd_epi32(sum, u, x); }
// In place: GCC 12 moves many sums of dpbusd from register to register, and to memory.
PRM_OP void add_dot4(Ints& sum, Ints u, Ints x) { __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u), "v"(x)); }
// Lane i += int16 a[2i] * b[2i] + a[2i+1] * b[2i+1], and the same with one pair for all lanes.
PRM_OP Ints dot2_by(Ints sum, Ints a, Ints b) { return _mm512_dpwssd_epi32(sum, a, b); }
PRM_OP Ints dot2(Ints sum, Ints a, const void* pair) {
  int32_t two;
  memcpy(&two, pair, 4);
  return _mm512_dpwssd_epi32(sum, a, splat_int(two));
}
// A 24-bit signed lane as two int16: its low byte, and the rest (lane >> 8).
PRM_OP Ints low_and_rest(Ints v) {
  return _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(_mm_setr_epi8(0, -1, 1, 2, 4, -1, 5, 6, 8, -1, 9, 10, 12, -1, 13, 14)));
}
// Each lane becomes the sum of its quarter's four.
PRM_OP Ints sum_quarters(Ints v) {
  v = add(v, _mm512_shuffle_epi32(v, _MM_PERM_BADC));
  return add(v, _mm512_shuffle_epi32(v, _MM_PERM_CDAB));
}
// The byte of a table of 16 that each byte of v names; v in 0..15.
PRM_OP Ints lookup(const uint8_t* table, Ints v) {
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), v);
}

PRM_OP void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
PRM_OP Floats root(Floats v) { return _mm512_sqrt_ps(v); }
PRM_OP void prefetch_far(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1); }
PRM_OP float root(float v) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v))); }

}  // namespace
