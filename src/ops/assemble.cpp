#include "ops/assemble.h"

#include <algorithm>
#include <cstring>

#include "tensor/dense.h"
#include "tensor/strided.h"
#include "tensor/walk.h"

namespace prm {

namespace {

// ---- one behind the other --------------------------------------------------------------------------------------------

void infer_concat(ShapeRule& r) {
  r.need(r.inputs() >= 1 && is_movable(r.x(0).dtype), "needs inputs without blocks");
  int axis = r.at<ConcatAttr>().axis;
  Shape shape = r.shape(0);
  r.need(axis >= 0 && axis < shape.rank, "its axis is none of the inputs'");
  for (int i = 1; i < r.inputs(); ++i) {
    const Shape& x = r.shape(i);
    r.need(r.x(i).dtype == r.x(0).dtype && x.rank == shape.rank, "the inputs differ in type or rank");
    for (int j = 0; j < x.rank; ++j) r.need(j == axis || x.dims[j] == shape[j], "the inputs differ in another dimension than the axis");
    shape[axis] = r.graph.dims.add(shape[axis], x.dims[axis]);
  }
  r.out = {{r.x(0).dtype, shape}};
}

// Bytes from one index before the axis to the next.
int64_t stretch(const Tensor& t, int axis) { return info(t.dtype).bytes * product(t, axis, t.rank); }

Pieces concat_pieces(const OpArgs& a) { return {int64_t(a.y().bytes()), 64 << 10}; }

void move_concat(const OpArgs& a, int64_t begin, int64_t end) {
  int axis = a.at<ConcatAttr>().axis, inputs = 0;
  int64_t share[kMaxInputs];
  for (; inputs < kMaxInputs && a.in[inputs]; ++inputs) share[inputs] = stretch(a.x(inputs), axis);
  each_run(begin, end, stretch(a.y(), axis), [&](int64_t outer, int64_t at, int64_t n) {
    std::byte* to = a.y().data + outer * stretch(a.y(), axis) + at;
    for (int i = 0; i < inputs && n; ++i) {
      int64_t here = std::min(share[i] - at, n);
      if (here > 0) {
        std::memcpy(to, a.x(i).data + outer * share[i] + at, size_t(here));
        to += here;
        n -= here;
      }
      at = std::max<int64_t>(at - share[i], 0);
    }
  });
}

// ---- a margin --------------------------------------------------------------------------------------------------------

void infer_pad(ShapeRule& r) {
  auto attr = r.at<PadAttr>();
  bool constant = attr.mode == PadMode::constant;
  r.need(r.inputs() == (constant ? 2 : 1) && is_movable(r.x(0).dtype), "needs one input without blocks, and the value of a constant margin");
  r.need(!constant || (r.x(1).dtype == r.x(0).dtype && r.shape(1).rank == 0), "the value is not one of the input's type");
  Shape shape = r.shape(0);
  for (int i = 0; i < shape.rank; ++i) {
    r.need(attr.before[i] >= 0 && attr.after[i] >= 0, "a margin is less than zero");
    int64_t margin = int64_t(attr.before[i]) + attr.after[i];
    r.need(constant || margin == 0 || shape[i] != Dim(0), "a dimension of 0 has nothing that its margin could show");
    shape[i] = r.graph.dims.add(shape[i], margin);
  }
  r.out = {{r.x(0).dtype, shape}};
}

// The value of x that stands at index i of the result; -1: the constant.
int64_t padded_from(PadMode mode, int64_t i, int64_t before, int64_t extent) {
  int64_t at = i - before;
  if (at >= 0 && at < extent) return at;
  if (mode == PadMode::constant || extent == 0) return -1;
  if (mode == PadMode::edge || extent == 1) return at < 0 ? 0 : extent - 1;
  int64_t period = mode == PadMode::wrap ? extent : 2 * (extent - 1);
  at %= period;
  if (at < 0) at += period;
  return at < extent ? at : period - at;
}

// Where the row of x begins that row `number` of the result shows; -1: the constant.
int64_t padded_row(const OpArgs& a, const PadAttr& attr, const int64_t* stride, int64_t number) {
  int64_t offset = 0;
  for (int i = a.y().rank - 2; i >= 0; --i) {
    int64_t from = padded_from(attr.mode, number % a.y().dim[i], attr.before[i], a.x(0).dim[i]);
    number /= a.y().dim[i];
    if (from < 0) return -1;
    offset += from * stride[i];
  }
  return offset;
}

void move_pad(const OpArgs& a, int64_t begin, int64_t end) {
  auto attr = a.at<PadAttr>();
  int last = std::max(a.y().rank - 1, 0);
  int64_t stride[kMaxRank], before = attr.before[last], extent = a.x(0).cols(), row = a.y().cols();
  dense_strides(a.x(0), stride);
  visit_width(a.y().dtype, [&]<class T>() {
    T constant = attr.mode == PadMode::constant ? a.x(1).as<T>()[0] : T(0);
    each_run(begin, end, row, [&](int64_t number, int64_t at, int64_t n) {
      T* to = a.y().as<T>() + number * row;
      int64_t offset = padded_row(a, attr, stride, number);
      if (offset < 0) return void(std::fill_n(to + at, n, constant));
      const T* from = a.x(0).as<T>() + offset;
      auto margin = [&](int64_t i) {
        int64_t shown = padded_from(attr.mode, i, before, extent);
        to[i] = shown < 0 ? constant : from[shown];
      };
      int64_t stop = at + n, inner = std::clamp(before, at, stop), outer = std::clamp(before + extent, inner, stop);
      for (int64_t i = at; i < inner; ++i) margin(i);
      if (outer > inner) std::memcpy(to + inner, from + inner - before, size_t(outer - inner) * sizeof(T));
      for (int64_t i = outer; i < stop; ++i) margin(i);
    });
  });
}

}  // namespace

const Movement kConcatenating{concat_pieces, move_concat};
const Movement kPadding{pieces_of_values, move_pad};

const Op kConcat{.name = "concat", .infer = infer_concat, .cost = cost_of_moving, .reference = move_all<kConcatenating>};
const Op kPad{.name = "pad", .infer = infer_pad, .cost = cost_of_moving, .reference = move_all<kPadding>};

}  // namespace prm
