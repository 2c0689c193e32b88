#include "ops/unique.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

void infer_unique(ShapeRule& r) {
  int axis = r.at<UniqueAttr>().axis;
  r.need(r.inputs() == 1 && is_dense(r.x(0).dtype) && axis >= -1 && axis < r.shape(0).rank, "needs one input of a dense type, and an axis of it");
  DimTable& dims = r.graph.dims;
  Shape shape = r.shape(0);
  if (axis < 0) shape = Shape{dims.product(shape, 0, shape.rank)};
  Dim& along = shape.dims[std::max(axis, 0)];
  Dim slices = along, found = dims.defined(r.name + ".found", slices);
  along = found;
  r.out = {{r.x(0).dtype, shape}, {DType::i64, {found}}, {DType::i64, {slices}}, {DType::i64, {found}}};
}

Cost cost_unique(const OpArgs& a) { return cost_of_values(a, 20); }

AxisView slices_of(const OpArgs& a) {
  int axis = a.at<UniqueAttr>().axis;
  if (axis >= 0) return AxisView(a.x(0), axis);
  Tensor flat(a.x(0).dtype, {a.x(0).count()});
  return AxisView(flat, 0);
}

// Below zero, zero or above: slice a of x stands before b, is the same, stands behind it.
template <class T>
int compare_slices(const T* x, const AxisView& view, int64_t a, int64_t b) {
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i) {
      auto left = Dense<T>::load(x[(o * view.n + a) * view.inner + i]), right = Dense<T>::load(x[(o * view.n + b) * view.inner + i]);
      if (left < right) return -1;
      if (left > right) return 1;
      bool left_nan = left != left, right_nan = right != right;
      if (left_nan != right_nan) return left_nan ? 1 : -1;
    }
  return 0;
}

// The first of each kind into `first`, by their values; in `kind` the number there of each slice's. Both have room for all slices.
template <class T>
int64_t find_kinds(const T* x, const AxisView& view, int64_t* first, int64_t* kind) {
  std::iota(first, first + view.n, int64_t(0));
  std::sort(first, first + view.n, [&](int64_t a, int64_t b) {
    int order = compare_slices(x, view, a, b);
    return order ? order < 0 : a < b;
  });
  int64_t found = 0;
  for (int64_t i = 0; i < view.n; ++i) {
    int64_t slice = first[i];
    if (!found || compare_slices(x, view, first[found - 1], slice)) first[found++] = slice;
    kind[slice] = found - 1;
  }
  return found;
}

void reference_unique(const OpArgs& a) {
  auto attr = a.at<UniqueAttr>();
  AxisView view = slices_of(a);
  int64_t *first = a.y(1).as<int64_t>(), *kind = a.y(2).as<int64_t>(), *counts = a.y(3).as<int64_t>();
  int64_t found = visit_dense(a.x(0).dtype, [&]<class T>() { return find_kinds(a.x(0).as<T>(), view, first, kind); });
  if (!attr.sorted) {
    for (int64_t i = 0; i < view.n; ++i) kind[i] = first[kind[i]];
    std::sort(first, first + found);
    for (int64_t i = 0; i < view.n; ++i) kind[i] = std::lower_bound(first, first + found, kind[i]) - first;
  }
  std::fill_n(counts, found, int64_t(0));
  for (int64_t i = 0; i < view.n; ++i) ++counts[kind[i]];
  size_t run = size_t(view.inner) * size_t(info(a.y().dtype).bytes);
  for (int64_t o = 0; o < view.outer && run; ++o)
    for (int64_t i = 0; i < found; ++i) std::memcpy(a.y().data + size_t(o * found + i) * run, a.x(0).data + size_t(o * view.n + first[i]) * run, run);
  a.out[0]->dim[std::max(attr.axis, 0)] = a.out[1]->dim[0] = a.out[3]->dim[0] = found;
}

}  // namespace

const Op kUnique{.name = "unique", .infer = infer_unique, .cost = cost_unique, .reference = reference_unique, .defines = true};

}  // namespace prm
