// Linear quantization as ONNX defines it: q = x / scale + zero point, x = (q - zero point) scale; and what finds both from values.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kQuantizeLinear, kDequantizeLinear, kDynamicQuantize;

// quantize_linear: x of floats or i32, scale, [zero point of `type`] -> `type`: integers of at most 16 bits, or a narrow type.
// dequantize_linear: x of dense integers or a narrow type, scale, [zero point of x's type] -> `type`, a float.
// A scale of one value is for the whole tensor; of one dimension, for `axis`; with `block` set it has x's shape, but for `axis`,
// where `block` values have one (the last ones may be fewer). The zero point has the scale's shape.
struct LinearQuantAttr {
  DType type;
  DType precision = DType::f32;  // quantize: the quotient is rounded to it
  bool saturate = true;          // float8
  uint8_t reserved = 0;
  int32_t axis = 0;
  int64_t block = 0;
};

// dynamic_quantize: x f32 -> q u8, scale [] f32, zero point [] u8: the range of x, with 0 in it, becomes 0 to 255.

}  // namespace prm
