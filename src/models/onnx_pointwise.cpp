// Operators on single values: activations, arithmetic, comparisons, casts.
#include <limits>

#include "models/onnx_lists.h"
#include "ops/pointwise.h"

namespace prm {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <UnaryKind kind>
void import_unary(OnnxCall& c) {
  c.out(0, c.add(kUnary, UnaryAttr{kind}, {c.in(0)}));
}

void add_unary(OnnxCall& c, UnaryKind kind, double a, double b = 0) { c.out(0, c.add(kUnary, UnaryAttr{kind, 0, a, b}, {c.in(0)})); }

void import_leaky_relu(OnnxCall& c) { add_unary(c, UnaryKind::leaky_relu, c.real("alpha", 0.01f)); }
void import_elu(OnnxCall& c) { add_unary(c, UnaryKind::elu, c.real("alpha", 1)); }
void import_celu(OnnxCall& c) { add_unary(c, UnaryKind::celu, c.real("alpha", 1)); }
void import_selu(OnnxCall& c) { add_unary(c, UnaryKind::selu, c.real("alpha", 1.67326319217681884765625), c.real("gamma", 1.05070102214813232421875)); }
void import_hard_sigmoid(OnnxCall& c) { add_unary(c, UnaryKind::hard_sigmoid, c.real("alpha", 0.2f), c.real("beta", 0.5)); }
void import_thresholded_relu(OnnxCall& c) { add_unary(c, UnaryKind::thresholded_relu, c.real("alpha", 1)); }
void import_shrink(OnnxCall& c) { add_unary(c, UnaryKind::shrink, c.real("lambd", 0.5), c.real("bias", 0)); }
void import_swish(OnnxCall& c) { add_unary(c, UnaryKind::swish, c.real("alpha", 1)); }
void import_gelu(OnnxCall& c) { add_unary(c, c.text("approximate", "none") == "tanh" ? UnaryKind::gelu_tanh : UnaryKind::gelu, 0); }
void import_fast_gelu(OnnxCall& c) {
  ValueId x = c.has(1) ? c.add(kBinary, BinaryAttr{BinaryKind::add}, {c.in(0), c.in(1)}) : c.in(0);
  c.out(0, c.add(kUnary, UnaryAttr{UnaryKind::gelu_tanh}, {x}));
}
void import_bias_gelu(OnnxCall& c) {
  ValueId x = c.add(kBinary, BinaryAttr{BinaryKind::add}, {c.in(0), c.in(1)});
  c.out(0, c.add(kUnary, UnaryAttr{UnaryKind::gelu}, {x}));
}
void import_quick_gelu(OnnxCall& c) { add_unary(c, UnaryKind::swish, c.real("alpha", 1.702f)); }
void import_swiglu(OnnxCall& c) {
  c.need(c.shape(0) == c.shape(1), "its inputs differ in shape");
  ValueId gate = c.add(kUnary, UnaryAttr{UnaryKind::swish, 0, c.real("alpha", 1)}, {c.in(0)});
  c.out(0, c.add(kBinary, BinaryAttr{BinaryKind::mul}, {gate, c.in(1)}));
}
void import_is_inf(OnnxCall& c) { add_unary(c, UnaryKind::isinf, double(c.integer("detect_positive", 1)), double(c.integer("detect_negative", 1))); }

void import_clip(OnnxCall& c) {
  double low = -kInfinity, high = kInfinity;
  if (c.version < 11) {
    low = c.real("min", low), high = c.real("max", high);
  } else {
    bool known = (!c.has(1) || c.is_known(c.in(1))) && (!c.has(2) || c.is_known(c.in(2)));
    if (!known) {
      ValueId x = c.in(0);
      if (c.has(1)) x = c.add(kBinary, BinaryAttr{BinaryKind::max}, {x, c.in(1)});
      if (c.has(2)) x = c.add(kBinary, BinaryAttr{BinaryKind::min}, {x, c.in(2)});
      return c.out(0, x);
    }
    low = c.number(1).value_or(low), high = c.number(2).value_or(high);
  }
  add_unary(c, UnaryKind::clip, low, high);
}

// Before version 7 of the operator set shapes met in another way; 7 is the least that is read.
template <BinaryKind kind>
void import_binary(OnnxCall& c) {
  c.out(0, c.add(kBinary, BinaryAttr{kind}, {c.in(0), c.in(1)}));
}

// Any number of inputs, from left to right.
ValueId join_all(OnnxCall& c, BinaryKind kind) {
  ValueId all = c.in(0);
  for (int i = 1; i < c.inputs(); ++i) all = c.add(kBinary, BinaryAttr{kind}, {all, c.in(i)});
  return all;
}
template <BinaryKind kind>
void import_variadic(OnnxCall& c) {
  c.out(0, join_all(c, kind));
}
void import_mean(OnnxCall& c) {
  ValueId sum = join_all(c, BinaryKind::add);
  c.out(0, c.add(kBinary, BinaryAttr{BinaryKind::div}, {sum, c.scalar(c.dtype(0), c.inputs())}));
}

void import_mod(OnnxCall& c) {
  bool fmod = c.integer("fmod", 0) != 0;
  c.out(0, c.add(kBinary, BinaryAttr{fmod ? BinaryKind::fmod : BinaryKind::mod}, {c.in(0), c.in(1)}));
}

void import_bit_shift(OnnxCall& c) {
  std::string_view direction = c.text("direction", "");
  c.need(direction == "LEFT" || direction == "RIGHT", "direction is neither LEFT nor RIGHT");
  c.out(0, c.add(kBinary, BinaryAttr{direction == "LEFT" ? BinaryKind::shift_left : BinaryKind::shift_right}, {c.in(0), c.in(1)}));
}

// The slope's shape goes onto x's one way: the result has x's.
void import_prelu(OnnxCall& c) {
  c.out(0, c.add(kBinary, BinaryAttr{BinaryKind::prelu}, {c.in(0), c.in(1)}));
  c.need(c.graph()[c.results[0]].shape == c.shape(0), "the slope has more dimensions, or larger ones, than x");
}

void import_where(OnnxCall& c) { c.out(0, c.add(kWhere, {}, {c.in(0), c.in(1), c.in(2)})); }

CastAttr cast_attr(const OnnxCall& c, DType to) {
  CastAttr attr{to};
  attr.saturate = c.integer("saturate", 1) != 0;
  std::string_view rounding = c.text("round_mode", "up");
  c.need(rounding == "up" || rounding == "down" || rounding == "nearest", "round_mode is none of up, down and nearest");
  attr.rounding = rounding == "up" ? ScaleRounding::up : rounding == "down" ? ScaleRounding::down : ScaleRounding::nearest;
  return attr;
}
void import_cast(OnnxCall& c) { c.out(0, c.add(kCast, cast_attr(c, c.given_type(c.integer("to"))), {c.in(0)})); }
void import_cast_like(OnnxCall& c) { c.out(0, c.add(kCast, cast_attr(c, c.dtype(1)), {c.in(0)})); }

constexpr OnnxOperator kOperators[] = {
    {"Abs", import_unary<UnaryKind::abs>},
    {"Neg", import_unary<UnaryKind::neg>},
    {"Sign", import_unary<UnaryKind::sign>},
    {"Relu", import_unary<UnaryKind::relu>},
    {"Clip", import_clip},
    {"BitwiseNot", import_unary<UnaryKind::bit_not>},
    {"Not", import_unary<UnaryKind::not_>},
    {"Exp", import_unary<UnaryKind::exp>},
    {"Log", import_unary<UnaryKind::log>},
    {"Sqrt", import_unary<UnaryKind::sqrt>},
    {"Reciprocal", import_unary<UnaryKind::reciprocal>},
    {"Floor", import_unary<UnaryKind::floor>},
    {"Ceil", import_unary<UnaryKind::ceil>},
    {"Round", import_unary<UnaryKind::round>},
    {"Erf", import_unary<UnaryKind::erf>},
    {"Sin", import_unary<UnaryKind::sin>},
    {"Cos", import_unary<UnaryKind::cos>},
    {"Tan", import_unary<UnaryKind::tan>},
    {"Asin", import_unary<UnaryKind::asin>},
    {"Acos", import_unary<UnaryKind::acos>},
    {"Atan", import_unary<UnaryKind::atan>},
    {"Sinh", import_unary<UnaryKind::sinh>},
    {"Cosh", import_unary<UnaryKind::cosh>},
    {"Tanh", import_unary<UnaryKind::tanh>},
    {"Asinh", import_unary<UnaryKind::asinh>},
    {"Acosh", import_unary<UnaryKind::acosh>},
    {"Atanh", import_unary<UnaryKind::atanh>},
    {"Sigmoid", import_unary<UnaryKind::sigmoid>},
    {"Softplus", import_unary<UnaryKind::softplus>},
    {"Softsign", import_unary<UnaryKind::softsign>},
    {"Mish", import_unary<UnaryKind::mish>},
    {"HardSwish", import_unary<UnaryKind::hard_swish>},
    {"IsNaN", import_unary<UnaryKind::isnan>},
    {"IsInf", import_is_inf},
    {"LeakyRelu", import_leaky_relu},
    {"Elu", import_elu},
    {"Celu", import_celu},
    {"Selu", import_selu},
    {"HardSigmoid", import_hard_sigmoid},
    {"ThresholdedRelu", import_thresholded_relu},
    {"Shrink", import_shrink},
    {"Swish", import_swish},
    {"Gelu", import_gelu},
    {"Gelu", import_gelu, "com.microsoft"},
    {"FastGelu", import_fast_gelu, "com.microsoft"},
    {"BiasGelu", import_bias_gelu, "com.microsoft"},
    {"QuickGelu", import_quick_gelu, "com.microsoft"},
    {"SwiGLU", import_swiglu},
    {"Add", import_binary<BinaryKind::add>},
    {"Sub", import_binary<BinaryKind::sub>},
    {"Mul", import_binary<BinaryKind::mul>},
    {"Div", import_binary<BinaryKind::div>},
    {"Pow", import_binary<BinaryKind::pow>},
    {"Mod", import_mod},
    {"PRelu", import_prelu},
    {"And", import_binary<BinaryKind::logical_and>},
    {"Or", import_binary<BinaryKind::logical_or>},
    {"Xor", import_binary<BinaryKind::logical_xor>},
    {"BitwiseAnd", import_binary<BinaryKind::bit_and>},
    {"BitwiseOr", import_binary<BinaryKind::bit_or>},
    {"BitwiseXor", import_binary<BinaryKind::bit_xor>},
    {"BitShift", import_bit_shift},
    {"Equal", import_binary<BinaryKind::equal>},
    {"Less", import_binary<BinaryKind::less>},
    {"LessOrEqual", import_binary<BinaryKind::less_or_equal>},
    {"Greater", import_binary<BinaryKind::greater>},
    {"GreaterOrEqual", import_binary<BinaryKind::greater_or_equal>},
    {"Sum", import_variadic<BinaryKind::add>},
    {"Min", import_variadic<BinaryKind::min>},
    {"Max", import_variadic<BinaryKind::max>},
    {"Mean", import_mean},
    {"Where", import_where},
    {"Cast", import_cast},
    {"CastLike", import_cast_like},
};

}  // namespace

std::span<const OnnxOperator> onnx_pointwise() { return kOperators; }

}  // namespace prm
