// Windows that step over 1 to 3 spatial dimensions: what convolution and pooling have in common.
#pragma once
#include <algorithm>

#include "ops/ops.h"

namespace prm {

inline constexpr int kMaxSpatial = 3;

// What a convolution may do with a sum before it is stored.
enum class Activation : int32_t { none, relu, clip, hard_swish };  // clip: between a and b; hard_swish: a x max(0, min(1, x / 6 + 1/2)) + b
inline double activated(Activation act, double a, double b, double x) {
  if (act == Activation::none) return x;
  if (act == Activation::relu) return x < 0 ? 0 : x;
  if (act == Activation::hard_swish) return a * (x * (x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5)) + b;
  return x < a ? a : x > b ? b : x;
}

// Of convolutions (ops/convolution.h).
struct ConvAttr {
  int32_t rank;  // spatial dimensions, 1 to 3; entries of the lists behind them are 0
  int32_t group;
  int32_t stride[kMaxSpatial], dilation[kMaxSpatial], pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  Activation act = Activation::none;
  float a = 0, b = 0;
};

// Of pools (ops/pooling.h).
enum class PoolKind : int32_t {
  max,      // of any dense type but bool; NaN wins. Of a window without a value: the least of the type
  average,  // of floats, as is lp; of a window without a value: 0
  lp,       // (sum of |x|^p)^(1/p)
};
enum class PoolIndices : int32_t { none, row_major, column_major };
struct PoolAttr {
  PoolKind kind;
  int32_t rank;  // spatial dimensions, 1 to 3
  int32_t kernel[kMaxSpatial], stride[kMaxSpatial], dilation[kMaxSpatial], pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  int32_t ceil;           // 1: extents are rounded up
  int32_t count_padding;  // 1: average divides by padding, too, but by nothing behind it
  int32_t p;              // of lp
  PoolIndices indices;
};

// How many windows fit along one dimension: floor((x + pads - reach) / stride) + 1, where dilation * (kernel - 1) + 1 values are
// the window's reach. Rounded up where `ceil` says so, but for windows that would begin behind the input and its leading padding.
inline Dim window_count(const ShapeRule& r, Dim x, Dim kernel, int32_t stride, int32_t dilation, int32_t begin, int32_t end, bool ceil) {
  r.need(stride > 0 && dilation > 0 && begin >= 0 && end >= 0, "strides and dilations are above 0, pads not below it");
  r.need(kernel.literal() && kernel.value > 0, "a kernel's extents are known and above 0");
  DimTable& dims = r.graph.dims;
  int64_t reach = dims.add(dims.multiply(kernel.value - 1, dilation), 1).value, pads = int64_t(begin) + end;
  int64_t shift = ceil ? begin + std::min(end - reach, -int64_t(stride)) + stride - 1 : pads - reach;
  r.need(!x.literal() || dims.add(x, shift).value >= 0, "the kernel is larger than the padded input");
  return dims.add(dims.divide(dims.add(x, shift), stride), 1);
}

// The extents around windows, always of three dimensions: those that lack stand in front.
struct Windows {
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, kernel[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, begin[3] = {}, end[3] = {};  // pads

  int64_t inputs() const { return in[0] * in[1] * in[2]; }
  int64_t outputs() const { return out[0] * out[1] * out[2]; }
  int64_t weights() const { return kernel[0] * kernel[1] * kernel[2]; }
  // The input's index under index k of the kernel, in window o; it may lie outside.
  int64_t place(int axis, int64_t o, int64_t k) const { return o * stride[axis] + k * dilation[axis] - begin[axis]; }
  // Indices of the kernel, in window o, that meet the input.
  int64_t first(int axis, int64_t o) const {
    int64_t before = begin[axis] - o * stride[axis];
    return before > 0 ? (before + dilation[axis] - 1) / dilation[axis] : 0;
  }
  int64_t last(int axis, int64_t o) const { return below(axis, o, in[axis]); }  // one behind
  // The same where the trailing padding counts.
  int64_t last_padded(int axis, int64_t o) const { return below(axis, o, in[axis] + end[axis]); }

 private:
  int64_t below(int axis, int64_t o, int64_t bound) const {
    int64_t room = bound + begin[axis] - o * stride[axis];
    return room > 0 ? std::min(kernel[axis], (room - 1) / dilation[axis] + 1) : 0;
  }
};

// x, y: [N, C, spatial...]; kernel: its extents by spatial dimension.
template <class A>
Windows windows_of(const A& attr, const Tensor& x, const Tensor& y, const int64_t* kernel) {
  Windows w;
  for (int i = 0; i < attr.rank; ++i) {
    int at = i + kMaxSpatial - attr.rank;
    w.in[at] = x.dim[2 + i], w.out[at] = y.dim[2 + i], w.kernel[at] = kernel[i];
    w.stride[at] = attr.stride[i], w.dilation[at] = attr.dilation[i];
    w.begin[at] = attr.pad_begin[i], w.end[at] = attr.pad_end[i];
  }
  return w;
}

inline Windows pool_windows(const PoolAttr& attr, const Tensor& x, const Tensor& y) {
  int64_t kernel[kMaxSpatial];
  for (int i = 0; i < attr.rank; ++i) kernel[i] = attr.kernel[i];
  Windows w = windows_of(attr, x, y, kernel);
  for (int axis = 0; axis < 3; ++axis)
    if (w.kernel[axis] == 0) w.kernel[axis] = w.in[axis], w.stride[axis] = w.dilation[axis] = 1, w.begin[axis] = w.end[axis] = 0;
  return w;
}

}  // namespace prm
