// Operators that quantize, and operators on quantized values.
#include "models/onnx_lists.h"
#include "ops/linear_quant.h"
#include "tensor/dense.h"

namespace prm {

namespace {

// What both operators have: an axis, which one scale does not ask for, and blocks.
LinearQuantAttr linear_attr(const OnnxCall& c, DType type) {
  LinearQuantAttr attr{type};
  attr.block = c.version >= 21 ? c.integer("block_size", 0) : 0;
  c.need(attr.block >= 0, "a block_size below 0");
  const Shape &x = c.shape(0), &scale = c.shape(1);
  bool one = scale.rank == 0 || (scale.rank == 1 && scale[0] == Dim(1));
  int64_t axis = c.integer("axis", 1);
  if (x.rank == 1 && axis == 1) axis = 0;
  if (!one || attr.block) attr.axis = c.axis(axis, x.rank);
  return attr;
}

Vector<ValueId> linear_inputs(const OnnxCall& c) {
  Vector<ValueId> in{c.in(0), c.in(1)};
  if (c.has(2)) in.push_back(c.in(2));
  return in;
}

void import_quantize(OnnxCall& c) {
  int64_t given = c.version >= 21 ? c.integer("output_dtype", 0) : 0;
  DType type = c.has(2) ? c.dtype(2) : given ? c.given_type(given) : DType::u8;
  c.need(!given || c.given_type(given) == type, "output_dtype is not the zero point's type");
  LinearQuantAttr attr = linear_attr(c, type);
  int64_t precision = c.version >= 23 ? c.integer("precision", 0) : 0;
  attr.precision = precision ? c.given_type(precision) : c.dtype(1);
  attr.saturate = c.integer("saturate", 1) != 0;
  if (!is_float(attr.precision)) attr.precision = DType::f32;
  c.out(0, c.add(kQuantizeLinear, attr, linear_inputs(c)));
}

void import_dequantize(OnnxCall& c) {
  int64_t given = c.version >= 23 ? c.integer("output_dtype", 0) : 0;
  c.out(0, c.add(kDequantizeLinear, linear_attr(c, given ? c.given_type(given) : c.dtype(1)), linear_inputs(c)));
}

void import_dynamic_quantize(OnnxCall& c) {
  Vector<ValueId> made = c.add_all(kDynamicQuantize, {}, {c.in(0)});
  for (int i = 0; i < 3; ++i) c.out(i, made[size_t(i)]);
}

constexpr OnnxOperator kOperators[] = {
    {"QuantizeLinear", import_quantize},
    {"DequantizeLinear", import_dequantize},
    {"DynamicQuantizeLinear", import_dynamic_quantize},
    {"QuantizeLinear", import_quantize, "com.microsoft"},
    {"DequantizeLinear", import_dequantize, "com.microsoft"},
};

}  // namespace

std::span<const OnnxOperator> onnx_quant() { return kOperators; }

}  // namespace prm
