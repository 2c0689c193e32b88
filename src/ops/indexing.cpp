#include "ops/indexing.h"

#include <cstring>

#include "tensor/dense.h"
#include "tensor/strided.h"
#include "tensor/walk.h"

namespace prm {

namespace {

void need_indices(const ShapeRule& r) {
  r.need(r.inputs() == 2 && is_movable(r.x(0).dtype) && is_index(r.x(1).dtype), "needs an input without blocks and indices (int32 or int64)");
}

void append(const ShapeRule& r, Shape& shape, const Shape& from, int begin, int end) {
  r.need(shape.rank + end - begin <= kMaxRank, "the result would have more than 8 dimensions");
  for (int i = begin; i < end; ++i) shape.dims[shape.rank++] = from.dims[i];
}

// `n` values from `from` on; zeros where nothing is to be read.
void take(const Tensor& y, int64_t to, const Tensor& x, int64_t from, int64_t n) {
  size_t width = size_t(info(y.dtype).bytes), size = size_t(n) * width;
  std::byte* where = y.data + size_t(to) * width;
  if (from < 0) std::memset(where, 0, size);
  else std::memcpy(where, x.data + size_t(from) * width, size);
}

// ---- along one dimension ---------------------------------------------------------------------------------------------

void infer_gather(ShapeRule& r) {
  need_indices(r);
  int axis = r.at<GatherAttr>().axis;
  const Shape &x = r.shape(0), &indices = r.shape(1);
  r.need(axis >= 0 && axis < x.rank, "its axis is none of the input's");
  Shape shape;
  append(r, shape, x, 0, axis);
  append(r, shape, indices, 0, indices.rank);
  append(r, shape, x, axis + 1, x.rank);
  r.out = {{r.x(0).dtype, shape}};
}

void move_gather(const OpArgs& a, int64_t begin, int64_t end) {
  int axis = a.at<GatherAttr>().axis;
  const Tensor& x = a.x(0);
  int64_t run = product(x, axis + 1, x.rank), extent = x.dim[axis], indices = a.x(1).count();
  each_run(begin, end, run, [&](int64_t number, int64_t at, int64_t n) {
    int64_t index = load_index(a.x(1), number % indices, extent);
    take(a.y(), number * run + at, x, index < 0 ? -1 : (number / indices * extent + index) * run + at, n);
  });
}

// ---- one by one ------------------------------------------------------------------------------------------------------

void infer_gather_elements(ShapeRule& r) {
  need_indices(r);
  int axis = r.at<GatherAttr>().axis;
  const Shape &x = r.shape(0), &indices = r.shape(1);
  r.need(x.rank == indices.rank && axis >= 0 && axis < x.rank, "input and indices differ in rank, or have no such axis");
  for (int i = 0; i < x.rank; ++i) {
    bool inside = x.dims[i].literal() && indices.dims[i].literal() ? indices.dims[i].value <= x.dims[i].value : indices.dims[i] == x.dims[i];
    r.need(i == axis || inside, "the indices have a larger dimension than the input");
  }
  r.out = {{r.x(0).dtype, indices}};
}

void move_gather_elements(const OpArgs& a, int64_t begin, int64_t end) {
  if (begin >= end) return;
  int axis = a.at<GatherAttr>().axis;
  const Tensor& x = a.x(0);
  Walk<1> walk(a.y());
  dense_strides(x, walk.stride[0]);
  int64_t step = walk.stride[0][axis], extent = x.dim[axis];
  walk.stride[0][axis] = 0;
  walk.seek(begin);
  visit_width(x.dtype, [&]<class T>() {
    for (int64_t i = begin; i < end; ++i, walk.next()) {
      int64_t index = load_index(a.x(1), i, extent);
      a.y().as<T>()[i] = index < 0 ? T(0) : x.as<T>()[walk.offset[0] + index * step];
    }
  });
}

// ---- by tuples -------------------------------------------------------------------------------------------------------

void infer_gather_nd(ShapeRule& r) {
  need_indices(r);
  int batch = r.at<GatherNdAttr>().batch;
  const Shape &x = r.shape(0), &indices = r.shape(1);
  r.need(batch >= 0 && batch < indices.rank && batch <= x.rank && indices[-1].literal(), "has no such batch, or tuples of unknown length");
  for (int i = 0; i < batch; ++i) r.need(x.dims[i] == indices.dims[i], "input and indices differ in their batch");
  int64_t tuple = indices[-1].value;
  r.need(tuple <= x.rank - batch, "the tuples are longer than the input has dimensions");
  Shape shape;
  append(r, shape, indices, 0, indices.rank - 1);
  append(r, shape, x, batch + int(tuple), x.rank);
  r.out = {{r.x(0).dtype, shape}};
}

void move_gather_nd(const OpArgs& a, int64_t begin, int64_t end) {
  if (begin >= end) return;
  int batch = a.at<GatherNdAttr>().batch;
  const Tensor &x = a.x(0), &indices = a.x(1);
  int tuple = int(indices.cols());
  int64_t run = product(x, batch + tuple, x.rank), each = product(indices, batch, indices.rank - 1);
  each_run(begin, end, run, [&](int64_t number, int64_t at, int64_t n) {
    int64_t from = number / each;
    for (int i = 0; i < tuple && from >= 0; ++i) {
      int64_t extent = x.dim[batch + i], index = load_index(indices, number * tuple + i, extent);
      from = index < 0 ? -1 : from * extent + index;
    }
    take(a.y(), number * run + at, x, from < 0 ? -1 : from * run + at, n);
  });
}

}  // namespace

const Movement kGathering{pieces_of_values, move_gather};
const Movement kGatheringElements{pieces_of_values, move_gather_elements};
const Movement kGatheringNd{pieces_of_values, move_gather_nd};

const Op kGather{.name = "gather", .infer = infer_gather, .cost = cost_of_moving, .reference = move_all<kGathering>};
const Op kGatherElements{.name = "gather_elements", .infer = infer_gather_elements, .cost = cost_of_moving, .reference = move_all<kGatheringElements>};
const Op kGatherNd{.name = "gather_nd", .infer = infer_gather_nd, .cost = cost_of_moving, .reference = move_all<kGatheringNd>};

}  // namespace prm
