// One 64-byte vector as the 512 kernels see it: 16 floats or 16 int32, whose bytes are 64 int8. The operations stand in two
// headers: vec512_native.h with AVX-512 intrinsics, vec512_emulated.h in plain C++ for any machine (PRM_VEC512_EMULATED);
// what kernels_tensor.h needs also in vec_avx2.h (PRM_VEC512_AVX2). All give the same bytes, so the kernels (kernels512_*.h)
// are tested where there is no AVX-512. Everything is of internal linkage.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/numeric_constants.h"

#ifdef PRM_VEC512_EMULATED
#define PRM_OP static inline __attribute__((unused))  // small code: nobody waits for it
#define PRM_METHOD inline
#define PRM_INLINE_CALL
#define PRM_UNROLL
#include "cpu/vec512_emulated.h"
#else
#define PRM_OP static inline __attribute__((always_inline, unused))
#define PRM_METHOD inline __attribute__((always_inline))
#define PRM_INLINE_CALL __attribute__((always_inline))
#define PRM_UNROLL _Pragma("GCC unroll 16")
#ifdef PRM_VEC512_AVX2
#include "cpu/vec_avx2.h"
#else
#include "cpu/vec512_native.h"
#endif
#endif

namespace {

// Calls fn(i, n) for pieces of n = 16 values from i on; the last may be shorter.
template <class Fn>
PRM_OP void each_piece(int64_t count, Fn&& fn) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) fn(i, 16);
  if (i < count) fn(i, int(count - i));
}
PRM_OP Floats load_piece(const float* p, int n) { return n == 16 ? load(p) : load_part(p, n); }
PRM_OP void store_piece(float* p, Floats v, int n) { n == 16 ? store(p, v) : store_part(p, v, n); }

PRM_OP Floats negate(Floats v) { return as_floats(exclusive(as_ints(v), splat_int(INT32_MIN))); }
PRM_OP Floats magnitude(Floats v) { return as_floats(both(as_ints(v), splat_int(INT32_MAX))); }

// The pieces of base/numeric.h's exp_of and tanh_of.
PRM_OP Floats exp_rest(Floats x, Ints n) { return fma(to_floats(n), splat(-PRM_LN2_LOW), fma(to_floats(n), splat(-PRM_LN2_HIGH), x)); }
PRM_OP Floats exp_terms(Floats p, Floats r) {
  p = fma(p, r, splat(PRM_EXP_C5));
  p = fma(p, r, splat(PRM_EXP_C4));
  p = fma(p, r, splat(PRM_EXP_C3));
  return fma(p, r, splat(PRM_EXP_C2));
}
PRM_OP Floats power_of_two(Ints n) { return as_floats(shift_left(add(n, splat_int(127)), 23)); }

PRM_OP Floats exp_lanes(Floats x) {
  Floats v = max_of(splat(PRM_EXP_LOW), min_of(splat(PRM_EXP_HIGH), x));  // NaN stays
  Ints n = to_ints(mul(v, splat(PRM_LOG2E)));
  Floats r = exp_rest(v, n), p = fma(fma(exp_terms(splat(PRM_EXP_C6), r), r, splat(1.0f)), r, splat(1.0f));
  return zero_where_less(x, PRM_EXP_LOW, mul(p, power_of_two(n)));
}

// At the limit h / (h + 1) is 1.
PRM_OP Floats tanh_lanes(Floats x) {
  Floats v = min_of(splat(PRM_TANH_HIGH), magnitude(x)), z = add(v, v);  // NaN stays
  Ints n = to_ints(mul(z, splat(PRM_LOG2E)));
  Floats r = exp_rest(z, n), scale = power_of_two(n), p = exp_terms(fma(splat(PRM_TANH_C7), r, splat(PRM_EXP_C6)), r);
  p = fma(mul(r, r), p, r);
  Floats h = mul(splat(0.5f), fma(p, scale, sub(scale, splat(1.0f)))), q = div(h, add(h, splat(1.0f)));
  Ints is_low = sub(splat_int(0), shift_right(as_ints(sub(h, splat(0.5f))), 31));  // its sign; NaN has none
  Ints y = choose(is_low, as_ints(fma(negate(h), q, h)), as_ints(q));
  return as_floats(either(y, both(as_ints(x), splat_int(INT32_MIN))));
}

}  // namespace
