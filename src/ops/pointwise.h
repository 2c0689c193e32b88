// Functions of single values: of one tensor, of two and three with broadcasting, and casts.
#pragma once
#include "ops/ops.h"
#include "tensor/narrow.h"

namespace prm {

extern const Op kUnary, kBinary, kCast;
extern const Op kWhere;  // condition bool, a, b of one type -> their broadcast shape

// a, b: parameters of some kinds. Of integers only those marked so; bool for not_; isnan and isinf give bool.
enum class UnaryKind : int32_t {
  abs, neg, sign,            // also of integers
  relu, clip,                // clip: between a and b; also of integers
  bit_not,                   // of integers
  not_,                      // of bool
  exp, log, sqrt, reciprocal, floor, ceil, round, erf,
  sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh,
  sigmoid, softplus, softsign, mish,
  gelu, gelu_tanh,           // x Phi(x), and its form by tanh (Hendrycks and Gimpel, 2016)
  swish,                     // x sigmoid(a x)
  hard_sigmoid,              // max(0, min(1, a x + b))
  hard_swish,                // x max(0, min(1, x / 6 + 1/2))
  leaky_relu, elu, celu,     // a: the slope, or alpha
  selu,                      // a: alpha, b: gamma
  thresholded_relu,          // x where x > a, else 0
  shrink,                    // x + b below -a, x - b above a, else 0
  isnan, isinf,              // isinf: a: +infinity counts, b: -infinity
  kinds
};
struct UnaryAttr {
  UnaryKind kind;
  int32_t reserved = 0;
  double a = 0, b = 0;
};

enum class BinaryKind : int32_t {
  add, sub, mul, div, pow, min, max,  // of integers, div rounds towards zero, and by zero gives 0
  mod,                                // the sign of the divisor, as Python
  fmod,                               // the sign of the dividend, as C
  prelu,                              // x where x >= 0, else x times slope
  bit_and, bit_or, bit_xor, shift_left, shift_right,  // of integers; shifts right keep the sign
  logical_and, logical_or, logical_xor,               // of bool
  equal, less, less_or_equal, greater, greater_or_equal,  // give bool
  kinds
};
struct BinaryAttr {
  BinaryKind kind;
};

const char* unary_name(UnaryKind kind);
const char* binary_name(BinaryKind kind);

// x of any shape -> the same shape
ValueId unary(Graph& g, ValueId x, const UnaryAttr& attr, const String& name);
// a, b of one type (pow: b of any) -> their broadcast shape
ValueId binary(Graph& g, ValueId a, ValueId b, BinaryKind kind, const String& name);

// From any dense type to any: floats to integers towards zero (beyond the range: the nearest end; NaN: 0), integers to narrower
// ones wrap around, anything but zero is true. To narrow types as narrow_code says.
struct CastAttr {
  DType to;
  bool saturate = true;
  uint8_t reserved[2] = {};
  ScaleRounding rounding = ScaleRounding::up;
};

}  // namespace prm
