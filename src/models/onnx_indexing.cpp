// Operators that take or put values by indices, and those whose values follow from their places.
#include <cmath>
#include <limits>

#include "models/onnx_lists.h"
#include "ops/indexing.h"
#include "ops/pattern.h"
#include "ops/pointwise.h"
#include "ops/rearrange.h"
#include "ops/scatter.h"
#include "ops/unique.h"
#include "tensor/dense.h"

namespace prm {

namespace {

// Indices that are known are looked through: what they may not be is told while the model is opened. `extent(i)`: of the
// dimension that index i is of.
template <class Extent>
void need_inside(const OnnxCall& c, int input, Extent extent) {
  ValueId v = c.in(input);
  c.need(is_index(c.dtype(input)), "its indices are neither int32 nor int64");
  if (!c.is_known(v)) return;
  Tensor indices = c.contents(v);
  for (int64_t i = 0; i < indices.count(); ++i) {
    const Dim dim = extent(i);
    if (dim.literal() && load_index(indices, i, dim.value) < 0) c.bad(format_text("index {} is outside of a dimension of {}", load_integer(indices, i), dim.value));
  }
}

// Of tuples along the last dimension of input 1, for dimensions of input 0 from `first` on.
void need_tuples_inside(const OnnxCall& c, int first) {
  const Shape &x = c.shape(0), &indices = c.shape(1);
  c.need(indices.rank >= 1 && indices[-1].literal(), "its indices are no tuples");
  int64_t length = indices[-1].value;
  c.need(first >= 0 && first <= x.rank && length <= x.rank - first, "its tuples are longer than its input has dimensions");
  need_inside(c, 1, [&](int64_t i) { return x.dims[first + int(i % length)]; });
}

// ---- taking ----------------------------------------------------------------------------------------------------------

template <const Op& op>
void import_gather(OnnxCall& c) {
  int axis = c.axis(c.integer("axis", 0), c.shape(0).rank);
  need_inside(c, 1, [&](int64_t) { return c.shape(0)[axis]; });
  c.out(0, c.add(op, GatherAttr{axis}, {c.in(0), c.in(1)}));
}

void import_gather_nd(OnnxCall& c) {
  int64_t batch = c.version >= 12 ? c.integer("batch_dims", 0) : 0;
  c.need(batch >= 0 && batch <= c.shape(0).rank, "batch_dims is no number of its input's dimensions");
  need_tuples_inside(c, int(batch));
  c.out(0, c.add(kGatherNd, GatherNdAttr{int32_t(batch)}, {c.in(0), c.in(1)}));
}

// ---- putting ---------------------------------------------------------------------------------------------------------

ScatterKind reduction(const OnnxCall& c) {
  std::string_view name = c.text("reduction", "none");
  constexpr std::string_view kNames[] = {"none", "add", "mul", "max", "min"};
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return ScatterKind(i);
  c.bad("its reduction is none of none, add, mul, max and min");
}

void import_scatter_elements(OnnxCall& c) {
  int axis = c.axis(c.integer("axis", 0), c.shape(0).rank);
  need_inside(c, 1, [&](int64_t) { return c.shape(0)[axis]; });
  c.out(0, c.add(kScatterElements, ScatterAttr{reduction(c), axis}, {c.in(0), c.in(1), c.in(2)}));
}

void import_scatter_nd(OnnxCall& c) {
  need_tuples_inside(c, 0);
  c.out(0, c.add(kScatterNd, ScatterAttr{reduction(c), 0}, {c.in(0), c.in(1), c.in(2)}));
}

void import_tensor_scatter(OnnxCall& c) {
  int rank = c.shape(0).rank, axis = c.axis(c.integer("axis", -2), rank);
  std::string_view mode = c.text("mode", "linear");
  c.need(mode == "linear" || mode == "circular", "its mode is neither linear nor circular");
  c.need(axis > 0, "its axis is that of the batch");
  ValueId indices = c.has(2) ? c.in(2) : c.add(kExpand, shape_attr({c.shape(0)[0]}), {c.scalar(DType::i64, 0)});
  c.out(0, c.add(kTensorScatter, TensorScatterAttr{axis, mode == "circular"}, {c.in(0), c.in(1), indices}));
}

// ---- patterns --------------------------------------------------------------------------------------------------------

ValueId evenly_spaced(OnnxCall& c, int64_t start, int64_t count) {
  return c.add(kRange, RangeAttr{count}, {c.constant(DType::i64, {}, &start), c.scalar(DType::i64, 1)});
}

// One of two values, by whether an index is that of its place in a new dimension, which it may count from the end.
void import_one_hot(OnnxCall& c) {
  double given = c.known_number(1, "a depth");
  c.need(given >= 0 && given <= 0x1p53, "its depth is less than zero or too large");
  auto depth = int64_t(given);
  Shape x = c.shape(0), spread = x, places;
  c.need(x.rank < kMaxRank, "more than 8 dimensions");
  int axis = c.axis(c.integer("axis", -1), x.rank + 1);
  for (int i = spread.rank++; i > axis; --i) spread[i] = spread[i - 1];
  spread[axis] = 1;
  for (int i = axis; i <= x.rank; ++i) places.dims[places.rank++] = i == axis ? depth : 1;
  ValueId indices = c.as_shape(c.as_type(c.in(0), DType::i64), spread);
  auto met = [&](int64_t first) { return c.add(kBinary, BinaryAttr{BinaryKind::equal}, {indices, c.as_shape(evenly_spaced(c, first, depth), places)}); };
  ValueId hot = c.add(kBinary, BinaryAttr{BinaryKind::logical_or}, {met(0), met(-depth)});
  c.need(c.shape(2) == Shape{2}, "its values are not two");
  auto value = [&](int64_t i) { return c.add(kSlice, SliceAttr{{{i, 1, 1}}, {0}, 1}, {c.in(2)}); };
  c.out(0, c.add(kWhere, {}, {hot, value(1), value(0)}));
}

void import_trilu(OnnxCall& c) {
  ValueId k = c.has(1) ? c.in(1) : c.scalar(DType::i64, 0);
  c.out(0, c.add(kTrilu, TriluAttr{c.integer("upper", 1) != 0}, {c.in(0), k}));
}

// Ones, of which one diagonal stays.
void import_eye_like(OnnxCall& c) {
  const OnnxAttribute* given = c.attribute("dtype", OnnxAttributeKind::integer);
  DType type = given ? c.given_type(given->integer) : c.dtype(0);
  c.need(is_dense(type), "its type is not for numbers");
  c.need(c.shape(0).rank == 2, "its input has not two dimensions");
  int64_t diagonal = c.integer("k", 0);
  ValueId k = c.constant(DType::i64, {}, &diagonal), ones = c.add(kExpand, shape_attr(c.shape(0)), {c.scalar(type, 1)});
  c.out(0, c.add(kTrilu, TriluAttr{0}, {c.add(kTrilu, TriluAttr{1}, {ones, k}), k}));
}

// How many values there are from start to before limit.
int64_t range_count(const OnnxCall& c) {
  Tensor part[3];
  for (int i = 0; i < 3; ++i) {
    if (!c.is_known(c.in(i))) c.unsupported("a start, limit or delta that is not known when the model is opened");
    part[i] = c.contents(c.in(i));
    c.need(part[i].dtype == part[0].dtype && part[i].count() == 1, "start, limit and delta are not one value each, of one type");
  }
  if (is_integer(part[0].dtype)) {
    int64_t start = load_integer(part[0], 0), limit = load_integer(part[1], 0), delta = load_integer(part[2], 0);
    c.need(delta != 0, "its delta is 0");
    if (delta > 0 ? limit <= start : limit >= start) return 0;
    uint64_t span = delta > 0 ? uint64_t(limit) - uint64_t(start) : uint64_t(start) - uint64_t(limit);
    uint64_t count = (span - 1) / (delta > 0 ? uint64_t(delta) : 0 - uint64_t(delta)) + 1;
    c.need(count <= uint64_t(std::numeric_limits<int64_t>::max()), "it has too many values");
    return int64_t(count);
  }
  double count = std::ceil((load_value(part[1], 0) - load_value(part[0], 0)) / load_value(part[2], 0));
  c.need(count <= 0x1p53, "its start, limit and delta give no number of values");
  return count > 0 ? int64_t(count) : 0;
}

void import_range(OnnxCall& c) {
  RangeAttr attr{range_count(c)};
  c.out(0, c.add(kRange, attr, {c.as_shape(c.in(0), {}), c.as_shape(c.in(2), {})}));
}

void import_reverse_sequence(OnnxCall& c) {
  int64_t batch = c.integer("batch_axis", 1), time = c.integer("time_axis", 0);
  c.need((batch == 0 && time == 1) || (batch == 1 && time == 0), "its batch_axis and time_axis are not 0 and 1");
  c.out(0, c.add(kReverseSequence, ReverseSequenceAttr{int32_t(time)}, {c.in(0), c.in(1)}));
}

void import_unique(OnnxCall& c) {
  const OnnxAttribute* axis = c.attribute("axis", OnnxAttributeKind::integer);
  UniqueAttr attr{axis ? c.axis(axis->integer, c.shape(0).rank) : -1, c.integer("sorted", 1) != 0};
  Vector<ValueId> made = c.add_all(kUnique, attr, {c.in(0)});
  for (size_t i = 0; i < made.size(); ++i) c.out(int(i), made[i]);
}

constexpr OnnxOperator kOperators[] = {
    {"Gather", import_gather<kGather>},
    {"GatherElements", import_gather<kGatherElements>},
    {"GatherND", import_gather_nd},
    {"Scatter", import_scatter_elements},
    {"ScatterElements", import_scatter_elements},
    {"ScatterND", import_scatter_nd},
    {"TensorScatter", import_tensor_scatter},
    {"OneHot", import_one_hot},
    {"Trilu", import_trilu},
    {"EyeLike", import_eye_like},
    {"Range", import_range},
    {"ReverseSequence", import_reverse_sequence},
    {"Unique", import_unique},
};

}  // namespace

std::span<const OnnxOperator> onnx_indexing() { return kOperators; }

}  // namespace prm
