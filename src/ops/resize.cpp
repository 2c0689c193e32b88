#include "ops/resize.h"

#include "tensor/dense.h"

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

Cost cost_resize(const OpArgs& a) {
  auto attr = a.at<ResizeAttr>();
  double taps = 1;
  for (int i = 0; i < a.y().rank && attr.kind != ResizeKind::nearest; ++i)
    if (a.x(0).dim[i] != a.y().dim[i]) taps *= 2 * reach_of(attr, a.x(0).dim[i] ? double(a.y().dim[i]) / double(a.x(0).dim[i]) : 1);
  return cost_of_values(a, 4 * taps);
}

template <class T>
double value_of(const ResizeRun& run, int i, int64_t offset) {
  if (i == run.x.rank) return double(Dense<T>::load(run.x.as<T>()[offset]));
  double sum = 0;
  for (int64_t index = run.taps[i].first; index <= run.taps[i].last; ++index)
    if (double by = run.weight(i, index); by != 0) sum += by * value_of<T>(run, i + 1, offset + run.inside(i, index));
  return sum;
}

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
        a.y().as<T>()[i] = rounded_to<T>(value_of<T>(run, 0, 0));
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
