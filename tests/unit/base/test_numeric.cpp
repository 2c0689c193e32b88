#include <bit>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "base/numeric.h"
#include "support/catch.h"

using namespace prm;

TEST_CASE("every half converts to a float and back unchanged") {
  for (uint32_t h = 0; h < 65536; ++h) {
    float f = half_to_float(uint16_t(h));
    if (std::isnan(f)) CHECK(std::isnan(half_to_float(float_to_half(f))));
    else if (float_to_half(f) != h) FAIL("half " << h);
  }
}

TEST_CASE("floats round to the nearest half, ties to even, overflow to infinity") {
  CHECK(float_to_half(1.0f + 0x1p-11f) == 0x3c00);             // tie, down to even
  CHECK(float_to_half(1.0f + 3 * 0x1p-11f) == 0x3c02);         // tie, up to even
  CHECK(float_to_half(65519.0f) == 0x7bff);
  CHECK(float_to_half(65520.0f) == 0x7c00);
  CHECK(float_to_half(-0x1p-25f) == 0x8000);                   // tie with zero
  CHECK(float_to_half(0x1.8p-25f) == 0x0001);
  CHECK(float_to_bf16(1.0f + 0x1p-8f) == 0x3f80);
  CHECK(float_to_bf16(1.0f + 3 * 0x1p-8f) == 0x3f82);
}

TEST_CASE("a fused multiply-add is rounded once, by libm and in double arithmetic alike") {
  auto is = [](float a, float b, float c, float expected) {
    for (float found : {fused(a, b, c), fused_in_double(a, b, c)})
      if (std::memcmp(&found, &expected, 4) != 0) FAIL("a " << a << " b " << b << " c " << c << ": " << found << ", expected " << expected);
  };
  // Where double alone lands on a tie of floats, the bit it lost decides.
  is(1 + 0x1p-15f, (1 - 0x1p-15f) * 0x1p-24f, 1 + 0x1p-23f, 1 + 0x1p-23f);
  is(-1 - 0x1p-15f, (1 - 0x1p-15f) * 0x1p-24f, 1 + 0x1p-23f, 1 + 0x1p-23f);
  is(-1 - 0x1p-15f, (1 - 0x1p-15f) * 0x1p-24f, -1 - 0x1p-23f, -1 - 0x1p-23f);
  is(1.5f, 0x1p-149f, 0x1p-149f, 0x1p-148f);  // 2.5 units of the smallest: to even
  is(0x1p100f, 0x1p100f, -INFINITY, -INFINITY);
  is(0x1.fffffep127f, 2.0f, -0x1.fffffep127f, 0x1.fffffep127f);
  is(0x1.fffffep127f, 2.0f, 0.0f, INFINITY);
  is(0.0f, -1.0f, -0.0f, -0.0f);
  CHECK(std::isnan(fused_in_double(INFINITY, 0.0f, 1.0f)));
#if !defined(_WIN32)  // libm's is exact
  uint64_t state = 88172645463325252u, kept = 0;
  auto next = [&] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return uint32_t(state >> 16);
  };
  auto near_one = [&] { return std::bit_cast<float>((next() & 0x807fffffu) | (97 + next() % 60) << 23); };
  for (int i = 0; i < 300000; ++i) {
    float a = near_one(), b = near_one(), c = std::bit_cast<float>((next() & 0x80000000u) | uint32_t(64 + next() % 120) << 23 | (i % 3 ? next() & 0x7fffffu : 0));
    is(a, b, c, std::fma(a, b, c));
    kept += std::fma(a, b, c) != c;
  }
  CHECK(kept > 100000);
#endif
}

TEST_CASE("nearest rounds to the nearest integer, ties to even") {
  for (float x : {0.0f, 0.4999999f, 0.5f, 0.50000006f, 1.5f, 2.5f, 126.5f, 126.49999f, 127.0f, 4194302.5f})
    for (float sign : {1.0f, -1.0f}) {
      CHECK(nearest(sign * x) == std::nearbyint(sign * x));
      CHECK(nearest(double(sign * x)) == std::nearbyint(double(sign * x)));
    }
}

TEST_CASE("our exp is within 2.3e-7 of the exact one, zero below its range, clamped above") {
  double worst = 0;
  for (double x = -86.9; x < 87.9; x += 0.00137) worst = std::max(worst, std::fabs(double(exp_of(float(x))) / std::exp(double(float(x))) - 1));
  CHECK(worst < 2.3e-7);
  CHECK(exp_of(-87.1f) == 0.0f);
  CHECK(exp_of(-INFINITY) == 0.0f);
  CHECK(exp_of(1000.0f) == exp_of(88.0f));
  CHECK(std::isnan(exp_of(NAN)));
  CHECK(exp_of(0.0f) == 1.0f);
}

TEST_CASE("our tanh is within 2 units in the last place of the exact one, odd, one from 10 on, and itself near zero") {
  double worst = 0;
  for (uint32_t bits = 1; bits < std::bit_cast<uint32_t>(12.0f); bits += 1009) {
    float x = std::bit_cast<float>(bits), y = tanh_of(x);
    double exact = std::tanh(double(x)), unit = double(std::nextafter(y, 2.0f)) - double(y);
    worst = std::max(worst, std::fabs(double(y) - exact) / unit);
    if (tanh_of(-x) != -y || y > 1.0f) FAIL("x " << x << ": " << y << ", " << tanh_of(-x));
  }
  INFO("units in the last place: " << worst);
  CHECK(worst < 2);
  for (float x : {9.999f, 10.0f, 88.0f, 3e38f, INFINITY}) CHECK(tanh_of(x) == 1.0f);
  for (float x : {0x1p-149f, 0x1p-126f, 1e-20f, 1e-5f}) CHECK(tanh_of(x) == x);
  CHECK(std::bit_cast<uint32_t>(tanh_of(-0.0f)) == 0x80000000u);
  CHECK(std::isnan(tanh_of(NAN)));
}

TEST_CASE("the exp of sums of weights is within 3e-7 of the exact one below zero, and zero below its range") {
  double worst = 0;
  for (double x = -70; x <= 0; x += 0.00037) worst = std::max(worst, std::fabs(double(exp_below_zero(float(x))) / std::exp(double(float(x))) - 1));
  CHECK(worst < 3e-7);
  CHECK(exp_below_zero(0.0f) == 1.0f);
  CHECK(exp_below_zero(-87.0f) == 0.0f);
  CHECK(exp_below_zero(-87.5f) == 0.0f);
  CHECK(exp_below_zero(-86.0f) > 0.0f);
  CHECK(exp_below_zero(-INFINITY) == 0.0f);
}

TEST_CASE("logarithm, exponential and angles in double are good to their stated errors") {
  double worst_log = 0, worst_exp = 0, worst_angle = 0;
  for (double x = 1e-6; x < 1e9; x *= 1.0037) worst_log = std::max(worst_log, std::fabs(log_of(x) - std::log(x)) / std::max(1.0, std::fabs(std::log(x))));
  for (double x = -600; x < 600; x += 0.713) worst_exp = std::max(worst_exp, std::fabs(exp_of(x) / std::exp(x) - 1));
  for (double x = -2e6; x < 2e6; x += 311.7) {
    double c, s;
    cos_sin(x, c, s);
    worst_angle = std::max({worst_angle, std::fabs(c - std::cos(x)), std::fabs(s - std::sin(x))});
  }
  CHECK(worst_log < 1e-15);
  CHECK(worst_exp < 1e-13);
  CHECK(worst_angle < 1e-10);
}

TEST_CASE("lane sums are a function of the index alone") {
  float a[37], b[37], lane[16] = {};
  for (int i = 0; i < 37; ++i) a[i] = 1.0f / float(i + 1), b[i] = float(i % 5) - 1.7f;
  for (int i = 0; i < 37; ++i) lane[i % 16] = fused(a[i], b[i], lane[i % 16]);
  float left[8];
  for (int i = 0; i < 8; ++i) left[i] = lane[i] + lane[i + 8];
  float sum = ((left[0] + left[4]) + (left[2] + left[6])) + ((left[1] + left[5]) + (left[3] + left[7]));
  CHECK(lane_dot(a, b, 37) == sum);
}
