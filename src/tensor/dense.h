// Dense types as C++ types: what references over any of them are written with.
#pragma once
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "base/half.h"
#include "base/numeric.h"
#include "tensor/tensor.h"

namespace prm {

// Halves and bfloat16 as types of their own, so that overloads tell them from integers.
struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};

// Wide: what values of T are computed in: double for floats, 64-bit integers of their sign for integers, uint64_t for bool.
template <class T>
struct Dense {
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
  static Wide load(T value) { return Wide(value); }
  static T store(Wide value) { return T(value); }  // integers wrap around; floats are rounded to nearest even
};
template <>
struct Dense<bool> {
  using Wide = uint64_t;
  static Wide load(bool value) { return value; }
  static bool store(Wide value) { return value != 0; }
};
template <>
struct Dense<Half> {
  using Wide = double;
  static Wide load(Half value) { return double(half_to_float(value.bits)); }
  static Half store(Wide value) { return {float_to_half(float(value))}; }
};
template <>
struct Dense<BFloat> {
  using Wide = double;
  static Wide load(BFloat value) { return double(bf16_to_float(value.bits)); }
  static BFloat store(Wide value) { return {float_to_bf16(float(value))}; }
};

inline bool is_float(DType type) { return type == DType::f32 || type == DType::f64 || type == DType::f16 || type == DType::bf16; }
inline bool is_dense(DType type) { return info(type).block == 1 && type < DType::f8e4m3fn; }  // narrow types stand behind the others
inline bool is_movable(DType type) { return info(type).block == 1; }  // for ops that move values and do not look at them
inline bool is_integer(DType type) { return is_dense(type) && !is_float(type) && type != DType::boolean; }

// Floats to integers towards zero; beyond the range: the nearest end; NaN: 0.
template <class To>
To from_double(double x) {
  if constexpr (std::is_same_v<typename Dense<To>::Wide, double>) return Dense<To>::store(x);
  else if constexpr (std::is_same_v<To, bool>) return x != 0;
  else {
    if (x != x) return 0;
    constexpr double kLeast = double(std::numeric_limits<To>::min()), kMost = double(std::numeric_limits<To>::max());
    return x <= kLeast ? std::numeric_limits<To>::min() : x >= kMost ? std::numeric_limits<To>::max() : To(x);
  }
}
// The same, with integers rounded to nearest even.
template <class To>
To rounded_to(double x) {
  if constexpr (std::is_same_v<typename Dense<To>::Wide, double> || std::is_same_v<To, bool>) return from_double<To>(x);
  else return from_double<To>(std::fabs(x) < 0x1p51 ? nearest(x) : x);
}

// Calls fn.template operator()<T>() with the C++ type of a dense type.
template <class Fn>
decltype(auto) visit_dense(DType type, Fn&& fn) {
  switch (type) {
    case DType::f32: return fn.template operator()<float>();
    case DType::f64: return fn.template operator()<double>();
    case DType::f16: return fn.template operator()<Half>();
    case DType::bf16: return fn.template operator()<BFloat>();
    case DType::i8: return fn.template operator()<int8_t>();
    case DType::u8: return fn.template operator()<uint8_t>();
    case DType::i16: return fn.template operator()<int16_t>();
    case DType::u16: return fn.template operator()<uint16_t>();
    case DType::i32: return fn.template operator()<int32_t>();
    case DType::u32: return fn.template operator()<uint32_t>();
    case DType::i64: return fn.template operator()<int64_t>();
    case DType::u64: return fn.template operator()<uint64_t>();
    case DType::boolean: return fn.template operator()<bool>();
    default: fail(Status::internal, "{} is not a dense type", info(type).name);
  }
}

// An unsigned integer of the size of a value: what ops move that only move.
template <class Fn>
decltype(auto) visit_width(DType type, Fn&& fn) {
  switch (info(type).bytes) {
    case 1: return fn.template operator()<uint8_t>();
    case 2: return fn.template operator()<uint16_t>();
    case 4: return fn.template operator()<uint32_t>();
    default: return fn.template operator()<uint64_t>();
  }
}

// One value of an integer tensor (indices, sizes); bool counts as one.
inline int64_t load_integer(const Tensor& t, int64_t index) {
  return visit_dense(t.dtype, [&]<class T>() { return int64_t(Dense<T>::load(t.as<T>()[index])); });
}

// An index into a dimension of `extent`, which may count from its end (i32 or i64); -1: it is none.
inline bool is_index(DType type) { return type == DType::i32 || type == DType::i64; }
inline int64_t load_index(const Tensor& t, int64_t at, int64_t extent) {
  int64_t index = t.dtype == DType::i32 ? int64_t(t.as<int32_t>()[at]) : t.as<int64_t>()[at];
  if (index < 0) index += extent;
  return index >= 0 && index < extent ? index : -1;
}

}  // namespace prm
