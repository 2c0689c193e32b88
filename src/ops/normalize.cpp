#include "ops/normalize.h"

#include <algorithm>
#include <cmath>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

void infer_normalize(ShapeRule& r) {
  auto attr = r.at<NormalizeAttr>();
  r.need(r.inputs() == 1 + attr.gain + attr.bias && is_float(r.x(0).dtype), "needs floats, and gain and bias as its attributes say");
  const Shape x = r.shape(0);
  r.need(attr.axis >= 0 && attr.axis < x.rank, "normalizes dimensions that its input lacks");
  for (int i = 1; i < r.inputs(); ++i) {
    r.need(r.x(i).dtype == r.x(0).dtype, "needs gain and bias of its input's type");
    r.need(broadcast_shape(r, x, r.shape(i)) == x, "needs gain and bias that can be broadcast to its input");
  }
  r.out = {{r.x(0).dtype, x}};
  if (!attr.statistics) return;
  r.need(is_float(attr.statistics_type), "gives statistics as floats");
  Shape one = x;
  for (int i = attr.axis; i < x.rank; ++i) one[i] = 1;
  r.out.push_back({attr.statistics_type, one});
  r.out.push_back({attr.statistics_type, one});
}

Cost cost_normalize(const OpArgs& a) { return cost_of_values(a, 8); }

struct Statistics {
  double mean, factor;
};

template <class T>
Statistics statistics_of(const T* x, int64_t n, const NormalizeAttr& attr) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; attr.centred && i < n; ++i) sum += Dense<T>::load(x[i]);
  double mean = attr.centred ? sum / double(n) : 0;
  for (int64_t i = 0; i < n; ++i) {
    double distance = Dense<T>::load(x[i]) - mean;
    squares += distance * distance;
  }
  return {mean, 1 / std::sqrt(squares / double(n) + attr.eps)};
}

template <class T>
void normalize(const OpArgs& a, const NormalizeAttr& attr, int64_t rows, int64_t n) {
  const T *x = a.x(0).as<T>(), *gain = attr.gain ? a.x(1).as<T>() : nullptr, *bias = attr.bias ? a.x(1 + attr.gain).as<T>() : nullptr;
  Walk<2> walk(a.x(0));
  if (gain) broadcast_strides(a.x(1), a.x(0), walk.stride[0]);
  if (bias) broadcast_strides(a.x(1 + attr.gain), a.x(0), walk.stride[1]);
  for (int64_t r = 0; r < rows; ++r) {
    Statistics s = statistics_of(x + r * n, n, attr);
    for (int64_t i = r * n; i < (r + 1) * n; ++i, walk.next()) {
      double y = (Dense<T>::load(x[i]) - s.mean) * s.factor;
      if (gain) y *= Dense<T>::load(gain[walk.offset[0]]);
      if (bias) y += Dense<T>::load(bias[walk.offset[1]]);
      a.y().as<T>()[i] = Dense<T>::store(y);
    }
    if (attr.statistics) store_value(a.y(1), r, s.mean), store_value(a.y(2), r, s.factor);
  }
}

void reference_normalize(const OpArgs& a) {
  auto attr = a.at<NormalizeAttr>();
  int64_t rows = 1, n = 1;
  for (int i = 0; i < a.x(0).rank; ++i) (i < attr.axis ? rows : n) *= a.x(0).dim[i];
  visit_dense(a.x(0).dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) normalize<T>(a, attr, rows, n);
  });
}

// ---- by neighbouring channels ----------------------------------------------------------------------------------------

void infer_lrn(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_float(r.x(0).dtype) && r.shape(0).rank >= 2, "needs floats of two dimensions or more");
  r.need(r.at<LrnAttr>().size > 0, "needs a size above 0");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

Cost cost_lrn(const OpArgs& a) { return cost_of_values(a, 2 * double(std::min(a.at<LrnAttr>().size, a.x(0).dim[1])) + 20); }

void reference_lrn(const OpArgs& a) {
  auto attr = a.at<LrnAttr>();
  AxisView view(a.x(0), 1);
  int64_t in_front = std::min((attr.size - 1) / 2, view.n), behind = std::min(attr.size / 2, view.n), count = a.y().count();
  for (int64_t i = 0; i < count; ++i) {
    int64_t c = i / view.inner % view.n, first = i - c * view.inner;
    double sum = 0;
    for (int64_t j = std::max<int64_t>(0, c - in_front); j <= std::min(view.n - 1, c + behind); ++j) {
      double x = load_value(a.x(0), first + j * view.inner);
      sum += x * x;
    }
    store_value(a.y(), i, load_value(a.x(0), i) / std::pow(attr.bias + attr.alpha / double(attr.size) * sum, attr.beta));
  }
}

}  // namespace

const Op kNormalize{.name = "normalize", .infer = infer_normalize, .cost = cost_normalize, .reference = reference_normalize};
const Op kLrn{.name = "lrn", .infer = infer_lrn, .cost = cost_lrn, .reference = reference_lrn};

}  // namespace prm
