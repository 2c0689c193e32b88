#include "ops/linear_quant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/numeric.h"
#include "tensor/dense.h"
#include "tensor/narrow.h"
#include "tensor/walk.h"

namespace prm {

namespace {

struct Range {
  double least = 0, most = 0;
};

// Integers that values are quantized to; both 0: the type is none of them.
Range quantized_range(DType type) {
  if (is_narrow_integer(type)) {
    int bits = narrow_bits(type);
    bool is_signed = type == DType::i4 || type == DType::i2;
    return is_signed ? Range{double(-(1 << (bits - 1))), double((1 << (bits - 1)) - 1)} : Range{0, double((1 << bits) - 1)};
  }
  switch (type) {
    case DType::i8: return {-128, 127};
    case DType::u8: return {0, 255};
    case DType::i16: return {-32768, 32767};
    case DType::u16: return {0, 65535};
    default: return {};
  }
}

void need_scale(const ShapeRule& r, const LinearQuantAttr& attr) {
  const Shape &x = r.shape(0), &scale = r.shape(1);
  r.need(is_float(r.x(1).dtype) || r.x(1).dtype == DType::f8e8m0, "needs a scale of floats");
  auto is_one = [](const Shape& shape) { return shape.rank == 0 || (shape.rank == 1 && shape[0] == Dim(1)); };
  bool one = is_one(scale);
  r.need(r.inputs() == 2 || r.shape(2) == scale || (one && is_one(r.shape(2))), "needs a zero point of the scale's shape");
  if (one && !attr.block) return;
  r.need(attr.axis >= 0 && attr.axis < x.rank, "needs an axis of x");
  if (!attr.block) return r.need(scale.rank == 1 && scale[0] == x[attr.axis], "needs one scale, or one for each index of the axis");
  r.need(attr.block > 0 && scale.rank == x.rank, "needs a scale with as many dimensions as x, and blocks above 0");
  for (int i = 0; i < x.rank; ++i) {
    if (i != attr.axis) r.need(scale[i] == x[i], "needs a scale with x's shape but for the axis of blocks");
    else r.need(x[i].literal() && scale[i] == Dim(x[i].value / attr.block + (x[i].value % attr.block ? 1 : 0)), "needs a scale for each block of the axis");
  }
}

// Walks over x's values and the scale that each of them has.
struct ScaleWalk {
  Walk<1> walk;
  int axis;
  int64_t block, step = 0;

  ScaleWalk(const Tensor& over, const Tensor& scale, const LinearQuantAttr& attr) : walk(over), axis(attr.axis), block(attr.block) {
    if (block) {
      dense_strides(scale, walk.stride[0]);
      step = walk.stride[0][axis];
      walk.stride[0][axis] = 0;
    } else if (scale.count() > 1) {
      walk.stride[0][axis] = 1;
    }
  }
  int64_t at() const { return walk.offset[0] + (block ? walk.index[axis] / block * step : 0); }
};

double rounded_to(DType type, double value) {
  if (type == DType::f16) return double(half_to_float(float_to_half(float(value))));
  if (type == DType::bf16) return double(bf16_to_float(float_to_bf16(float(value))));
  return type == DType::f32 ? double(float(value)) : value;
}

// To the nearest integer, then into the range; NaN becomes the zero point.
double quantized(double value, double zero, Range range) {
  if (value != value) value = 0;
  if (std::fabs(value) < 0x1p51) value = nearest(value);
  return std::min(std::max(value + zero, range.least), range.most);
}

void store_quantized(const Tensor& y, int64_t i, double value, bool saturate) {
  switch (y.dtype) {
    case DType::i8: y.as<int8_t>()[i] = int8_t(value); break;
    case DType::u8: y.as<uint8_t>()[i] = uint8_t(value); break;
    case DType::i16: y.as<int16_t>()[i] = int16_t(value); break;
    case DType::u16: y.as<uint16_t>()[i] = uint16_t(value); break;
    default: y.as<uint8_t>()[i] = narrow_code(y.dtype, value, saturate);
  }
}

// ---- quantize_linear -------------------------------------------------------------------------------------------------

void infer_quantize_linear(ShapeRule& r) {
  auto attr = r.at<LinearQuantAttr>();
  r.need(r.inputs() == 2 || r.inputs() == 3, "needs x, a scale, and a zero point or none");
  r.need(is_float(r.x(0).dtype) || r.x(0).dtype == DType::i32, "needs x of floats or i32");
  r.need(quantized_range(attr.type).most > 0 || is_narrow(attr.type), "needs a type to quantize to: an integer of at most 16 bits, or a narrow type");
  r.need(r.inputs() == 2 || r.x(2).dtype == attr.type, "needs a zero point of the type to quantize to");
  r.need(is_float(attr.precision), "needs a float to divide in");
  need_scale(r, attr);
  r.out = {{attr.type, r.shape(0)}};
}

void reference_quantize_linear(const OpArgs& a) {
  if (!a.y().count()) return;
  auto attr = a.at<LinearQuantAttr>();
  Range range = quantized_range(attr.type);
  ScaleWalk at(a.x(0), a.x(1), attr);
  int64_t i = 0;
  do {
    double zero = a.in[2] ? load_value(a.x(2), at.at()) : 0;
    double value = rounded_to(attr.precision, load_value(a.x(0), i) / load_value(a.x(1), at.at()));
    store_quantized(a.y(), i++, range.most > 0 ? quantized(value, zero, range) : value + zero, attr.saturate);
  } while (at.walk.next());
}

// ---- dequantize_linear -----------------------------------------------------------------------------------------------

void infer_dequantize_linear(ShapeRule& r) {
  auto attr = r.at<LinearQuantAttr>();
  r.need(r.inputs() == 2 || r.inputs() == 3, "needs x, a scale, and a zero point or none");
  r.need(is_integer(r.x(0).dtype) || is_narrow(r.x(0).dtype), "needs x of integers or a narrow type");
  r.need(is_float(attr.type), "needs a float to dequantize to");
  r.need(r.inputs() == 2 || r.x(2).dtype == r.x(0).dtype, "needs a zero point of x's type");
  need_scale(r, attr);
  r.out = {{attr.type, r.shape(0)}};
}

void reference_dequantize_linear(const OpArgs& a) {
  if (!a.y().count()) return;
  ScaleWalk at(a.x(0), a.x(1), a.at<LinearQuantAttr>());
  visit_dense(a.y().dtype, [&]<class T>() {
    int64_t i = 0;
    do {
      double zero = a.in[2] ? load_value(a.x(2), at.at()) : 0;
      double value = (load_value(a.x(0), i) - zero) * load_value(a.x(1), at.at());
      if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) a.y().as<T>()[i] = Dense<T>::store(value);
      ++i;
    } while (at.walk.next());
  });
}

// ---- dynamic_quantize ------------------------------------------------------------------------------------------------

void infer_dynamic_quantize(ShapeRule& r) {
  r.need(r.inputs() == 1 && r.x(0).dtype == DType::f32, "needs one input of f32");
  r.out = {{DType::u8, r.shape(0)}, {DType::f32, {}}, {DType::u8, {}}};
}

// All zeros, or values that are not finite: a scale of 1.
void reference_dynamic_quantize(const OpArgs& a) {
  const float* x = a.x(0).as<float>();
  int64_t count = a.x(0).count();
  float least = 0, most = 0;
  for (int64_t i = 0; i < count; ++i) least = std::min(least, x[i]), most = std::max(most, x[i]);
  constexpr Range kBytes{0, 255};
  float scale = (most - least) / 255;
  if (!(scale > 0) || scale > std::numeric_limits<float>::max()) scale = 1;
  double zero = quantized(double(-least / scale), 0, kBytes);
  *a.y(1).as<float>() = scale;
  *a.y(2).as<uint8_t>() = uint8_t(zero);
  for (int64_t i = 0; i < count; ++i) a.y().as<uint8_t>()[i] = uint8_t(quantized(double(x[i] / scale), zero, kBytes));
}

Cost cost_linear(const OpArgs& a) { return cost_of_values(a, 3); }

}  // namespace

const Op kQuantizeLinear{.name = "quantize_linear", .infer = infer_quantize_linear, .cost = cost_linear, .reference = reference_quantize_linear};
const Op kDequantizeLinear{.name = "dequantize_linear", .infer = infer_dequantize_linear, .cost = cost_linear, .reference = reference_dequantize_linear, .decodes = true};
const Op kDynamicQuantize{.name = "dynamic_quantize", .infer = infer_dynamic_quantize, .cost = cost_linear, .reference = reference_dynamic_quantize};

}  // namespace prm
