#include "ops/contract.h"

#include <cmath>
#include <utility>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

// What sums of values of T are held in: integers wrap around.
template <class T>
using Sum = std::conditional_t<std::is_same_v<typename Dense<T>::Wide, double>, double, uint64_t>;

// ---- matrices in batches ---------------------------------------------------------------------------------------------

Shape batch_of(Shape shape) {
  shape.rank -= 2;
  return shape;
}
Tensor batch_of(Tensor tensor) {
  tensor.rank = uint8_t(tensor.rank - 2);
  return tensor;
}

void infer_matmul_nd(ShapeRule& r) {
  auto attr = r.at<MatmulNdAttr>();
  r.need(r.inputs() == 2 && r.x(0).dtype == r.x(1).dtype, "needs two inputs of one type");
  r.need(is_float(r.x(0).dtype) || (is_integer(r.x(0).dtype) && attr.alpha == 1), "is not for values of this type");
  const Shape &a = r.shape(0), &b = r.shape(1);
  r.need(a.rank >= 2 && b.rank >= 2, "needs matrices: two dimensions or more");
  r.need(a[attr.trans_a ? -2 : -1] == b[attr.trans_b ? -1 : -2], "the inner dimensions of the matrices differ");
  Shape y = broadcast_shape(r, batch_of(a), batch_of(b));
  y.dims[y.rank++] = a[attr.trans_a ? -1 : -2];
  y.dims[y.rank++] = b[attr.trans_b ? -2 : -1];
  r.out = {{r.x(0).dtype, y}};
}

int64_t inner_extent(const OpArgs& a) { return a.x(0).dim[a.x(0).rank - (a.at<MatmulNdAttr>().trans_a ? 2 : 1)]; }

Cost cost_matmul_nd(const OpArgs& a) { return cost_of_values(a, 2 * double(inner_extent(a))); }

template <class T>
Sum<T> dot(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n) {
  Sum<T> sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += Sum<T>(Dense<T>::load(a[i * a_step])) * Sum<T>(Dense<T>::load(b[i * b_step]));
  return sum;
}

void reference_matmul_nd(const OpArgs& args) {
  auto attr = args.at<MatmulNdAttr>();
  const Tensor &a = args.x(0), &b = args.x(1), &y = args.y();
  int64_t m = y.dim[y.rank - 2], n = y.dim[y.rank - 1], k = inner_extent(args);
  if (!y.count()) return;
  Walk<2> batch(batch_of(y));
  broadcast_strides(batch_of(a), batch_of(y), batch.stride[0]);
  broadcast_strides(batch_of(b), batch_of(y), batch.stride[1]);
  int64_t a_row = attr.trans_a ? 1 : k, a_step = attr.trans_a ? m : 1, b_col = attr.trans_b ? k : 1, b_step = attr.trans_b ? 1 : n;
  visit_dense(y.dtype, [&]<class T>() {
    T* to = y.as<T>();
    do {
      const T *left = a.as<T>() + batch.offset[0] * m * k, *right = b.as<T>() + batch.offset[1] * k * n;
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) {
          Sum<T> sum = dot(left + i * a_row, a_step, right + j * b_col, b_step, k);
          if constexpr (std::is_same_v<Sum<T>, double>) sum *= attr.alpha;
          *to++ = Dense<T>::store(typename Dense<T>::Wide(sum));
        }
    } while (batch.next());
  });
}

// ---- Einstein's notation ---------------------------------------------------------------------------------------------

void infer_einsum(ShapeRule& r) {
  auto attr = r.at<EinsumAttr>();
  r.need(r.inputs() == 1 || (r.inputs() == 2 && r.x(0).dtype == r.x(1).dtype), "needs one input or two of one type");
  DType type = r.x(0).dtype;
  r.need(is_float(type) || is_integer(type), "is not for values of this type");
  r.need(attr.kept >= 0 && attr.kept <= kMaxRank && attr.summed >= 0 && attr.summed <= kMaxRank, "has too many dimensions");
  Shape all[2];  // kept, summed
  bool named[2][kMaxRank] = {};
  for (int i = 0; i < 2; ++i) all[i].rank = i ? attr.summed : attr.kept;
  for (int i = 0; i < r.inputs(); ++i)
    for (int d = 0; d < r.shape(i).rank; ++d) {
      int label = attr.label[i][d], late = label >= attr.kept, at = late ? label - attr.kept : label;
      r.need(label >= 0 && at < all[late].rank, "names a dimension that it has not");
      Dim &mine = all[late].dims[at], theirs = r.shape(i)[d];
      bool fits = !named[late][at] || mine == theirs || mine == Dim(1) || theirs == Dim(1);
      r.need(fits, "dimensions of one label differ");
      if (!named[late][at] || mine == Dim(1)) mine = theirs;
      named[late][at] = true;
    }
  for (int i = 0; i < 2; ++i)
    for (int d = 0; d < all[i].rank; ++d) r.need(named[i][d], "has a label that no input has");
  r.out = {{type, all[0]}};
}

// The dimensions that are summed over, as those of a tensor; how far each label moves in each input.
struct EinsumSteps {
  Tensor summed;
  int64_t kept_step[2][kMaxRank] = {}, summed_step[2][kMaxRank] = {};

  explicit EinsumSteps(const OpArgs& a) {
    auto attr = a.at<EinsumAttr>();
    summed.rank = uint8_t(attr.summed);
    for (int d = 0; d < attr.summed; ++d) summed.dim[d] = 1;
    for (int i = 0; i < 2 && a.in[i]; ++i) {
      int64_t dense[kMaxRank];
      dense_strides(a.x(i), dense);
      for (int d = 0; d < a.x(i).rank; ++d) {
        int64_t extent = a.x(i).dim[d];
        int label = attr.label[i][d];
        if (label < attr.kept) {
          kept_step[i][label] += extent == 1 ? 0 : dense[d];
          continue;
        }
        if (extent != 1) summed.dim[label - attr.kept] = extent;
        summed_step[i][label - attr.kept] += extent == 1 ? 0 : dense[d];
      }
    }
  }
};

// Values that one sum is over: more than 64 bits can count, where some dimension has none.
double summed_count(const EinsumSteps& steps) {
  double count = 1;
  for (int d = 0; d < steps.summed.rank; ++d) count *= double(steps.summed.dim[d]);
  return count;
}

Cost cost_einsum(const OpArgs& a) { return cost_of_values(a, 2 * summed_count(EinsumSteps(a))); }

template <class T>
Sum<T> einsum_value(const OpArgs& a, const Walk<2>& kept, Walk<2> summed) {
  const T *left = a.x(0).as<T>() + kept.offset[0], *right = a.in[1] ? a.x(1).as<T>() + kept.offset[1] : nullptr;
  Sum<T> sum = 0;
  do {
    Sum<T> value = Sum<T>(Dense<T>::load(left[summed.offset[0]]));
    if (right) value *= Sum<T>(Dense<T>::load(right[summed.offset[1]]));
    sum += value;
  } while (summed.next());
  return sum;
}

void reference_einsum(const OpArgs& a) {
  EinsumSteps steps(a);
  if (!a.y().count()) return;
  Walk<2> kept(a.y()), summed(steps.summed);
  for (int i = 0; i < 2; ++i)
    for (int d = 0; d < kMaxRank; ++d) kept.stride[i][d] = steps.kept_step[i][d], summed.stride[i][d] = steps.summed_step[i][d];
  bool any = summed_count(steps) > 0;
  visit_dense(a.y().dtype, [&]<class T>() {
    T* y = a.y().as<T>();
    do *y++ = Dense<T>::store(typename Dense<T>::Wide(any ? einsum_value<T>(a, kept, summed) : Sum<T>(0)));
    while (kept.next());
  });
}

// ---- determinants ----------------------------------------------------------------------------------------------------

void infer_det(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_float(r.x(0).dtype) && r.shape(0).rank >= 2 && r.shape(0)[-1] == r.shape(0)[-2], "needs square matrices of floats");
  Dim n = r.shape(0)[-1];
  r.out = {{r.x(0).dtype, batch_of(r.shape(0))}, {DType::f64, Shape{n, n}}};
}

Cost cost_det(const OpArgs& a) {
  double n = double(a.x(0).cols());
  return cost_of_values(a, n * n * n);
}

// By elimination with the largest of a column as pivot; `m` is used up.
double determinant(double* m, int64_t n) {
  double product = 1;
  for (int64_t i = 0; i < n; ++i) {
    int64_t best = i;
    for (int64_t r = i + 1; r < n; ++r)
      if (std::fabs(m[r * n + i]) > std::fabs(m[best * n + i])) best = r;
    double pivot = m[best * n + i];
    if (pivot == 0) return 0;
    if (best != i) {
      product = -product;
      for (int64_t j = i; j < n; ++j) std::swap(m[best * n + j], m[i * n + j]);
    }
    product *= pivot;
    for (int64_t r = i + 1; r < n; ++r) {
      double factor = m[r * n + i] / pivot;
      for (int64_t j = i + 1; j < n; ++j) m[r * n + j] -= factor * m[i * n + j];
    }
  }
  return product;
}

void reference_det(const OpArgs& a) {
  int64_t n = a.x(0).cols(), count = a.y().count();
  double* room = a.y(1).as<double>();
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < n * n; ++j) room[j] = load_value(a.x(0), i * n * n + j);
    store_value(a.y(), i, determinant(room, n));
  }
}

}  // namespace

const Op kMatmulNd{.name = "matmul_nd", .infer = infer_matmul_nd, .cost = cost_matmul_nd, .reference = reference_matmul_nd};
const Op kEinsum{.name = "einsum", .infer = infer_einsum, .cost = cost_einsum, .reference = reference_einsum};
const Op kDet{.name = "det", .infer = infer_det, .cost = cost_det, .reference = reference_det};

}  // namespace prm
