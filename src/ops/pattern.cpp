#include "ops/pattern.h"

#include <algorithm>
#include <cstring>

#include "tensor/dense.h"
#include "tensor/strided.h"
#include "tensor/walk.h"

namespace prm {

namespace {

// ---- evenly spaced ---------------------------------------------------------------------------------------------------

void infer_range(ShapeRule& r) {
  bool types = r.inputs() == 2 && is_dense(r.x(0).dtype) && r.x(0).dtype == r.x(1).dtype;
  r.need(types && r.shape(0).rank == 0 && r.shape(1).rank == 0, "needs a start and a step, one value each, of one dense type");
  r.out = {{r.x(0).dtype, {dim_of(r.at<RangeAttr>().count)}}};
}

void move_range(const OpArgs& a, int64_t begin, int64_t end) {
  visit_dense(a.y().dtype, [&]<class T>() {
    using Wide = typename Dense<T>::Wide;
    Wide start = Dense<T>::load(a.x(0).as<T>()[0]), step = Dense<T>::load(a.x(1).as<T>()[0]);
    for (int64_t i = begin; i < end; ++i) {
      if constexpr (std::is_same_v<Wide, double>) a.y().as<T>()[i] = Dense<T>::store(start + double(i) * step);
      else a.y().as<T>()[i] = Dense<T>::store(Wide(uint64_t(start) + uint64_t(i) * uint64_t(step)));
    }
  });
}

// ---- triangles -------------------------------------------------------------------------------------------------------

void infer_trilu(ShapeRule& r) {
  r.need(r.inputs() == 2 && is_movable(r.x(0).dtype) && r.shape(0).rank >= 2, "needs an input without blocks and two dimensions or more");
  const Shape& k = r.shape(1);
  r.need(r.x(1).dtype == DType::i64 && (k.rank == 0 || (k.rank == 1 && k.dims[0] == Dim(1))), "k is not one int64");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

void move_trilu(const OpArgs& a, int64_t begin, int64_t end) {
  const Tensor &x = a.x(0), &y = a.y();
  if (begin >= end) return;
  bool upper = a.at<TriluAttr>().upper != 0;
  int64_t columns = y.dim[y.rank - 1], rows = y.dim[y.rank - 2];
  int64_t k = std::clamp(a.x(1).as<int64_t>()[0], -rows, columns);
  visit_width(y.dtype, [&]<class T>() {
    each_run(begin, end, columns, [&](int64_t number, int64_t at, int64_t n) {
      const T* from = x.as<T>() + number * columns;
      T* to = y.as<T>() + number * columns;
      // Values before it are below the diagonal.
      int64_t edge = std::clamp(number % rows + k + (upper ? 0 : 1), at, at + n), stop = at + n;
      if (upper) {
        std::fill(to + at, to + edge, T(0));
        std::copy(from + edge, from + stop, to + edge);
      } else {
        std::copy(from + at, from + edge, to + at);
        std::fill(to + edge, to + stop, T(0));
      }
    });
  });
}

// ---- sequences backwards ---------------------------------------------------------------------------------------------

void infer_reverse_sequence(ShapeRule& r) {
  r.need(r.inputs() == 2 && is_movable(r.x(0).dtype) && is_index(r.x(1).dtype), "needs an input without blocks and lengths (int32 or int64)");
  int time = r.at<ReverseSequenceAttr>().time_axis;
  const Shape &x = r.shape(0), &lengths = r.shape(1);
  r.need((time == 0 || time == 1) && x.rank >= 2, "needs two dimensions or more, the first of them batch and time");
  r.need(lengths.rank == 1 && lengths.dims[0] == x.dims[1 - time], "has no length for each of the batch");
  r.out = {{r.x(0).dtype, x}};
}

void move_reverse_sequence(const OpArgs& a, int64_t begin, int64_t end) {
  int time_axis = a.at<ReverseSequenceAttr>().time_axis;
  const Tensor& x = a.x(0);
  int64_t run = product(x, 2, x.rank), time = x.dim[time_axis];
  size_t width = size_t(info(x.dtype).bytes);
  each_run(begin, end, run, [&](int64_t number, int64_t at, int64_t n) {
    int64_t index[2] = {number / x.dim[1], number % x.dim[1]}, batch = index[1 - time_axis];
    int64_t length = a.x(1).dtype == DType::i32 ? int64_t(a.x(1).as<int32_t>()[batch]) : a.x(1).as<int64_t>()[batch];
    length = std::clamp<int64_t>(length, 0, time);
    int64_t& t = index[time_axis];
    if (t < length) t = length - 1 - t;
    int64_t from = (index[0] * x.dim[1] + index[1]) * run + at;
    std::memcpy(a.y().data + size_t(number * run + at) * width, x.data + size_t(from) * width, size_t(n) * width);
  });
}

}  // namespace

const Movement kSpacing{pieces_of_values, move_range};
const Movement kTriangles{pieces_of_values, move_trilu};
const Movement kReversing{pieces_of_values, move_reverse_sequence};

const Op kRange{.name = "range", .infer = infer_range, .cost = cost_of_moving, .reference = move_all<kSpacing>};
const Op kTrilu{.name = "trilu", .infer = infer_trilu, .cost = cost_of_moving, .reference = move_all<kTriangles>};
const Op kReverseSequence{.name = "reverse_sequence", .infer = infer_reverse_sequence, .cost = cost_of_moving, .reference = move_all<kReversing>};

}  // namespace prm
