// Attributes that operators with windows have in common: kernel_shape, strides, dilations, pads, auto_pad.
#pragma once
#include "models/onnx_import.h"
#include "ops/convolution.h"
#include "ops/pooling.h"

namespace prm {

struct WindowLists {
  int32_t rank;  // spatial dimensions of input 0
  int32_t kernel[kMaxSpatial] = {}, stride[kMaxSpatial] = {}, dilation[kMaxSpatial] = {}, pad_begin[kMaxSpatial] = {}, pad_end[kMaxSpatial] = {};
  bool automatic;  // pads follow from auto_pad
  std::string_view auto_pad;

  int64_t reach(int i) const { return int64_t(dilation[i]) * (kernel[i] - 1) + 1; }
  template <class A>
  void give(A& attr) const {
    attr.rank = rank;
    for (int i = 0; i < kMaxSpatial; ++i)
      attr.stride[i] = stride[i], attr.dilation[i] = dilation[i], attr.pad_begin[i] = pad_begin[i], attr.pad_end[i] = pad_end[i];
  }
};
// A list of one number a spatial dimension, each at least `least`; where it is not given, all are `otherwise`.
void read_spatial(const OnnxCall& c, const char* name, int32_t rank, int32_t otherwise, int32_t least, int32_t* values);
// Pads in front and behind; 0 where the attribute is not given.
void read_pads(const OnnxCall& c, int32_t rank, int32_t* begin, int32_t* end);
// An attribute that counts something: above 0.
int32_t read_count(const OnnxCall& c, const char* name, int32_t otherwise);
// Without pads of auto_pad. weights: the input whose extents behind the first two are the kernel's; -1: kernel_shape says it.
WindowLists read_window_lists(const OnnxCall& c, int weights);
// With pads of auto_pad such that output = ceil(input / stride).
WindowLists read_windows(const OnnxCall& c, int weights);
// Of Conv and operators like it, whose x is input 0.
ConvAttr read_conv(const OnnxCall& c, int weights);
PoolAttr read_pool(const OnnxCall& c, PoolKind kind);
PoolAttr read_average_pool(const OnnxCall& c);

}  // namespace prm
