#include "ops/along_axis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

// Calls fn(offset of the first value) for each line along the axis.
template <class Fn>
void each_line(const AxisView& view, Fn&& fn) {
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i) fn(o * view.n * view.inner + i);
}

void need_axis(ShapeRule& r, int axis) {
  r.need(r.inputs() == 1, "needs one input");
  r.need(axis >= 0 && axis < r.shape(0).rank, "goes along a dimension that its input lacks");
}

// ---- softmax ---------------------------------------------------------------------------------------------------------

void infer_softmax(ShapeRule& r) {
  need_axis(r, r.at<SoftmaxAttr>().axis);
  r.need(is_float(r.x(0).dtype), "is for floats");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

template <class T>
void softmax_line(const SoftmaxAttr& attr, const T* x, T* y, int64_t n, int64_t step) {
  auto at = [&](int64_t i) { return double(Dense<T>::load(x[i * step])); };
  int64_t top = 0;
  for (int64_t i = 1; i < n; ++i)
    if (at(i) > at(top) || (std::isnan(at(i)) && !std::isnan(at(top)))) top = i;
  double most = at(top), sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(at(i) - most);
  double log_sum = std::log(sum);
  bool zero = attr.empty_zero && most == -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < n; ++i) {
    double value = attr.kind == SoftmaxKind::hard ? double(i == top)
                   : attr.kind == SoftmaxKind::log ? at(i) - most - log_sum
                                                   : std::exp(at(i) - most) / sum;
    y[i * step] = Dense<T>::store(zero ? 0.0 : value);
  }
}

void reference_softmax(const OpArgs& a) {
  auto attr = a.at<SoftmaxAttr>();
  AxisView view(a.x(0), attr.axis);
  if (!view.n) return;
  visit_dense(a.y().dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>)
      each_line(view, [&](int64_t first) { softmax_line(attr, a.x(0).as<T>() + first, a.y().as<T>() + first, view.n, view.inner); });
  });
}

Cost cost_softmax(const OpArgs& a) { return cost_of_values(a, 20); }

// ---- running sums ----------------------------------------------------------------------------------------------------

void infer_cumulate(ShapeRule& r) {
  need_axis(r, r.at<CumulateAttr>().axis);
  r.need(is_float(r.x(0).dtype) || is_integer(r.x(0).dtype), "is not for values of this type");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

template <class T>
void cumulate_line(const CumulateAttr& attr, const T* x, T* y, int64_t n, int64_t step) {
  using Wide = typename Dense<T>::Wide;
  using Sum = std::conditional_t<std::is_same_v<Wide, double>, double, uint64_t>;
  Sum all = Sum(attr.product ? 1 : 0);
  for (int64_t j = 0; j < n; ++j) {
    int64_t at = (attr.reverse ? n - 1 - j : j) * step;
    Sum value = Sum(Dense<T>::load(x[at])), before = all;
    all = attr.product ? all * value : all + value;
    y[at] = Dense<T>::store(Wide(attr.exclusive ? before : all));
  }
}

void reference_cumulate(const OpArgs& a) {
  auto attr = a.at<CumulateAttr>();
  AxisView view(a.x(0), attr.axis);
  visit_dense(a.y().dtype, [&]<class T>() {
    each_line(view, [&](int64_t first) { cumulate_line(attr, a.x(0).as<T>() + first, a.y().as<T>() + first, view.n, view.inner); });
  });
}

Cost cost_cumulate(const OpArgs& a) { return cost_of_values(a, 1); }

// ---- the largest -----------------------------------------------------------------------------------------------------

void infer_top_k(ShapeRule& r) {
  auto attr = r.at<TopKAttr>();
  need_axis(r, attr.axis);
  r.need(is_float(r.x(0).dtype) || is_integer(r.x(0).dtype), "is not for values of this type");
  Shape y = r.shape(0);
  r.need(attr.count >= 0 && y[attr.axis].literal() && attr.count <= y[attr.axis].value, "selects more values than there are");
  y[attr.axis] = attr.count;
  r.out = {{r.x(0).dtype, y}, {DType::i64, y}};
}

// A heap of the places of values, the last in order at its root, in memory of its own steps.
template <class T>
struct PlaceHeap {
  const T* x;
  int64_t* place;
  int64_t step;
  bool least;

  // Whether the value at i comes before the one at j.
  bool before(int64_t i, int64_t j) const {
    auto a = Dense<T>::load(x[i * step]), b = Dense<T>::load(x[j * step]);
    bool a_nan = std::isnan(double(a)), b_nan = std::isnan(double(b));
    if (a_nan || b_nan) return a_nan == b_nan ? i < j : a_nan != least;
    return a == b ? i < j : (a < b) == least;
  }
  void sink(int64_t at, int64_t size) const {
    for (int64_t child = 2 * at + 1; child < size; at = child, child = 2 * at + 1) {
      if (child + 1 < size && before(place[child * step], place[(child + 1) * step])) ++child;
      if (!before(place[at * step], place[child * step])) return;
      std::swap(place[at * step], place[child * step]);
    }
  }
  void select(int64_t n, int64_t count) const {
    for (int64_t i = 0; i < count; ++i) place[i * step] = i;
    for (int64_t i = count / 2; i-- > 0;) sink(i, count);
    for (int64_t i = count; i < n; ++i)
      if (before(i, place[0])) place[0] = i, sink(0, count);
    for (int64_t size = count; size-- > 1;) {
      std::swap(place[0], place[size * step]);
      sink(0, size);
    }
  }
};

void reference_top_k(const OpArgs& a) {
  auto attr = a.at<TopKAttr>();
  AxisView view(a.x(0), attr.axis), chosen(a.y(), attr.axis);
  if (!chosen.n) return;
  visit_dense(a.x(0).dtype, [&]<class T>() {
    each_line(view, [&](int64_t first) {
      int64_t line = first / (view.n * view.inner) * chosen.n * view.inner + first % view.inner;
      const T* x = a.x(0).as<T>() + first;
      int64_t* place = a.y(1).as<int64_t>() + line;
      PlaceHeap<T>{x, place, view.inner, attr.least != 0}.select(view.n, chosen.n);
      for (int64_t i = 0; i < chosen.n; ++i) a.y().as<T>()[line + i * view.inner] = x[place[i * view.inner] * view.inner];
    });
  });
}

Cost cost_top_k(const OpArgs& a) {
  Cost cost = cost_of_values(a, 0);
  double depth = 1 + std::log2(1 + double(a.y().dim[a.at<TopKAttr>().axis]));
  return {2 * double(a.x(0).count()) * depth, cost.bytes};
}

}  // namespace

const Op kSoftmax{.name = "softmax", .infer = infer_softmax, .cost = cost_softmax, .reference = reference_softmax};
const Op kCumulate{.name = "cumulate", .infer = infer_cumulate, .cost = cost_cumulate, .reference = reference_cumulate};
const Op kTopK{.name = "top_k", .infer = infer_top_k, .cost = cost_top_k, .reference = reference_top_k};

}  // namespace prm
