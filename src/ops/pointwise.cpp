#include "ops/pointwise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/numeric.h"
#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

constexpr const char* kUnaryNames[] = {
    "abs", "neg", "sign", "relu", "clip", "bit_not", "not", "exp", "log", "sqrt", "reciprocal", "floor", "ceil", "round", "erf",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid", "softplus", "softsign", "mish",
    "gelu", "gelu_tanh", "swish", "hard_sigmoid", "hard_swish", "leaky_relu", "elu", "celu", "selu", "thresholded_relu", "shrink", "isnan", "isinf"};
static_assert(std::size(kUnaryNames) == size_t(UnaryKind::kinds));

constexpr const char* kBinaryNames[] = {
    "add", "sub", "mul", "div", "pow", "min", "max", "mod", "fmod", "prelu", "bit_and", "bit_or", "bit_xor", "shift_left", "shift_right",
    "logical_and", "logical_or", "logical_xor", "equal", "less", "less_or_equal", "greater", "greater_or_equal"};
static_assert(std::size(kBinaryNames) == size_t(BinaryKind::kinds));

bool gives_bool(UnaryKind kind) { return kind == UnaryKind::isnan || kind == UnaryKind::isinf; }
bool gives_bool(BinaryKind kind) { return kind >= BinaryKind::equal; }
bool takes_integers(UnaryKind kind) { return kind <= UnaryKind::bit_not; }

// ---- one tensor ------------------------------------------------------------------------------------------------------

void infer_unary(ShapeRule& r) {
  r.need(r.inputs() == 1, "needs one input");
  UnaryKind kind = r.at<UnaryAttr>().kind;
  DType type = r.x(0).dtype;
  bool fits = kind == UnaryKind::not_ ? type == DType::boolean : kind == UnaryKind::bit_not ? is_integer(type) : is_float(type) || (takes_integers(kind) && is_integer(type));
  r.need(fits, "is not for values of this type");
  r.out = {{gives_bool(kind) ? DType::boolean : type, r.shape(0)}};
}

double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double sigmoid_of(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double unit_clamp(double x) { return x < 0 ? 0.0 : x > 1 ? 1.0 : x; }

double unary_value(const UnaryAttr& u, double x) {
  switch (u.kind) {
    case UnaryKind::abs: return std::fabs(x);
    case UnaryKind::neg: return -x;
    case UnaryKind::sign: return x > 0 ? 1 : x < 0 ? -1 : x;
    case UnaryKind::relu: return x < 0 ? 0 : x;
    case UnaryKind::clip: return x != x ? x : std::min(std::max(x, u.a), u.b);
    case UnaryKind::exp: return std::exp(x);
    case UnaryKind::log: return std::log(x);
    case UnaryKind::sqrt: return std::sqrt(x);
    case UnaryKind::reciprocal: return 1 / x;
    case UnaryKind::floor: return std::floor(x);
    case UnaryKind::ceil: return std::ceil(x);
    case UnaryKind::round: return std::fabs(x) < 0x1p51 ? std::copysign(nearest(x), x) : x;
    case UnaryKind::erf: return std::erf(x);
    case UnaryKind::sin: return std::sin(x);
    case UnaryKind::cos: return std::cos(x);
    case UnaryKind::tan: return std::tan(x);
    case UnaryKind::asin: return std::asin(x);
    case UnaryKind::acos: return std::acos(x);
    case UnaryKind::atan: return std::atan(x);
    case UnaryKind::sinh: return std::sinh(x);
    case UnaryKind::cosh: return std::cosh(x);
    case UnaryKind::tanh: return std::tanh(x);
    case UnaryKind::asinh: return std::asinh(x);
    case UnaryKind::acosh: return std::acosh(x);
    case UnaryKind::atanh: return std::atanh(x);
    case UnaryKind::sigmoid: return sigmoid_of(x);
    case UnaryKind::softplus: return softplus_of(x);
    case UnaryKind::softsign: return x / (1 + std::fabs(x));
    case UnaryKind::mish: return x * std::tanh(softplus_of(x));
    case UnaryKind::gelu: return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440));
    case UnaryKind::gelu_tanh: return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case UnaryKind::swish: return x * sigmoid_of(u.a * x);
    case UnaryKind::hard_sigmoid: return unit_clamp(u.a * x + u.b);
    case UnaryKind::hard_swish: return x * unit_clamp(x / 6 + 0.5);
    case UnaryKind::leaky_relu: return x < 0 ? u.a * x : x;
    case UnaryKind::elu: return x < 0 ? u.a * std::expm1(x) : x;
    case UnaryKind::celu: return std::max(0.0, x) + std::min(0.0, u.a * std::expm1(x / u.a));
    case UnaryKind::selu: return u.b * (x > 0 ? x : u.a * std::expm1(x));
    case UnaryKind::thresholded_relu: return x > u.a ? x : 0;
    case UnaryKind::shrink: return x < -u.a ? x + u.b : x > u.a ? x - u.b : 0;
    case UnaryKind::isnan: return x != x;
    case UnaryKind::isinf: return (x > 0 ? u.a : u.b) != 0 && std::fabs(x) == std::numeric_limits<double>::infinity();
    default: fail(Status::internal, "unary: a kind that is not of floats");
  }
}

template <class Wide>
Wide clamp_integer(Wide x, double low, double high) {
  auto limit = [](double bound) {
    constexpr double kLeast = double(std::numeric_limits<Wide>::min()), kMost = double(std::numeric_limits<Wide>::max());
    return bound <= kLeast ? std::numeric_limits<Wide>::min() : bound >= kMost ? std::numeric_limits<Wide>::max() : Wide(bound);
  };
  return std::min(std::max(x, limit(low)), limit(high));
}

// uint64_t in between: the least integer has no opposite, and stays what it is.
template <class Wide>
Wide unary_integer(const UnaryAttr& u, Wide x) {
  switch (u.kind) {
    case UnaryKind::abs: return x < 0 ? Wide(0 - uint64_t(x)) : x;
    case UnaryKind::neg: return Wide(0 - uint64_t(x));
    case UnaryKind::sign: return Wide(x > 0 ? 1 : x < 0 ? -1 : 0);
    case UnaryKind::relu: return x < 0 ? 0 : x;
    case UnaryKind::clip: return clamp_integer(x, u.a, u.b);
    case UnaryKind::bit_not: return ~x;
    case UnaryKind::not_: return !x;
    default: fail(Status::internal, "unary: a kind that is not of integers");
  }
}

void reference_unary(const OpArgs& a) {
  auto attr = a.at<UnaryAttr>();
  int64_t count = a.y().count();
  visit_dense(a.x(0).dtype, [&]<class T>() {
    const T* x = a.x(0).as<T>();
    if (gives_bool(attr.kind)) {
      for (int64_t i = 0; i < count; ++i) a.y().as<bool>()[i] = unary_value(attr, double(Dense<T>::load(x[i]))) != 0;
      return;
    }
    T* y = a.y().as<T>();
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) y[i] = Dense<T>::store(unary_value(attr, Dense<T>::load(x[i])));
      else y[i] = Dense<T>::store(unary_integer(attr, Dense<T>::load(x[i])));
    }
  });
}

// ---- two and three tensors -------------------------------------------------------------------------------------------

void infer_binary(ShapeRule& r) {
  BinaryKind kind = r.at<BinaryAttr>().kind;
  r.need(r.inputs() == 2, "needs two inputs");
  DType type = r.x(0).dtype;
  r.need(type == r.x(1).dtype || (kind == BinaryKind::pow && is_dense(r.x(1).dtype)), "needs two inputs of one type");
  bool logical = kind >= BinaryKind::logical_and && kind <= BinaryKind::logical_xor, bits = kind >= BinaryKind::bit_and && kind <= BinaryKind::shift_right;
  bool fits = logical ? type == DType::boolean : bits ? is_integer(type) : kind == BinaryKind::equal ? is_dense(type) : is_float(type) || is_integer(type);
  r.need(fits, "is not for values of this type");
  r.out = {{gives_bool(kind) ? DType::boolean : type, broadcast_shape(r, r.shape(0), r.shape(1))}};
}

double floor_mod(double a, double b) {
  double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double binary_value(BinaryKind kind, double a, double b) {
  switch (kind) {
    case BinaryKind::add: return a + b;
    case BinaryKind::sub: return a - b;
    case BinaryKind::mul: return a * b;
    case BinaryKind::div: return a / b;
    case BinaryKind::pow: return std::pow(a, b);
    case BinaryKind::min: return a != a || b != b ? a + b : std::min(a, b);
    case BinaryKind::max: return a != a || b != b ? a + b : std::max(a, b);
    case BinaryKind::mod: return floor_mod(a, b);
    case BinaryKind::fmod: return std::fmod(a, b);
    case BinaryKind::prelu: return a < 0 ? a * b : a;
    case BinaryKind::equal: return a == b;
    case BinaryKind::less: return a < b;
    case BinaryKind::less_or_equal: return a <= b;
    case BinaryKind::greater: return a > b;
    case BinaryKind::greater_or_equal: return a >= b;
    default: fail(Status::internal, "binary: a kind that is not of floats");
  }
}

template <class Wide>
Wide divide_integer(Wide a, Wide b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<Wide>)
    if (b == -1) return Wide(0 - uint64_t(a));  // the least integer has no opposite
  return a / b;
}

template <class Wide>
Wide integer_rest(Wide a, Wide b, bool floored) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<Wide>)
    if (b == -1) return 0;
  Wide rest = a % b;
  return floored && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

uint64_t integer_power(uint64_t base, uint64_t exponent) {
  uint64_t power = 1;
  for (; exponent; exponent >>= 1, base *= base)
    if (exponent & 1) power *= base;
  return power;
}

template <class Wide>
Wide binary_integer(BinaryKind kind, Wide a, Wide b, int bits) {
  switch (kind) {
    case BinaryKind::add: return Wide(uint64_t(a) + uint64_t(b));
    case BinaryKind::sub: return Wide(uint64_t(a) - uint64_t(b));
    case BinaryKind::mul: return Wide(uint64_t(a) * uint64_t(b));
    case BinaryKind::div: return divide_integer(a, b);
    case BinaryKind::pow: return b < 0 ? Wide(a == 1 ? 1 : 0) : Wide(integer_power(uint64_t(a), uint64_t(b)));
    case BinaryKind::min: return std::min(a, b);
    case BinaryKind::max: return std::max(a, b);
    case BinaryKind::mod: return integer_rest(a, b, true);
    case BinaryKind::fmod: return integer_rest(a, b, false);
    case BinaryKind::prelu: return a < 0 ? Wide(uint64_t(a) * uint64_t(b)) : a;
    case BinaryKind::bit_and: case BinaryKind::logical_and: return a & b;
    case BinaryKind::bit_or: case BinaryKind::logical_or: return a | b;
    case BinaryKind::bit_xor: case BinaryKind::logical_xor: return a ^ b;
    case BinaryKind::shift_left: return uint64_t(b) < uint64_t(bits) ? Wide(uint64_t(a) << uint64_t(b)) : 0;
    case BinaryKind::shift_right: return Wide(a >> std::min<uint64_t>(uint64_t(b), uint64_t(bits) - 1) >> (uint64_t(b) >= uint64_t(bits)));
    case BinaryKind::equal: return a == b;
    case BinaryKind::less: return a < b;
    case BinaryKind::less_or_equal: return a <= b;
    case BinaryKind::greater: return a > b;
    case BinaryKind::greater_or_equal: return a >= b;
    default: fail(Status::internal, "binary: a kind that is not of integers");
  }
}

// One pair; the second operand of pow may be of another type.
template <class T>
typename Dense<T>::Wide binary_pair(BinaryKind kind, T a, const Tensor& b, int64_t at) {
  using Wide = typename Dense<T>::Wide;
  if (is_float(b.dtype)) {
    return Dense<T>::load(from_double<T>(binary_value(kind, double(Dense<T>::load(a)), load_value(b, at))));
  }
  int64_t other = load_integer(b, at);
  if constexpr (std::is_same_v<Wide, double>) return binary_value(kind, Dense<T>::load(a), double(other));
  else return binary_integer(kind, Dense<T>::load(a), Wide(other), int(sizeof(T)) * 8);
}

void reference_binary(const OpArgs& args) {
  BinaryKind kind = args.at<BinaryAttr>().kind;
  if (!args.y().count()) return;
  Walk<2> walk(args.y());
  broadcast_strides(args.x(0), args.y(), walk.stride[0]);
  broadcast_strides(args.x(1), args.y(), walk.stride[1]);
  visit_dense(args.x(0).dtype, [&]<class T>() {
    const T* a = args.x(0).as<T>();
    int64_t i = 0;
    do {
      auto value = binary_pair(kind, a[walk.offset[0]], args.x(1), walk.offset[1]);
      if (gives_bool(kind)) args.y().as<bool>()[i++] = value != 0;
      else args.y().as<T>()[i++] = Dense<T>::store(value);
    } while (walk.next());
  });
}

void infer_where(ShapeRule& r) {
  r.need(r.inputs() == 3 && r.x(0).dtype == DType::boolean && r.x(1).dtype == r.x(2).dtype && is_dense(r.x(1).dtype), "needs a condition of bool and two inputs of one type");
  r.out = {{r.x(1).dtype, broadcast_shape(r, broadcast_shape(r, r.shape(1), r.shape(2)), r.shape(0))}};
}

void reference_where(const OpArgs& a) {
  if (!a.y().count()) return;
  Walk<3> walk(a.y());
  for (int i = 0; i < 3; ++i) broadcast_strides(a.x(i), a.y(), walk.stride[i]);
  visit_width(a.y().dtype, [&]<class T>() {
    int64_t i = 0;
    do a.y().as<T>()[i++] = a.x(0).as<bool>()[walk.offset[0]] ? a.x(1).as<T>()[walk.offset[1]] : a.x(2).as<T>()[walk.offset[2]];
    while (walk.next());
  });
}

// ---- casts -----------------------------------------------------------------------------------------------------------

void infer_cast(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_movable(r.x(0).dtype) && is_movable(r.at<CastAttr>().to), "needs one input and a type to cast to, neither of blocks");
  r.out = {{r.at<CastAttr>().to, r.shape(0)}};
}

// Integers are cut to their low bits first, which a double holds.
void cast_to_narrow(const OpArgs& a) {
  auto attr = a.at<CastAttr>();
  int64_t count = a.y().count();
  bool cut = is_integer(a.x(0).dtype) && is_narrow_integer(attr.to);
  for (int64_t i = 0; i < count; ++i) {
    double value = cut ? double(load_integer(a.x(0), i) & 15) : load_value(a.x(0), i);
    a.y().as<uint8_t>()[i] = narrow_code(attr.to, value, attr.saturate, attr.rounding);
  }
}

void reference_cast(const OpArgs& a) {
  int64_t count = a.y().count();
  if (is_narrow(a.y().dtype)) return cast_to_narrow(a);
  if (is_narrow(a.x(0).dtype)) {
    visit_dense(a.y().dtype, [&]<class To>() {
      for (int64_t i = 0; i < count; ++i) a.y().as<To>()[i] = from_double<To>(narrow_value(a.x(0).dtype, a.x(0).as<uint8_t>()[i]));
    });
    return;
  }
  visit_dense(a.x(0).dtype, [&]<class From>() {
    visit_dense(a.y().dtype, [&]<class To>() {
      const From* x = a.x(0).as<From>();
      To* y = a.y().as<To>();
      for (int64_t i = 0; i < count; ++i) {
        auto wide = Dense<From>::load(x[i]);
        if constexpr (std::is_same_v<decltype(wide), double>) y[i] = from_double<To>(wide);
        else y[i] = Dense<To>::store(typename Dense<To>::Wide(wide));
      }
    });
  });
}

Cost cost_pointwise(const OpArgs& a) { return cost_of_values(a, 1); }
Cost cost_function(const OpArgs& a) { return cost_of_values(a, 10); }

}  // namespace

const Op kUnary{.name = "unary", .infer = infer_unary, .cost = cost_function, .reference = reference_unary};
const Op kBinary{.name = "binary", .infer = infer_binary, .cost = cost_pointwise, .reference = reference_binary};
const Op kWhere{.name = "where", .infer = infer_where, .cost = cost_pointwise, .reference = reference_where};
const Op kCast{.name = "cast", .infer = infer_cast, .cost = cost_pointwise, .reference = reference_cast};

const char* unary_name(UnaryKind kind) { return kUnaryNames[int(kind)]; }
const char* binary_name(BinaryKind kind) { return kBinaryNames[int(kind)]; }

ValueId unary(Graph& g, ValueId x, const UnaryAttr& attr, const String& name) { return g.node(kUnary, attr, {x}, name); }
ValueId binary(Graph& g, ValueId a, ValueId b, BinaryKind kind, const String& name) { return g.node(kBinary, BinaryAttr{kind}, {a, b}, name); }

}  // namespace prm
