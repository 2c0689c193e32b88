#include "base/numeric.h"

#include <bit>

#include "base/numeric_double.h"

namespace prm {

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

double exp_of(double x) { return exp_in_double(x); }
void cos_sin(double angle, double& cos, double& sin) { cos_sin_in_double(angle, cos, sin); }

}  // namespace prm
