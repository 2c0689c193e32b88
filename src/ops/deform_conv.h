// Convolution whose taps lie where a tensor says (Dai et al., 2017; with a mask: Zhu et al., 2018).
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kDeformConv;

// x [N, C, spatial...], w [O, C / group, kernel...], offset [N, offset_group * kernel's values * rank, out...], then bias [O] and
// mask [N, offset_group * kernel's values, out...], each where the attribute says so; all of one float type -> [N, O, out...]. A tap
// is moved by its offsets, one a spatial dimension, read linearly between its neighbours, and multiplied by its mask; what lies outside
// is 0. Channel c of x takes the offsets of group c / (C / offset_group).
struct DeformConvAttr {
  int32_t rank;  // spatial dimensions, 1 to 3
  int32_t group, offset_group;
  int32_t stride[kMaxSpatial], dilation[kMaxSpatial], pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  int32_t bias, mask;  // 1: given
};

}  // namespace prm
