// The numeric rules in scalar form (src/README.md, "Numbers"): order of float additions is a function of the index alone,
// elementary functions are our own. References and scalar kernels use these; ISA kernels repeat them in vectors.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/anywhere.h"
#include "base/numeric_constants.h"

namespace prm {

// a * b + c, rounded once, from double arithmetic: the product of two floats is exact in double; their sum is rounded to odd
// (its error, which is exact too, moves the last bit), so that the rounding to float sees which side of a tie it is on.
PRM_ANYWHERE inline float fused_in_double(float a, float b, float c) {
  double product = double(a) * double(b), sum = product + double(c);
  double added = sum - product, error = (product - (sum - added)) + (double(c) - added);
  auto bits = std::bit_cast<uint64_t>(sum);
  bool inexact = error < 0 || error > 0;  // neither when the sum is infinite or NaN
  if (inexact && !(bits & 1)) sum = std::bit_cast<double>((error < 0) == (sum < 0) ? bits + 1 : bits - 1);
  return float(sum);
}

// mingw's fma rounds twice.
#if defined(_WIN32)
inline float fused(float a, float b, float c) { return fused_in_double(a, b, c); }
#else
PRM_ANYWHERE inline float fused(float a, float b, float c) { return std::fma(a, b, c); }
#endif

// To the nearest integer, ties to even, where SSE's rounding mode says nearest: the sum has no bits below the point. Not
// libm's nearbyint, which on Windows asks the mode of x87, the host's own. |x| < 2^22 for float, 2^51 for double.
PRM_ANYWHERE inline float nearest(float x) { return (x + 0x1.8p23f) - 0x1.8p23f; }
PRM_ANYWHERE inline double nearest(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

// p, then the terms of exp's polynomial from C5 down to C2.
PRM_ANYWHERE inline float exp_terms(float p, float r) {
  p = fused(p, r, PRM_EXP_C5);
  p = fused(p, r, PRM_EXP_C4);
  p = fused(p, r, PRM_EXP_C3);
  return fused(p, r, PRM_EXP_C2);
}
// x - n ln 2.
PRM_ANYWHERE inline float exp_rest(float x, float n) { return fused(n, -PRM_LN2_LOW, fused(n, -PRM_LN2_HIGH, x)); }
PRM_ANYWHERE inline float power_of_two(float n) { return std::bit_cast<float>((int32_t(n) + 127) << 23); }

PRM_ANYWHERE inline float exp_of(float x) {
  if (!(x >= PRM_EXP_LOW)) return x < PRM_EXP_LOW ? 0.0f : x;  // NaN passes through
  if (x > PRM_EXP_HIGH) x = PRM_EXP_HIGH;
  float n = nearest(x * PRM_LOG2E), r = exp_rest(x, n);
  float p = fused(fused(exp_terms(PRM_EXP_C6, r), r, 1.0f), r, 1.0f);
  return p * power_of_two(n);
}

PRM_ANYWHERE inline float tanh_of(float x) {
  float size = std::fabs(x);
  if (!(size < PRM_TANH_HIGH)) return size >= PRM_TANH_HIGH ? std::copysign(1.0f, x) : x;  // NaN passes through
  float z = size + size, n = nearest(z * PRM_LOG2E), r = exp_rest(z, n);
  float p = exp_terms(fused(PRM_TANH_C7, r, PRM_EXP_C6), r), scale = power_of_two(n);
  float h = 0.5f * fused(fused(r * r, p, r), scale, scale - 1.0f), q = h / (h + 1.0f);
  return std::copysign(h < 0.5f ? fused(-h, q, h) : q, x);
}

// exp(x) for x <= 0 in multiplications and additions alone, without a branch: loops over it run in vectors on every machine, where
// `fused` is a call. The value at PRM_EXP_LOW is taken off, so that it is 0 from there on; |relative error| < 3e-7 above -70. NaN
// is the caller's to keep away.
inline float exp_in_range(float x) {
  float n = nearest(x * PRM_LOG2E);
  float r = (x - n * PRM_LN2_HIGH) - n * PRM_LN2_LOW;
  float p = PRM_EXP_C6;
  p = p * r + PRM_EXP_C5;
  p = p * r + PRM_EXP_C4;
  p = p * r + PRM_EXP_C3;
  p = p * r + PRM_EXP_C2;
  p = (p * r) * r + (1.0f + r);
  return p * power_of_two(n);
}
inline float exp_below_zero(float x) {
  // The larger of two numbers below zero has the lesser bits, as integers: as floats, compilers make a branch of it.
  int32_t bits = std::bit_cast<int32_t>(x) | INT32_MIN, low = std::bit_cast<int32_t>(PRM_EXP_LOW);
  return exp_in_range(std::bit_cast<float>(bits < low ? bits : low)) - exp_in_range(PRM_EXP_LOW);
}

// Sixteen lanes by index, then a fixed tree: lane i += lane i+8, 4, 2, 1.
PRM_ANYWHERE inline float merge_lanes(float lane[16]) {
  for (int width = 8; width; width /= 2)
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  return lane[0];
}

inline float lane_dot(const float* a, const float* b, int64_t n) {
  float lane[16] = {};
  for (int64_t i = 0; i < n; ++i) lane[i & 15] = fused(a[i], b[i], lane[i & 15]);
  return merge_lanes(lane);
}

// Natural logarithm, and 2^x and cos/sin of an angle in radians, in double arithmetic of basic operations alone: the same
// bits on every machine with IEEE 754 doubles (libm's differ between versions). Used for tables, not in inner loops.
double log_of(double x);                               // x > 0; relative error < 1e-15
double exp_of(double x);                               // |x| < 700; relative error < 1e-15
void cos_sin(double angle, double& cos, double& sin);  // |angle| < 2^30; absolute error < 1e-11

}  // namespace prm
