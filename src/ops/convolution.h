// Convolution over 1 to 3 spatial dimensions: of floats, and of 8-bit integers to their exact sums.
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kConv, kConvInteger;

// conv: x [N, C, spatial...], w [O, C / group, kernel...], bias [O] or none, all of one float type -> [N, O, spatial...];
//   output = floor((x + pads - dilation * (kernel - 1) - 1) / stride) + 1; groups: output channel o reads the channels of group
//   o / (O / group). Then the activation.
// conv_integer: x i8 or u8, w i8 or u8, their zero points x_zero [] and w_zero [] or [O] of the same types -> i32, sums of
//   (x - x_zero) (w - w_zero) that wrap around; padding is worth x_zero, so that it adds nothing. No activation.

}  // namespace prm
