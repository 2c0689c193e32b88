// exp_of and cos_sin of doubles (base/numeric.h), written out: for code that runs elsewhere than the core.
#pragma once
#include <bit>
#include <cstdint>

#include "base/numeric.h"

namespace prm {

inline constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
inline constexpr double kHalfPiHigh = 0x1.921fb54400000p+0, kHalfPiLow = 0x1.0b4611a626331p-34;

PRM_ANYWHERE inline double exp_in_double(double x) {
  double n = nearest(x * 0x1.71547652b82fep+0);
  double r = (x - n * kLn2High) - n * kLn2Low, p = 1.0;
  for (int k = 14; k >= 1; --k) p = 1.0 + r / double(k) * p;
  return p * std::bit_cast<double>(uint64_t(int64_t(n) + 1023) << 52);
}

PRM_ANYWHERE inline void cos_sin_in_double(double angle, double& cos, double& sin) {
  double n = nearest(angle * 0x1.45f306dc9c883p-1);
  double r = (angle - n * kHalfPiHigh) - n * kHalfPiLow, r2 = r * r;
  double s = 0.0, c = 0.0;
  for (int k = 8; k >= 1; --k) s = (1.0 + s) * (-r2 / double((2 * k) * (2 * k + 1)));
  for (int k = 8; k >= 1; --k) c = (1.0 + c) * (-r2 / double((2 * k - 1) * (2 * k)));
  s = r + r * s;
  c = 1.0 + c;
  switch (int64_t(n) & 3) {
    case 0: cos = c, sin = s; break;
    case 1: cos = -s, sin = c; break;
    case 2: cos = -c, sin = -s; break;
    default: cos = s, sin = -c; break;
  }
}

}  // namespace prm
