#include "ops/convolution.h"

#include "tensor/dense.h"

namespace prm {

namespace {

Shape infer_windows(const ShapeRule& r) {
  auto attr = r.at<ConvAttr>();
  r.need(attr.rank >= 1 && attr.rank <= kMaxSpatial && attr.group > 0, "needs 1 to 3 spatial dimensions and at least one group");
  const Shape x = r.shape(0), w = r.shape(1);
  r.need(x.rank == attr.rank + 2 && w.rank == x.rank, "needs x [N, C, spatial...] and w [O, C/group, kernel...] of as many dimensions");
  r.need(w[0].literal() && w[1].literal() && w[0].value % attr.group == 0, "its output channels do not come in groups");
  r.need(r.graph.dims.multiply(w[1], attr.group) == x[1], "x has other channels than w reads");
  Shape y{x.dims[0], w.dims[0]};
  for (int i = 0; i < attr.rank; ++i)
    y.dims[y.rank++] = window_count(r, x[2 + i], w[2 + i], attr.stride[i], attr.dilation[i], attr.pad_begin[i], attr.pad_end[i], false);
  return y;
}

void infer_conv(ShapeRule& r) {
  r.need(r.inputs() == 2 || r.inputs() == 3, "needs x, w and maybe a bias");
  DType type = r.x(0).dtype;
  r.need(is_float(type) && r.x(1).dtype == type, "needs x and w of one float type");
  r.out = {{type, infer_windows(r)}};
  if (r.inputs() == 3) r.need(r.x(2).dtype == type && r.shape(2) == Shape{r.shape(1)[0]}, "needs a bias [O] of x's type");
}

bool is_byte(DType type) { return type == DType::i8 || type == DType::u8; }

void infer_conv_integer(ShapeRule& r) {
  r.need(r.inputs() == 4 && is_byte(r.x(0).dtype) && is_byte(r.x(1).dtype), "needs x and w of 8-bit integers and their zero points");
  r.need(r.x(2).dtype == r.x(0).dtype && r.x(3).dtype == r.x(1).dtype, "zero points are of the types of x and w");
  r.need(r.shape(2).rank == 0 && (r.shape(3).rank == 0 || r.shape(3) == Shape{r.shape(1)[0]}), "zero points are [] and, of w, maybe [O]");
  r.out = {{DType::i32, infer_windows(r)}};
}

Cost cost_conv(const OpArgs& a) {
  const Tensor& w = a.x(1);
  double taps = w.dim[0] ? double(w.count()) / double(w.dim[0]) : 0;
  return cost_of_values(a, 2 * taps);
}

// Calls fn(n, o, group, z, y, x, where) for each value of the output; `where` counts them.
template <class Fn>
void for_outputs(const Tensor& out, int64_t group, const Windows& in, Fn&& fn) {
  int64_t at = 0, each = std::max<int64_t>(out.dim[1] / group, 1);
  for (int64_t n = 0; n < out.dim[0]; ++n)
    for (int64_t o = 0; o < out.dim[1]; ++o)
      for (int64_t z = 0; z < in.out[0]; ++z)
        for (int64_t y = 0; y < in.out[1]; ++y)
          for (int64_t x = 0; x < in.out[2]; ++x) fn(n, o, o / each, z, y, x, at++);
}

// Calls fn(place in the input's plane, place in the kernel) for what window (z, y, x) meets.
template <class Fn>
void for_taps(const Windows& w, int64_t z, int64_t y, int64_t x, Fn&& fn) {
  for (int64_t i = w.first(0, z); i < w.last(0, z); ++i)
    for (int64_t j = w.first(1, y); j < w.last(1, y); ++j)
      for (int64_t k = w.first(2, x); k < w.last(2, x); ++k)
        fn((w.place(0, z, i) * w.in[1] + w.place(1, y, j)) * w.in[2] + w.place(2, x, k), (i * w.kernel[1] + j) * w.kernel[2] + k);
}

void reference_conv(const OpArgs& a) {
  auto attr = a.at<ConvAttr>();
  Windows w = windows_of(attr, a.x(0), a.y(), a.x(1).dim + 2);
  int64_t channels = a.x(0).dim[1], depth = a.x(1).dim[1], plane = w.inputs(), taps = w.weights();
  visit_dense(a.y().dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) {
      const T *in = a.x(0).as<T>(), *weights = a.x(1).as<T>(), *bias = a.in[2] ? a.x(2).as<T>() : nullptr;
      for_outputs(a.y(), attr.group, w, [&](int64_t n, int64_t o, int64_t group, int64_t z, int64_t y, int64_t x, int64_t at) {
        double sum = bias ? Dense<T>::load(bias[o]) : 0;
        for (int64_t c = 0; c < depth; ++c) {
          const T *from = in + (n * channels + group * depth + c) * plane, *by = weights + (o * depth + c) * taps;
          for_taps(w, z, y, x, [&](int64_t i, int64_t k) { sum += Dense<T>::load(from[i]) * Dense<T>::load(by[k]); });
        }
        a.y().as<T>()[at] = Dense<T>::store(activated(attr.act, double(attr.a), double(attr.b), sum));
      });
    }
  });
}

template <class X, class W>
void integer_sums(const OpArgs& a) {
  auto attr = a.at<ConvAttr>();
  Windows w = windows_of(attr, a.x(0), a.y(), a.x(1).dim + 2);
  int64_t channels = a.x(0).dim[1], depth = a.x(1).dim[1], plane = w.inputs(), taps = w.weights();
  int64_t x_zero = a.x(2).as<X>()[0];
  for_outputs(a.y(), attr.group, w, [&](int64_t n, int64_t o, int64_t group, int64_t z, int64_t y, int64_t x, int64_t at) {
    int64_t w_zero = a.x(3).as<W>()[a.x(3).rank ? o : 0], sum = 0;
    for (int64_t c = 0; c < depth; ++c) {
      const X* from = a.x(0).as<X>() + (n * channels + group * depth + c) * plane;
      const W* by = a.x(1).as<W>() + (o * depth + c) * taps;
      for_taps(w, z, y, x, [&](int64_t i, int64_t k) { sum += (from[i] - x_zero) * (by[k] - w_zero); });
    }
    a.y().as<int32_t>()[at] = int32_t(sum);
  });
}

void reference_conv_integer(const OpArgs& a) {
  bool x_signed = a.x(0).dtype == DType::i8, w_signed = a.x(1).dtype == DType::i8;
  if (x_signed) w_signed ? integer_sums<int8_t, int8_t>(a) : integer_sums<int8_t, uint8_t>(a);
  else w_signed ? integer_sums<uint8_t, int8_t>(a) : integer_sums<uint8_t, uint8_t>(a);
}

}  // namespace

const Op kConv{.name = "conv", .infer = infer_conv, .cost = cost_conv, .reference = reference_conv};
const Op kConvInteger{.name = "conv_integer", .infer = infer_conv_integer, .cost = cost_conv, .reference = reference_conv_integer};

}  // namespace prm
