#include "ops/resize.h"

#include <algorithm>
#include <cmath>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

void infer_resize(ShapeRule& r) {
  auto attr = r.at<ResizeAttr>();
  r.need(r.inputs() == 2 && is_dense(r.x(0).dtype), "needs x and its geometry");
  const Shape x = r.shape(0), y = shape_of(attr.shape);
  r.need(attr.kind == ResizeKind::nearest || r.x(0).dtype != DType::boolean, "is not for values of this type");
  r.need(y.rank == x.rank, "the output has another number of dimensions than x");
  r.need(r.x(1).dtype == DType::f64 && r.shape(1) == Shape{3, x.rank}, "needs a geometry [3, rank] f64");
  bool empty = false, wanted = true;
  for (int i = 0; i < x.rank; ++i) empty = empty || x[i] == Dim(0), wanted = wanted && y[i] != Dim(0);
  r.need(!empty || !wanted, "x holds no value to take");
  r.out = {{r.x(0).dtype, y}};
}

// How far the kernel reaches in x.
double reach_of(const ResizeAttr& attr, double scale) {
  double reach = attr.kind == ResizeKind::cubic ? 2 : 1;
  return attr.antialias && scale < 1 ? reach / scale : reach;
}

Cost cost_resize(const OpArgs& a) {
  auto attr = a.at<ResizeAttr>();
  double taps = 1;
  for (int i = 0; i < a.y().rank && attr.kind != ResizeKind::nearest; ++i)
    if (a.x(0).dim[i] != a.y().dim[i]) taps *= 2 * reach_of(attr, a.x(0).dim[i] ? double(a.y().dim[i]) / double(a.x(0).dim[i]) : 1);
  return cost_of_values(a, 4 * taps);
}

// One dimension at one index of the output: what it takes of x, and its weights.
struct Taps {
  double place = 0, narrow = 1, total = 1;  // weights are kernel((index - place) * narrow) / total
  int64_t first = 0, last = 0;              // both taken; they may lie beyond x's ends
  bool outside = false;
};

struct ResizeRun {
  ResizeAttr attr;
  const Tensor &x, &y;
  const double* geometry;
  int64_t stride[kMaxRank] = {};
  Taps taps[kMaxRank] = {};

  double scale(int i) const {
    double given = geometry[i];
    return given > 0 ? given : double(y.dim[i]) / double(x.dim[i]);
  }
  double place(int i, double o) const {
    double in = double(x.dim[i]), by = scale(i), whole = by * in, from = geometry[x.rank + i], to = geometry[2 * x.rank + i];
    switch (attr.place) {
      case ResizePlace::half_pixel: return (o + 0.5) / by - 0.5;
      case ResizePlace::half_pixel_symmetric: return in / 2 * (1 - double(y.dim[i]) / whole) + (o + 0.5) / by - 0.5;
      case ResizePlace::half_pixel_or_first: return y.dim[i] > 1 ? (o + 0.5) / by - 0.5 : 0;
      case ResizePlace::align_corners: return whole == 1 ? 0 : o * (in - 1) / (whole - 1);
      case ResizePlace::asymmetric: return o / by;
      case ResizePlace::region: return whole == 1 ? (from + to) / 2 * (in - 1) : from * (in - 1) + o * (to - from) * (in - 1) / (whole - 1);
    }
    return 0;
  }
  double kernel(double t) const {
    t = std::fabs(t);
    if (attr.kind == ResizeKind::linear) return std::max(1 - t, 0.0);
    double c = double(attr.cubic);
    if (t <= 1) return ((c + 2) * t - (c + 3)) * t * t + 1;
    return t < 2 ? ((c * t - 5 * c) * t + 8 * c) * t - 4 * c : 0;
  }
  double weight(int i, int64_t index) const {
    const Taps& t = taps[i];
    if (attr.exclude_outside && (index < 0 || index >= x.dim[i])) return 0;
    return kernel((double(index) - t.place) * t.narrow) / t.total;
  }
  int64_t nearest(double at) const {
    double low = std::floor(at), part = at - low;
    bool up = attr.nearest == ResizeNearest::half_down ? part > 0.5 : attr.nearest == ResizeNearest::half_up ? part >= 0.5 : attr.nearest == ResizeNearest::ceil && part > 0;
    return int64_t(low) + up;
  }
  void find(int i, int64_t o) {
    Taps& t = taps[i] = {};
    double at = place(i, double(o)), reach = reach_of(attr, scale(i));
    t.outside = attr.place == ResizePlace::region && !(at >= 0 && at <= double(x.dim[i] - 1));
    if (!(at > -1 - reach)) at = -1 - reach;
    t.place = at = std::min(at, double(x.dim[i]) + reach);
    if (attr.kind == ResizeKind::nearest) {
      t.first = t.last = nearest(at);
      return;
    }
    t.narrow = attr.antialias ? std::min(scale(i), 1.0) : 1;
    t.first = int64_t(std::floor(at - reach)) + 1, t.last = int64_t(std::ceil(at + reach)) - 1;
    if (!attr.antialias && !attr.exclude_outside) return;
    double total = 0;
    for (int64_t index = t.first; index <= t.last; ++index) total += weight(i, index);
    if (total != 0) t.total = total;
  }
  int64_t inside(int i, int64_t index) const { return std::clamp<int64_t>(index, 0, x.dim[i] - 1) * stride[i]; }

  template <class T>
  double value(int i, int64_t offset) const {
    if (i == x.rank) return double(Dense<T>::load(x.as<T>()[offset]));
    double sum = 0;
    for (int64_t index = taps[i].first; index <= taps[i].last; ++index)
      if (double by = weight(i, index); by != 0) sum += by * value<T>(i + 1, offset + inside(i, index));
    return sum;
  }
  bool outside() const {
    return std::any_of(taps, taps + x.rank, [](const Taps& t) { return t.outside; });
  }
};

// Calls fn(i) for each value of the output, with the taps of its index set.
template <class Fn>
void for_outputs(ResizeRun& run, Fn&& fn) {
  Walk<1> walk(run.y);
  int64_t seen[kMaxRank], i = 0;
  std::fill_n(seen, kMaxRank, -1);
  do {
    for (int axis = 0; axis < run.y.rank; ++axis)
      if (walk.index[axis] != seen[axis]) run.find(axis, seen[axis] = walk.index[axis]);
    fn(i++);
  } while (walk.next());
}

void reference_resize(const OpArgs& a) {
  ResizeRun run{a.at<ResizeAttr>(), a.x(0), a.y(), a.x(1).as<double>()};
  if (!a.y().count()) return;
  if (!a.x(0).count()) {
    std::memset(a.y().data, 0, a.y().bytes());
    return;
  }
  dense_strides(run.x, run.stride);
  bool copies = run.attr.kind == ResizeKind::nearest;
  visit_dense(a.y().dtype, [&]<class T>() {
    for_outputs(run, [&](int64_t i) {
      if (run.outside()) {
        a.y().as<T>()[i] = rounded_to<T>(double(run.attr.outside));
        return;
      }
      if (!copies) {
        a.y().as<T>()[i] = rounded_to<T>(run.value<T>(0, 0));
        return;
      }
      int64_t from = 0;
      for (int axis = 0; axis < run.x.rank; ++axis) from += run.inside(axis, run.taps[axis].first);
      a.y().as<T>()[i] = a.x(0).as<T>()[from];
    });
  });
}

}  // namespace

const Op kResize{.name = "resize", .infer = infer_resize, .cost = cost_resize, .reference = reference_resize};

}  // namespace prm
