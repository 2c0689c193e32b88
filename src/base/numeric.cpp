#include "base/numeric.h"

#include <bit>

namespace prm {

namespace {
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kHalfPiHigh = 0x1.921fb54400000p+0, kHalfPiLow = 0x1.0b4611a626331p-34;
}  // namespace

// x = m 2^e with m in [sqrt 1/2, sqrt 2); ln m = 2 atanh((m-1)/(m+1)) by its odd series.
double log_of(double x) {
  uint64_t bits = std::bit_cast<uint64_t>(x);
  int64_t exponent = int64_t(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffull) | 0x3ff0000000000000ull);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    ++exponent;
  }
  double z = (m - 1.0) / (m + 1.0), z2 = z * z, sum = 0.0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * z2 + 1.0 / double(k);
  return double(exponent) * kLn2High + (2.0 * z * sum + double(exponent) * kLn2Low);
}

double exp_of(double x) {
  double n = nearest(x * 0x1.71547652b82fep+0);
  double r = (x - n * kLn2High) - n * kLn2Low, p = 1.0;
  for (int k = 14; k >= 1; --k) p = 1.0 + r / double(k) * p;
  return p * std::bit_cast<double>(uint64_t(int64_t(n) + 1023) << 52);
}

void cos_sin(double angle, double& cos, double& sin) {
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
