#include "ops/conv_transpose.h"

#include "tensor/dense.h"

namespace prm {

namespace {

void infer_conv_transpose(ShapeRule& r) {
  auto attr = r.at<ConvTransposeAttr>();
  DType type = r.x(0).dtype;
  bool fits = (r.inputs() == 2 || r.inputs() == 3) && is_float(type) && r.x(1).dtype == type && (r.inputs() == 2 || r.x(2).dtype == type);
  r.need(fits, "needs x, w and maybe a bias of one float type");
  r.need(attr.rank >= 1 && attr.rank <= kMaxSpatial && attr.group > 0, "needs 1 to 3 spatial dimensions and at least one group");
  const Shape x = r.shape(0), w = r.shape(1);
  r.need(x.rank == attr.rank + 2 && w.rank == x.rank, "needs x [N, C, spatial...] and w [C, O/group, kernel...] of as many dimensions");
  r.need(w[0].literal() && w[1].literal() && w[0].value % attr.group == 0, "its input channels do not come in groups");
  r.need(w[0] == x[1], "x has other channels than w reads");
  DimTable& dims = r.graph.dims;
  Shape y{x.dims[0], dims.multiply(w[1], attr.group)};
  for (int i = 0; i < attr.rank; ++i) {
    r.need(attr.stride[i] > 0 && attr.dilation[i] > 0 && attr.pad_begin[i] >= 0 && attr.pad_end[i] >= 0 && attr.output_pad[i] >= 0, "strides and dilations are above 0, pads not below it");
    r.need(w[2 + i].literal() && w[2 + i].value > 0, "a kernel's extents are known and above 0");
    int64_t reach = dims.add(dims.multiply(w[2 + i].value - 1, attr.dilation[i]), 1).value;
    int64_t more = dims.add(reach, int64_t(attr.output_pad[i]) - attr.pad_begin[i] - attr.pad_end[i] - attr.stride[i]).value;
    y.dims[y.rank++] = dims.add(dims.multiply(x[2 + i], attr.stride[i]), more);
  }
  r.out = {{type, y}};
  if (r.inputs() == 3) r.need(r.shape(2) == Shape{y.dims[1]}, "needs a bias [O]");
}

Cost cost_conv_transpose(const OpArgs& a) {
  double each = a.x(0).dim[1] ? double(a.x(1).count()) / double(a.x(0).dim[1]) : 0;  // values that one of x is spread to
  Cost cost = cost_of_values(a, 0);
  cost.flops = 2 * each * double(a.x(0).count());
  return cost;
}

// The windows that meet an index of the image along one axis: window by index of the kernel, -1 where none does.
int64_t window_at(const Windows& w, int axis, int64_t index, int64_t k) {
  int64_t first = index + w.begin[axis] - k * w.dilation[axis];
  if (first < 0 || first % w.stride[axis]) return -1;
  return first / w.stride[axis] < w.out[axis] ? first / w.stride[axis] : -1;
}

// Calls fn(window, place in the kernel) for all windows that index (z, y, x) of the image lies in.
template <class Fn>
void for_windows(const Windows& w, int64_t z, int64_t y, int64_t x, Fn&& fn) {
  for (int64_t i = 0; i < w.kernel[0]; ++i) {
    int64_t deep = window_at(w, 0, z, i);
    for (int64_t j = 0; deep >= 0 && j < w.kernel[1]; ++j) {
      int64_t high = window_at(w, 1, y, j);
      for (int64_t k = 0; high >= 0 && k < w.kernel[2]; ++k) {
        int64_t wide = window_at(w, 2, x, k);
        if (wide >= 0) fn((deep * w.out[1] + high) * w.out[2] + wide, (i * w.kernel[1] + j) * w.kernel[2] + k);
      }
    }
  }
}

// Calls fn(z, y, x, place) for all indices of the image.
template <class Fn>
void for_image(const Windows& w, Fn&& fn) {
  int64_t at = 0;
  for (int64_t z = 0; z < w.in[0]; ++z)
    for (int64_t y = 0; y < w.in[1]; ++y)
      for (int64_t x = 0; x < w.in[2]; ++x) fn(z, y, x, at++);
}

template <class T>
void spread(const OpArgs& a, const ConvTransposeAttr& attr) {
  Windows w = windows_of(attr, a.y(), a.x(0), a.x(1).dim + 2);  // a convolution of y gives x
  int64_t outputs = a.y().dim[1], channels = a.x(0).dim[1], depth = channels / attr.group, each = a.x(1).dim[1];
  const T* bias = a.in[2] ? a.x(2).as<T>() : nullptr;
  for (int64_t n = 0; n < a.y().dim[0]; ++n)
    for (int64_t o = 0; o < outputs; ++o) {
      int64_t first = o / each * depth;  // of its group's channels
      T* image = a.y().as<T>() + (n * outputs + o) * w.inputs();
      for_image(w, [&](int64_t z, int64_t y, int64_t x, int64_t at) {
        double sum = bias ? Dense<T>::load(bias[o]) : 0;
        for_windows(w, z, y, x, [&](int64_t window, int64_t k) {
          for (int64_t c = first; c < first + depth; ++c) {
            T from = a.x(0).as<T>()[(n * channels + c) * w.outputs() + window], by = a.x(1).as<T>()[(c * each + o % each) * w.weights() + k];
            sum += Dense<T>::load(from) * Dense<T>::load(by);
          }
        });
        image[at] = Dense<T>::store(activated(attr.act, double(attr.a), double(attr.b), sum));
      });
    }
}

void reference_conv_transpose(const OpArgs& a) {
  visit_dense(a.y().dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) spread<T>(a, a.at<ConvTransposeAttr>());
  });
}

void infer_col2im(ShapeRule& r) {
  auto attr = r.at<Col2ImAttr>();
  r.need(r.inputs() == 1 && is_dense(r.x(0).dtype) && r.shape(0).rank == 3 && attr.rank >= 1 && attr.rank <= kMaxSpatial, "needs x [N, C * kernel, windows] and 1 to 3 spatial dimensions");
  const Shape x = r.shape(0);
  DimTable& dims = r.graph.dims;
  Dim values = 1, windows = 1;
  for (int i = 0; i < attr.rank; ++i) {
    windows = dims.multiply(windows, window_count(r, attr.image[i], attr.kernel[i], attr.stride[i], attr.dilation[i], attr.pad_begin[i], attr.pad_end[i], false));
    values = dims.multiply(values, attr.kernel[i]);
  }
  r.need(x[1].literal() && x[1].value % values.value == 0, "its channels do not come in blocks");
  r.need(x[2] == windows, "it has another number of windows than the image");
  Shape y{x.dims[0], x[1].value / values.value};
  for (int i = 0; i < attr.rank; ++i) y.dims[y.rank++] = attr.image[i];
  r.out = {{r.x(0).dtype, y}};
}

Cost cost_col2im(const OpArgs& a) {
  Cost cost = cost_of_values(a, 0);
  cost.flops = double(a.x(0).count());
  return cost;
}

void reference_col2im(const OpArgs& a) {
  auto attr = a.at<Col2ImAttr>();
  int64_t kernel[kMaxSpatial];
  for (int i = 0; i < attr.rank; ++i) kernel[i] = attr.kernel[i];
  Windows w = windows_of(attr, a.y(), a.y(), kernel);
  for (int i = 0; i < 3; ++i) w.out[i] = (w.in[i] + w.begin[i] + w.end[i] - w.dilation[i] * (w.kernel[i] - 1) - 1) / w.stride[i] + 1;
  visit_dense(a.y().dtype, [&]<class T>() {
    using Wide = std::conditional_t<std::is_same_v<typename Dense<T>::Wide, double>, double, uint64_t>;
    for (int64_t plane = 0; plane < a.y().dim[0] * a.y().dim[1]; ++plane) {
      const T* columns = a.x(0).as<T>() + plane * w.weights() * w.outputs();
      for_image(w, [&](int64_t z, int64_t y, int64_t x, int64_t at) {
        Wide sum = 0;
        for_windows(w, z, y, x, [&](int64_t window, int64_t k) { sum += Wide(Dense<T>::load(columns[k * w.outputs() + window])); });
        a.y().as<T>()[plane * w.inputs() + at] = Dense<T>::store(typename Dense<T>::Wide(sum));
      });
    }
  });
}

}  // namespace

const Op kConvTranspose{.name = "conv_transpose", .infer = infer_conv_transpose, .cost = cost_conv_transpose, .reference = reference_conv_transpose};
const Op kCol2Im{.name = "col2im", .infer = infer_col2im, .cost = cost_col2im, .reference = reference_col2im};

}  // namespace prm
