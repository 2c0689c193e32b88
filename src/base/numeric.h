// The numeric rules in scalar form (src/README.md, "Numbers"): order of float additions is a function of the index alone,
// elementary functions are our own. References and scalar kernels use these; ISA kernels repeat them in vectors.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/numeric_constants.h"

namespace prm {

inline float fused(float a, float b, float c) { return std::fma(a, b, c); }

inline float exp_of(float x) {
  if (!(x >= PRM_EXP_LOW)) return x < PRM_EXP_LOW ? 0.0f : x;  // NaN passes through
  if (x > PRM_EXP_HIGH) x = PRM_EXP_HIGH;
  float n = std::nearbyint(x * PRM_LOG2E);
  float r = fused(n, -PRM_LN2_HIGH, x);
  r = fused(n, -PRM_LN2_LOW, r);
  float p = PRM_EXP_C6;
  p = fused(p, r, PRM_EXP_C5);
  p = fused(p, r, PRM_EXP_C4);
  p = fused(p, r, PRM_EXP_C3);
  p = fused(p, r, PRM_EXP_C2);
  p = fused(p, r, 1.0f);
  p = fused(p, r, 1.0f);
  int32_t bits = (int32_t(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, 4);
  return p * scale;
}

// Sixteen lanes by index, then a fixed tree: lane i += lane i+8, 4, 2, 1.
inline float merge_lanes(float lane[16]) {
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
