#include "tensor/narrow.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/numeric.h"

namespace prm {

namespace {

enum class Special : uint8_t { none, nan_above, infinity, minus_zero_is_nan };  // what a float has beside numbers

struct NarrowInfo {
  DType type;
  int bits;
  int mantissa = 0, bias = 0;  // floats
  uint8_t largest = 0;         // code of
  Special special = Special::none;
  bool is_signed = false;      // integers
};

constexpr NarrowInfo kNarrow[] = {
    {DType::f8e4m3fn, 8, 3, 7, 0x7e, Special::nan_above},
    {DType::f8e4m3fnuz, 8, 3, 8, 0x7f, Special::minus_zero_is_nan},
    {DType::f8e5m2, 8, 2, 15, 0x7b, Special::infinity},
    {DType::f8e5m2fnuz, 8, 2, 16, 0x7f, Special::minus_zero_is_nan},
    {DType::f4e2m1, 4, 1, 1, 0x07, Special::none},
    {DType::f8e8m0, 8},
    {.type = DType::i4, .bits = 4, .is_signed = true},
    {.type = DType::u4, .bits = 4},
    {.type = DType::i2, .bits = 2, .is_signed = true},
    {.type = DType::u2, .bits = 2},
};

const NarrowInfo* find_narrow(DType type) {
  for (const NarrowInfo& one : kNarrow)
    if (one.type == type) return &one;
  return nullptr;
}

const NarrowInfo& narrow_info(DType type) {
  const NarrowInfo* found = find_narrow(type);
  if (!found) fail(Status::internal, "{} is no narrow type", info(type).name);
  return *found;
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

// Numbers of 16 at most: the sign of a code's highest bit, from there up.
int extend(const NarrowInfo& n, int code) {
  int sign = 1 << (n.bits - 1);
  return n.is_signed ? ((code & (2 * sign - 1)) ^ sign) - sign : code & (2 * sign - 1);
}

double float_value(const NarrowInfo& n, uint8_t code) {
  int sign_bit = 1 << (n.bits - 1), magnitude = code & (sign_bit - 1);
  double sign = code & sign_bit ? -1 : 1;
  if (n.special == Special::minus_zero_is_nan && code == sign_bit) return kNan;
  if (magnitude > n.largest) return n.special == Special::infinity && magnitude == n.largest + 1 ? sign * kInfinity : kNan;
  int exponent = magnitude >> n.mantissa, digits = magnitude & ((1 << n.mantissa) - 1);
  if (exponent) digits += 1 << n.mantissa;
  return sign * std::ldexp(double(digits), std::max(exponent, 1) - n.bias - n.mantissa);
}

uint8_t float_code(const NarrowInfo& n, double value, bool saturate) {
  uint8_t sign = std::signbit(value) ? uint8_t(1 << (n.bits - 1)) : uint8_t(0), not_a_number = uint8_t(n.largest + 1);
  if (n.special == Special::minus_zero_is_nan) not_a_number = uint8_t(1 << (n.bits - 1)), sign = value < 0 ? not_a_number : uint8_t(0);
  if (n.special == Special::infinity) not_a_number = uint8_t(n.largest + 2);
  if (n.special == Special::none) not_a_number = uint8_t(1 << (n.bits - 1)), saturate = true;
  if (value != value) return not_a_number;
  double size = std::fabs(value);
  int code = n.largest + 1;
  if (size <= 1e6) {  // no type reaches it
    int exponent = std::max(size > 0 ? std::ilogb(size) : -1000, 1 - n.bias);
    code = ((exponent + n.bias - 1) << n.mantissa) + int(nearest(std::ldexp(size, n.mantissa - exponent)));
  }
  if (code <= n.largest) return n.special == Special::minus_zero_is_nan && code == 0 ? uint8_t(0) : uint8_t(code | sign);
  if (saturate) return n.largest | sign;
  return n.special == Special::infinity ? uint8_t((n.largest + 1) | sign) : n.special == Special::nan_above ? uint8_t(not_a_number | sign) : not_a_number;
}

constexpr uint8_t kScaleNan = 255;

uint8_t scale_code(double value, bool saturate, ScaleRounding rounding) {
  if (!(value >= 0)) return kScaleNan;
  int code = value > 0 ? -127 : -300;
  if (value > 1e300) code = 300;
  else if (value > 0) {
    int exponent;
    double digits = std::frexp(value, &exponent);  // 0.5 to 1
    bool up = rounding == ScaleRounding::up ? digits > 0.5 : rounding == ScaleRounding::nearest && digits >= 0.75;
    code = exponent - 1 + (up ? 1 : 0);
  }
  code += 127;
  if (code < 0) return saturate ? uint8_t(0) : kScaleNan;
  return code < kScaleNan ? uint8_t(code) : saturate ? uint8_t(kScaleNan - 1) : kScaleNan;
}

}  // namespace

bool is_narrow(DType type) { return find_narrow(type) != nullptr; }
bool is_narrow_integer(DType type) { return is_narrow(type) && type >= DType::i4; }
int narrow_bits(DType type) { return narrow_info(type).bits; }

double narrow_value(DType type, uint8_t code) {
  const NarrowInfo& n = narrow_info(type);
  if (type == DType::f8e8m0) return code == kScaleNan ? kNan : std::ldexp(1.0, int(code) - 127);
  return n.largest ? float_value(n, code) : extend(n, code);
}

uint8_t narrow_code(DType type, double value, bool saturate, ScaleRounding rounding) {
  const NarrowInfo& n = narrow_info(type);
  if (type == DType::f8e8m0) return scale_code(value, saturate, rounding);
  if (n.largest) return float_code(n, value, saturate);
  double whole = std::fabs(value) < 0x1p51 ? std::trunc(value) : 0;
  return uint8_t(extend(n, int(int64_t(whole) & ((1 << n.bits) - 1))));
}

void unpack_narrow(DType type, const std::byte* packed, int64_t count, std::byte* codes) {
  const NarrowInfo& n = narrow_info(type);
  int per_byte = 8 / n.bits;
  for (int64_t i = 0; i < count; ++i) {
    int code = int(packed[i / per_byte]) >> (n.bits * int(i % per_byte)) & ((1 << n.bits) - 1);
    codes[i] = std::byte(n.is_signed ? extend(n, code) : code);
  }
}

}  // namespace prm
