// Windows the other way round: each value of x is spread over a window of y, and what meets is added up.
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kConvTranspose, kCol2Im;

// conv_transpose: x [N, C, spatial...], w [C, O / group, kernel...], bias [O] or none, of one float type -> [N, O, spatial...];
//   output = stride * (x - 1) + output_pad + dilation * (kernel - 1) + 1 - pads. Then the activation.
struct ConvTransposeAttr {
  int32_t rank;  // spatial dimensions, 1 to 3
  int32_t group;
  int32_t stride[kMaxSpatial], dilation[kMaxSpatial], pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  int32_t output_pad[kMaxSpatial];  // values more at the end
  Activation act = Activation::none;
  float a = 0, b = 0;
};
// col2im: x [N, C * kernel..., windows...] as [N, C * kernel's values, windows] of any dense type -> [N, C, image...]: window l, of those
//   that a convolution of the image has, adds its values where it reads.
struct Col2ImAttr {
  int32_t rank;
  int32_t kernel[kMaxSpatial], stride[kMaxSpatial], dilation[kMaxSpatial], pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  int64_t image[kMaxSpatial];
};

}  // namespace prm
