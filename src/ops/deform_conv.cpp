#include "ops/deform_conv.h"

#include <cmath>

#include "tensor/dense.h"

namespace prm {

namespace {

void infer_deform_conv(ShapeRule& r) {
  auto attr = r.at<DeformConvAttr>();
  int inputs = 3 + attr.bias + attr.mask;
  DType type = r.x(0).dtype;
  bool fits = r.inputs() == inputs && is_float(type);
  for (int i = 0; i < r.inputs(); ++i) fits = fits && r.x(i).dtype == type;
  r.need(fits, "needs x, w, offsets and maybe a bias and a mask, of one float type");
  r.need(attr.rank >= 1 && attr.rank <= kMaxSpatial && attr.group > 0 && attr.offset_group > 0, "needs 1 to 3 spatial dimensions and at least one group");
  const Shape x = r.shape(0), w = r.shape(1), offset = r.shape(2);
  r.need(x.rank == attr.rank + 2 && w.rank == x.rank && offset.rank == x.rank, "needs x, w and offsets of as many dimensions");
  DimTable& dims = r.graph.dims;
  r.need(x[1].literal() && w[0].literal() && w[1].literal() && w[0].value % attr.group == 0 && x[1].value % attr.offset_group == 0, "its channels do not come in groups");
  r.need(dims.multiply(w[1], attr.group) == x[1], "x has other channels than w reads");
  Shape y{x.dims[0], w.dims[0]};
  for (int i = 0; i < attr.rank; ++i)
    y.dims[y.rank++] = window_count(r, x[2 + i], w[2 + i], attr.stride[i], attr.dilation[i], attr.pad_begin[i], attr.pad_end[i], false);
  Shape taps = y;
  taps[1] = dims.multiply(dims.product(w, 2, w.rank), attr.offset_group);
  Shape offsets = taps;
  offsets[1] = dims.multiply(taps[1], attr.rank);
  r.need(offset == offsets, "needs offsets [N, offset_group * kernel * spatial dimensions, out...]");
  r.need(!attr.bias || r.shape(3) == Shape{w.dims[0]}, "needs a bias [O]");
  r.need(!attr.mask || r.shape(inputs - 1) == taps, "needs a mask [N, offset_group * kernel, out...]");
  r.out = {{type, y}};
}

Cost cost_deform_conv(const OpArgs& a) {
  const Tensor& w = a.x(1);
  return cost_of_values(a, w.dim[0] ? 20 * double(w.count()) / double(w.dim[0]) : 0);
}

// A plane at a place between its values, linearly; 0 outside.
template <class T>
double value_between(const T* plane, const Windows& w, const double* place) {
  int64_t low[3];
  double part[3];
  for (int i = 0; i < 3; ++i) {
    if (!(place[i] > -1 && place[i] < double(w.in[i]))) return 0;
    low[i] = int64_t(std::floor(place[i]));
    part[i] = place[i] - double(low[i]);
  }
  double sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    int64_t at = 0;
    double weight = 1;
    bool inside = true;
    for (int i = 0; i < 3; ++i) {
      int upper = corner >> i & 1;
      weight *= upper ? part[i] : 1 - part[i];
      inside = inside && low[i] + upper >= 0 && low[i] + upper < w.in[i];
      at = at * w.in[i] + low[i] + upper;
    }
    if (inside && weight != 0) sum += weight * Dense<T>::load(plane[at]);
  }
  return sum;
}

template <class T>
struct DeformRun {
  const OpArgs& a;
  DeformConvAttr attr;
  Windows w;
  const T* mask;

  // Where tap `tap` of the window at o lies, and what it counts.
  double tap_place(int64_t n, int64_t group, int64_t tap, const int64_t* o, double* place) const {
    int64_t k[3] = {tap / (w.kernel[1] * w.kernel[2]), tap / w.kernel[2] % w.kernel[1], tap % w.kernel[2]};
    int64_t window = (o[0] * w.out[1] + o[1]) * w.out[2] + o[2], index = (n * attr.offset_group + group) * w.weights() + tap;
    int lacks = kMaxSpatial - attr.rank;
    for (int i = 0; i < 3; ++i) {
      place[i] = double(w.place(i, o[i], k[i]));
      if (i >= lacks) place[i] += Dense<T>::load(a.x(2).as<T>()[(index * attr.rank + i - lacks) * w.outputs() + window]);
    }
    return mask ? Dense<T>::load(mask[index * w.outputs() + window]) : 1;
  }
  double value(int64_t n, int64_t output, const int64_t* o) const {
    int64_t channels = a.x(0).dim[1], depth = a.x(1).dim[1], each = channels / attr.offset_group;
    int64_t first = output / (a.y().dim[1] / attr.group) * depth;
    double sum = attr.bias ? Dense<T>::load(a.x(3).as<T>()[output]) : 0;
    for (int64_t tap = 0; tap < w.weights(); ++tap)
      for (int64_t c = 0; c < depth; ++c) {
        double place[3], counts = tap_place(n, (first + c) / each, tap, o, place);
        const T* plane = a.x(0).as<T>() + (n * channels + first + c) * w.inputs();
        sum += counts * Dense<T>::load(a.x(1).as<T>()[(output * depth + c) * w.weights() + tap]) * value_between(plane, w, place);
      }
    return sum;
  }
};

void reference_deform_conv(const OpArgs& a) {
  auto attr = a.at<DeformConvAttr>();
  Windows w = windows_of(attr, a.x(0), a.y(), a.x(1).dim + 2);
  visit_dense(a.y().dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) {
      DeformRun<T> run{a, attr, w, attr.mask ? a.x(3 + attr.bias).as<T>() : nullptr};
      T* y = a.y().as<T>();
      for (int64_t n = 0; n < a.y().dim[0]; ++n)
        for (int64_t output = 0; output < a.y().dim[1]; ++output)
          for (int64_t o[3] = {}; o[0] < w.out[0]; ++o[0])
            for (o[1] = 0; o[1] < w.out[1]; ++o[1])
              for (o[2] = 0; o[2] < w.out[2]; ++o[2]) *y++ = Dense<T>::store(run.value(n, output, o));
    }
  });
}

}  // namespace

const Op kDeformConv{.name = "deform_conv", .infer = infer_deform_conv, .cost = cost_deform_conv, .reference = reference_deform_conv};

}  // namespace prm
