// Blocked values (ops/blocked.h) of 8 bits: q stands for (q - zero) scale. passes/keep_bytes.cpp turns quantized networks into these.
#pragma once
#include "ops/codes_u8.h"

namespace prm {

extern const Op kConvU8, kSumU8, kQuantizeBlocked, kDequantizeBlocked;

// conv_u8: x [N, C/16, spatial..., 16] u8, w [O, C/group, kernel...] i8, factor and shift [O filled up to 16] f32
//   -> [N, O/16, spatial..., 16], y = activated(sum * factor + shift) of exact sums of x w, where padding is worth x_zero.
//   f32 where to.scale is 0, else u8, min(255, max(0, nearest(y / scale) + zero)). Groups are whole blocks. It has a ConvU8Attr.
// quantize_blocked: x blocked f32 -> u8; dequantize_blocked: the other way. Both have a Quantum.
// sum_u8: a, b blocked u8 -> u8 of activated(a + b)
struct SumU8Attr {
  Quantum of_a, of_b, to;
  Activation act;
  float a, b;
};

}  // namespace prm
