// Pooling over 1 to 3 spatial dimensions.
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kPool, kMaxUnpool;

// x [N, C, spatial...] -> [N, C, spatial...], output = floor or ceil of (x + pads - dilation * (kernel - 1) - 1) / stride, plus 1.
// Padding is no value of a window. With indices, of max: also an i64 tensor of the same shape, places in x counted through all of it;
// column_major counts the first spatial dimension fastest. A kernel of 0 is the whole extent, and the output's is 1.

// The places that maxima came from: x [N, C, spatial...] of any dense type, places [N, C, spatial...] i64, row-major through all of a tensor
// [N, C, stride * (x - 1) + kernel - pads] -> that tensor, 0 where nothing came from, or one of `extent` with it in front and 0 behind.
// Places outside are dropped; of several at one place the last stays.
struct MaxUnpoolAttr {
  int32_t rank;  // spatial dimensions, 1 to 3
  int32_t kernel[kMaxSpatial], stride[kMaxSpatial], pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  int64_t extent[kMaxSpatial];  // 0: as the tensor is
};

}  // namespace prm
