#include "ops/rearrange.h"

#include <cstring>

#include "tensor/dense.h"
#include "tensor/narrow.h"
#include "tensor/strided.h"
#include "tensor/walk.h"

namespace prm {

namespace {

// Of an op whose output takes values of input 0 in steps.
template <StridedCopy (*plan)(const OpArgs&)>
Pieces strided_pieces(const OpArgs& a) {
  StridedCopy c = plan(a);
  return {c.units, c.grain};
}
template <StridedCopy (*plan)(const OpArgs&)>
void move_strided(const OpArgs& a, int64_t begin, int64_t end) {
  copy_units(plan(a), a.x(0), a.y(), begin, end);
}

// ---- transposing -----------------------------------------------------------------------------------------------------

void infer_transpose(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_movable(r.x(0).dtype), "needs one input without blocks");
  auto attr = r.at<TransposeAttr>();
  const Shape& x = r.shape(0);
  Shape shape;
  bool seen[kMaxRank] = {};
  for (int i = 0; i < x.rank; ++i) {
    int from = attr.from[i];
    r.need(from >= 0 && from < x.rank && !seen[from], "the order is none of the input's dimensions");
    seen[from] = true;
    shape.dims[shape.rank++] = x.dims[from];
  }
  r.out = {{r.x(0).dtype, shape}};
}

StridedCopy plan_transpose(const OpArgs& a) {
  auto attr = a.at<TransposeAttr>();
  int64_t dense[kMaxRank], stride[kMaxRank];
  dense_strides(a.x(0), dense);
  for (int i = 0; i < a.y().rank; ++i) stride[i] = dense[attr.from[i]];
  return strided_copy(a.x(0), a.y(), stride);
}

// ---- cutting out -----------------------------------------------------------------------------------------------------

// The first element that is taken; -1: the cut leaves the dimension.
int64_t first_of(const SliceCut& cut, int64_t extent, int64_t count) {
  if (!count) return 0;
  int64_t first = cut.begin < 0 ? cut.begin + extent : cut.begin;
  if (first < 0 || first >= extent || cut.step == 0) return -1;
  uint64_t room = cut.step > 0 ? uint64_t(extent - 1 - first) : uint64_t(first);
  uint64_t step = cut.step > 0 ? uint64_t(cut.step) : 0 - uint64_t(cut.step);
  return uint64_t(count - 1) <= room / step ? first : -1;
}

void infer_slice(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_movable(r.x(0).dtype), "needs one input without blocks");
  auto attr = r.at<SliceAttr>();
  Shape shape = r.shape(0);
  r.need(attr.cuts >= 0 && attr.cuts <= kMaxCuts, "too many cuts");
  for (int i = 0; i < attr.cuts; ++i) {
    r.need(attr.axis[i] >= 0 && attr.axis[i] < shape.rank && (i == 0 || attr.axis[i] > attr.axis[i - 1]), "its axes are not the input's, in ascending order");
    const Dim extent = shape[attr.axis[i]], count = dim_of(attr.cut[i].count);
    bool known = extent.literal() && count.literal();
    r.need(attr.cut[i].step != 0, "a step is 0");
    r.need(!known || first_of(attr.cut[i], extent.value, count.value) >= 0, "a cut goes beyond its dimension");
    shape[attr.axis[i]] = count;
  }
  r.out = {{r.x(0).dtype, shape}};
}

StridedCopy plan_slice(const OpArgs& a) {
  auto attr = a.at<SliceAttr>();
  int64_t stride[kMaxRank], offset = 0;
  dense_strides(a.x(0), stride);
  for (int i = 0; i < attr.cuts; ++i) {
    int axis = attr.axis[i];
    int64_t first = first_of(attr.cut[i], a.x(0).dim[axis], a.y().dim[axis]);
    if (first > 0) offset += first * stride[axis];
    // A single value has no next one, and what no shape rule could check stays inside.
    stride[axis] = first < 0 || a.y().dim[axis] <= 1 ? 0 : stride[axis] * attr.cut[i].step;
  }
  return strided_copy(a.x(0), a.y(), stride, offset);
}

// ---- broadcasting ----------------------------------------------------------------------------------------------------

void infer_expand(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_movable(r.x(0).dtype), "needs one input without blocks");
  Shape shape = shape_of(r.at<ShapeAttr>());
  const Shape& x = r.shape(0);
  r.need(x.rank <= shape.rank, "the input has more dimensions than the shape");
  for (int i = 0; i < x.rank; ++i) r.need(x.dims[i] == Dim(1) || x.dims[i] == shape[i + shape.rank - x.rank], "a dimension of the input is neither 1 nor the shape's");
  r.out = {{r.x(0).dtype, shape}};
}

StridedCopy plan_expand(const OpArgs& a) {
  int64_t stride[kMaxRank];
  broadcast_strides(a.x(0), a.y(), stride);
  return strided_copy(a.x(0), a.y(), stride);
}

// ---- other types -----------------------------------------------------------------------------------------------------

void infer_bitcast(ShapeRule& r) {
  r.need(r.inputs() == 1 && is_movable(r.x(0).dtype), "needs one input without blocks");
  DType to = r.at<BitcastAttr>().to;
  auto bits = [](DType type) { return is_narrow(type) ? narrow_bits(type) : 8 * info(type).bytes; };
  r.need(is_movable(to) && bits(to) == bits(r.x(0).dtype), "values of the new type are of another size");
  r.need(to != DType::boolean, "what was no bool cannot become one");
  r.out = {{to, r.shape(0)}};
}

Cost cost_bitcast(const OpArgs&) { return {}; }

void reference_bitcast(const OpArgs& a) {
  if (a.y().bytes()) std::memcpy(a.y().data, a.x(0).data, a.y().bytes());
}

}  // namespace

const Movement kTransposing{strided_pieces<plan_transpose>, move_strided<plan_transpose>};
const Movement kSlicing{strided_pieces<plan_slice>, move_strided<plan_slice>};
const Movement kExpanding{strided_pieces<plan_expand>, move_strided<plan_expand>};

const Op kTranspose{.name = "transpose", .infer = infer_transpose, .cost = cost_of_moving, .reference = move_all<kTransposing>};
const Op kSlice{.name = "slice", .infer = infer_slice, .cost = cost_of_moving, .reference = move_all<kSlicing>};
const Op kExpand{.name = "expand", .infer = infer_expand, .cost = cost_of_moving, .reference = move_all<kExpanding>};
const Op kBitcast{.name = "bitcast", .infer = infer_bitcast, .cost = cost_bitcast, .reference = reference_bitcast, .view = true};

}  // namespace prm
