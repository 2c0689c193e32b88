#include "ops/ngrams.h"

#include <algorithm>

#include "tensor/dense.h"

namespace prm {

namespace {

void infer_count_ngrams(ShapeRule& r) {
  auto attr = r.at<NgramAttr>();
  r.need(r.inputs() == 4 && (r.x(0).dtype == DType::i32 || r.x(0).dtype == DType::i64), "needs x of i32 or i64, a pool, starts and columns");
  for (int i = 1; i < 4; ++i) r.need(r.x(i).dtype == DType::i64 && r.shape(i).rank == 1, "needs a pool, starts and columns of i64");
  Shape shape = r.shape(0);
  r.need(shape.rank == 1 || shape.rank == 2, "needs x of one dimension or two");
  r.need(attr.width >= 0 && attr.least >= 1 && attr.least <= attr.most && attr.skips >= 0, "needs a width, lengths from 1 on, and skips that are not negative");
  shape[-1] = attr.width;
  r.out = {{DType::f32, shape}};
}

Cost cost_count_ngrams(const OpArgs& a) {
  auto attr = a.at<NgramAttr>();
  Cost cost = cost_of_values(a, 1);
  cost.flops += double(a.x(0).count()) * double(a.x(1).count()) * (1 + std::min(double(attr.skips), double(a.x(0).cols())));
  return cost;
}

// A row, and an n-gram to be found in it.
int64_t count_in(const Tensor& x, int64_t row, const int64_t* gram, int64_t n, int64_t skips) {
  int64_t length = x.cols(), found = 0;
  for (int64_t distance = 1; distance <= (n == 1 ? 1 : skips + 1) && distance * (n - 1) < length; ++distance)
    for (int64_t at = 0; at + distance * (n - 1) < length; ++at) {
      int64_t same = 0;
      while (same < n && load_integer(x, row * length + at + same * distance) == gram[same]) ++same;
      found += same == n;
    }
  return found;
}

void reference_count_ngrams(const OpArgs& a) {
  auto attr = a.at<NgramAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  const int64_t *pool = a.x(1).as<int64_t>(), *starts = a.x(2).as<int64_t>(), *columns = a.x(3).as<int64_t>();
  int64_t groups = a.x(2).count(), all = a.x(1).count(), known = a.x(3).count(), id = 0;
  std::fill_n(y.as<float>(), y.count(), 0.0f);
  auto start_of = [&](int64_t group) { return group < groups ? std::min(std::max<int64_t>(starts[group], 0), all) : all; };
  for (int64_t group = 0; group < groups; ++group) {
    int64_t n = group + 1, end = start_of(group + 1);
    for (int64_t at = start_of(group); n <= end - at; at += n, ++id) {
      if (n < attr.least || n > attr.most || id >= known || columns[id] < 0 || columns[id] >= attr.width) continue;
      for (int64_t row = 0; attr.width * row < y.count(); ++row) y.as<float>()[row * attr.width + columns[id]] += float(count_in(x, row, pool + at, n, attr.skips));
    }
  }
}

}  // namespace

const Op kCountNgrams{.name = "count_ngrams", .infer = infer_count_ngrams, .cost = cost_count_ngrams, .reference = reference_count_ngrams};

}  // namespace prm
