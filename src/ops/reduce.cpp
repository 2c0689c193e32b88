#include "ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class Wide>
bool is_nan(Wide x) {
  return std::isnan(double(x));
}

Shape reduced_shape(const Shape& x, uint32_t axes, bool keep) {
  Shape y;
  for (int i = 0; i < x.rank; ++i) {
    bool gone = axes >> i & 1;
    if (!gone || keep) y.dims[y.rank++] = gone ? Dim(1) : x.dims[i];
  }
  return y;
}

void infer_reduce(ShapeRule& r) {
  auto attr = r.at<ReduceAttr>();
  r.need(r.inputs() == 1, "needs one input");
  DType type = r.x(0).dtype;
  bool order = attr.kind == ReduceKind::max || attr.kind == ReduceKind::min;
  r.need(is_float(type) || is_integer(type) || (order && type == DType::boolean), "is not for values of this type");
  r.need(attr.axes >> r.shape(0).rank == 0, "reduces a dimension that its input lacks");
  r.out = {{type, reduced_shape(r.shape(0), attr.axes, attr.keep != 0)}};
}

Cost cost_reduce(const OpArgs& a) {
  Cost cost = cost_of_values(a, 0);
  return {double(a.x(0).count()), cost.bytes};
}

// The values that one output stands for: where the first is, and a walk over all.
template <class T>
struct Values {
  const T* first;
  const Walk<1>& all;
  int64_t count;

  template <class Fn>
  void each(Fn&& fn) const {
    if (!count) return;
    Walk<1> walk = all;
    do fn(Dense<T>::load(first[walk.offset[0]]));
    while (walk.next());
  }
  template <class Fn>
  double sum(Fn&& fn) const {
    double sum = 0;
    each([&](auto x) { sum += fn(double(x)); });
    return sum;
  }
};

template <class T>
double log_sum_exp(const Values<T>& values) {
  double top = -kInfinity;
  values.each([&](auto x) { top = double(x) > top || is_nan(x) ? double(x) : top; });
  if (!(std::fabs(top) < kInfinity)) return top;
  return top + std::log(values.sum([&](double x) { return std::exp(x - top); }));
}

template <class T>
double reduce_float(ReduceKind kind, const Values<T>& values) {
  double result;
  switch (kind) {
    case ReduceKind::sum: return values.sum([](double x) { return x; });
    case ReduceKind::mean: return values.sum([](double x) { return x; }) / double(values.count);
    case ReduceKind::max:
      result = -kInfinity;
      values.each([&](auto x) { result = is_nan(result) || double(x) < result ? result : double(x); });
      return result;
    case ReduceKind::min:
      result = kInfinity;
      values.each([&](auto x) { result = is_nan(result) || double(x) > result ? result : double(x); });
      return result;
    case ReduceKind::prod:
      result = 1;
      values.each([&](auto x) { result *= double(x); });
      return result;
    case ReduceKind::l1: return values.sum([](double x) { return std::fabs(x); });
    case ReduceKind::l2: return std::sqrt(values.sum([](double x) { return x * x; }));
    case ReduceKind::log_sum: return std::log(values.sum([](double x) { return x; }));
    case ReduceKind::log_sum_exp: return log_sum_exp(values);
    default: return values.sum([](double x) { return x * x; });
  }
}

template <class Wide>
Wide mean_integer(uint64_t sum, int64_t count) {
  if (!count) return 0;
  if constexpr (std::is_signed_v<Wide>) return Wide(sum) / count;
  else return sum / uint64_t(count);
}

template <class T>
T reduce_integer(ReduceKind kind, const Values<T>& values) {
  using Wide = typename Dense<T>::Wide;
  uint64_t sum = 0;
  Wide extreme = Wide(kind == ReduceKind::max ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max());
  switch (kind) {
    case ReduceKind::sum:
    case ReduceKind::mean: values.each([&](Wide x) { sum += uint64_t(x); }); break;
    case ReduceKind::max: values.each([&](Wide x) { extreme = std::max(extreme, x); }); return Dense<T>::store(extreme);
    case ReduceKind::min: values.each([&](Wide x) { extreme = std::min(extreme, x); }); return Dense<T>::store(extreme);
    case ReduceKind::prod:
      sum = 1;
      values.each([&](Wide x) { sum *= uint64_t(x); });
      break;
    case ReduceKind::l1: values.each([&](Wide x) { sum += x < 0 ? 0 - uint64_t(x) : uint64_t(x); }); break;
    case ReduceKind::sum_square: values.each([&](Wide x) { sum += uint64_t(x) * uint64_t(x); }); break;
    default: return from_double<T>(reduce_float(kind, values));
  }
  return Dense<T>::store(kind == ReduceKind::mean ? mean_integer<Wide>(sum, values.count) : Wide(sum));
}

// A walk over the dimensions of `x` whose bit in `axes` is `reduced`, row-major.
Walk<1> walk_over(const Tensor& x, uint32_t axes, bool reduced) {
  int64_t dense[kMaxRank];
  dense_strides(x, dense);
  Tensor over;
  int64_t stride[kMaxRank] = {};
  for (int i = 0; i < x.rank; ++i)
    if ((axes >> i & 1) == uint32_t(reduced)) stride[over.rank] = dense[i], over.dim[over.rank++] = x.dim[i];
  Walk<1> walk(over);
  std::copy(stride, stride + kMaxRank, walk.stride[0]);
  return walk;
}

void reference_reduce(const OpArgs& a) {
  auto attr = a.at<ReduceAttr>();
  int64_t count = a.y().count(), each = 1;
  if (!count) return;
  for (int i = 0; i < a.x(0).rank; ++i) each *= attr.axes >> i & 1 ? a.x(0).dim[i] : 1;
  Walk<1> kept = walk_over(a.x(0), attr.axes, false), reduced = walk_over(a.x(0), attr.axes, true);
  visit_dense(a.x(0).dtype, [&]<class T>() {
    T* y = a.y().as<T>();
    do {
      Values<T> values{a.x(0).as<T>() + kept.offset[0], reduced, each};
      if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) *y++ = Dense<T>::store(reduce_float(attr.kind, values));
      else *y++ = reduce_integer(attr.kind, values);
    } while (kept.next());
  });
}

// ---- where the extreme stands ----------------------------------------------------------------------------------------

void infer_arg_extreme(ShapeRule& r) {
  auto attr = r.at<ArgExtremeAttr>();
  r.need(r.inputs() == 1 && is_dense(r.x(0).dtype), "needs one input, dense");
  r.need(attr.axis >= 0 && attr.axis < r.shape(0).rank, "searches a dimension that its input lacks");
  r.need(r.shape(0)[attr.axis] != Dim(0), "searches a dimension without values");
  r.out = {{DType::i64, reduced_shape(r.shape(0), 1u << attr.axis, attr.keep != 0)}};
}

template <class Wide>
bool beats(const ArgExtremeAttr& attr, Wide x, Wide best) {
  if (is_nan(x) || is_nan(best)) return !is_nan(best) || (is_nan(x) && attr.last);
  if (x == best) return attr.last != 0;
  return (x < best) == (attr.least != 0);
}

void reference_arg_extreme(const OpArgs& a) {
  auto attr = a.at<ArgExtremeAttr>();
  AxisView view(a.x(0), attr.axis);
  int64_t* y = a.y().as<int64_t>();
  visit_dense(a.x(0).dtype, [&]<class T>() {
    for (int64_t i = 0; i < view.outer * view.inner; ++i) {
      const T* x = a.x(0).as<T>() + i / view.inner * view.n * view.inner + i % view.inner;
      y[i] = 0;
      for (int64_t j = 1; j < view.n; ++j)
        if (beats(attr, Dense<T>::load(x[j * view.inner]), Dense<T>::load(x[y[i] * view.inner]))) y[i] = j;
    }
  });
}

}  // namespace

const Op kReduce{.name = "reduce", .infer = infer_reduce, .cost = cost_reduce, .reference = reference_reduce};
const Op kArgExtreme{.name = "arg_extreme", .infer = infer_arg_extreme, .cost = cost_reduce, .reference = reference_arg_extreme};

}  // namespace prm
