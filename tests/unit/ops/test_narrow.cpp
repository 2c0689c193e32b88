// Types of at most eight bits: codes, values, rounding, and packing.
#include <array>
#include <cmath>

#include "support/catch.h"
#include "tensor/narrow.h"

using namespace prm;

namespace {

constexpr DType kNarrowTypes[] = {DType::f8e4m3fn, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz, DType::f8e8m0,
                                  DType::f4e2m1,   DType::i4,         DType::u4,     DType::i2,         DType::u2};

}  // namespace

TEST_CASE("every code of a narrow type is what its value is rounded to") {
  for (DType type : kNarrowTypes) {
    INFO(info(type).name);
    REQUIRE(is_narrow(type));
    bool is_signed = type == DType::i4 || type == DType::i2;
    for (int code = 0; code < 1 << narrow_bits(type); ++code) {
      double value = narrow_value(type, uint8_t(code));
      uint8_t back = narrow_code(type, value, false);
      if (std::isnan(value)) CHECK(std::isnan(narrow_value(type, back)));
      else if (is_signed) CHECK((back & ((1 << narrow_bits(type)) - 1)) == code);
      else CHECK(int(back) == code);
    }
  }
}

TEST_CASE("narrow floats round to nearest even and keep to their range") {
  CHECK(narrow_value(DType::f8e4m3fn, 0x7e) == 448);
  CHECK(narrow_value(DType::f8e5m2, 0x7b) == 57344);
  CHECK(narrow_value(DType::f4e2m1, 7) == 6);
  CHECK(narrow_code(DType::f8e4m3fn, 17) == narrow_code(DType::f8e4m3fn, 16));  // between 16 and 18: the even one
  CHECK(narrow_code(DType::f8e4m3fn, 19) == narrow_code(DType::f8e4m3fn, 20));
  CHECK(narrow_code(DType::f8e4m3fn, 0x1p-10) == 0);                            // half the least one
  CHECK(narrow_code(DType::f8e4m3fn, 0x1.8p-10) == 1);
  CHECK(narrow_code(DType::f8e4m3fn, 464) == 0x7e);                             // a tie, whose even side is beyond
  CHECK(std::isnan(narrow_value(DType::f8e4m3fn, narrow_code(DType::f8e4m3fn, 465, false))));
  CHECK(narrow_code(DType::f8e5m2, -INFINITY, true) == 0xfb);
  CHECK(narrow_code(DType::f8e5m2, -INFINITY, false) == 0xfc);
  CHECK(narrow_code(DType::f8e4m3fnuz, -0.0) == 0);
  CHECK(narrow_code(DType::f8e4m3fnuz, -0x1p-12) == 0);  // no minus zero to round to
  CHECK(narrow_code(DType::f4e2m1, 100, false) == 7);
}

TEST_CASE("powers of two round up, down and to the nearest") {
  for (auto [value, up, down, near] : {std::array{1.0, 127.0, 127.0, 127.0}, {1.4, 128, 127, 127}, {1.5, 128, 127, 128}, {0.75, 127, 126, 127}, {1e-300, 0, 0, 0}, {1e300, 254, 254, 254}}) {
    CHECK(narrow_code(DType::f8e8m0, value, true, ScaleRounding::up) == up);
    CHECK(narrow_code(DType::f8e8m0, value, true, ScaleRounding::down) == down);
    CHECK(narrow_code(DType::f8e8m0, value, true, ScaleRounding::nearest) == near);
  }
  CHECK(narrow_code(DType::f8e8m0, 1e300, false) == 255);
}

TEST_CASE("narrow integers wrap around, and lie packed from the low bits on") {
  CHECK(narrow_value(DType::i4, narrow_code(DType::i4, 9.7)) == -7);
  CHECK(narrow_value(DType::u2, narrow_code(DType::u2, -1)) == 3);
  CHECK(narrow_code(DType::u4, NAN) == 0);
  CHECK(narrow_code(DType::i4, 1e300) == 0);
  const std::byte packed[] = {std::byte(0x8f), std::byte(0x71)};
  std::byte codes[8];
  unpack_narrow(DType::i4, packed, 3, codes);
  for (auto [i, value] : {std::pair{0, -1}, {1, -8}, {2, 1}}) CHECK(narrow_value(DType::i4, uint8_t(codes[i])) == value);
  unpack_narrow(DType::u2, packed, 7, codes);
  for (auto [i, value] : {std::pair{0, 3}, {1, 3}, {2, 0}, {3, 2}, {4, 1}, {5, 0}, {6, 3}}) CHECK(int(codes[i]) == value);
}
