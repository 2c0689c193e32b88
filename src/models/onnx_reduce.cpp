// Operators that make few values of many, or go along one dimension.
#include "models/onnx_lists.h"
#include "ops/along_axis.h"
#include "ops/reduce.h"

namespace prm {

namespace {

// Axes were an attribute at first; none given: all, or nothing is done where `noop_with_empty_axes` says so.
void import_reduce(OnnxCall& c, ReduceKind kind, int64_t axes_are_input_since) {
  ValueId x = c.in(0);
  int rank = c.shape(0).rank;
  Vector<int64_t> axes;
  if (c.version < axes_are_input_since) axes = c.list("axes").value_or(Vector<int64_t>());
  else if (c.has(1)) axes = c.integers(1, "axes");
  if (axes.empty() && c.version >= axes_are_input_since && c.integer("noop_with_empty_axes", 0)) {
    bool single = kind == ReduceKind::l1 || kind == ReduceKind::l2 || kind == ReduceKind::sum_square || kind == ReduceKind::log_sum;
    if (!single) return c.out(0, x);
    return c.out(0, c.add(kReduce, ReduceAttr{kind, 0, 0}, {x}));  // each value on its own
  }
  ReduceAttr attr{kind, axes.empty() ? (1u << rank) - 1 : 0, int32_t(c.integer("keepdims", 1) != 0)};
  for (int64_t axis : axes) attr.axes |= 1u << c.axis(axis, rank);
  c.out(0, c.add(kReduce, attr, {x}));
}
template <ReduceKind kind>
void import_reduce(OnnxCall& c) {
  import_reduce(c, kind, kind == ReduceKind::sum ? 13 : 18);
}

template <bool least>
void import_arg_extreme(OnnxCall& c) {
  int axis = c.axis(c.integer("axis", 0), c.shape(0).rank);
  ArgExtremeAttr attr{axis, int32_t(c.integer("keepdims", 1) != 0), least, int32_t(c.integer("select_last_index", 0) != 0)};
  c.out(0, c.add(kArgExtreme, attr, {c.in(0)}));
}

// Until version 13 what stands from the axis on was one row.
template <SoftmaxKind kind>
void import_softmax(OnnxCall& c) {
  const Shape x = c.shape(0);
  if (c.version >= 13) return c.out(0, c.add(kSoftmax, SoftmaxAttr{c.axis(c.integer("axis", -1), x.rank), kind}, {c.in(0)}));
  int axis = c.axis(c.integer("axis", 1), x.rank);
  DimTable& dims = c.graph().dims;
  ValueId rows = c.as_shape(c.in(0), {dims.product(x, 0, axis), dims.product(x, axis, x.rank)});
  ValueId y = c.add(kSoftmax, SoftmaxAttr{1, kind}, {rows});
  c.out(0, c.as_shape(y, x));
}

template <bool product>
void import_cumulate(OnnxCall& c) {
  Vector<int64_t> axis = c.integers(1, "axes");
  c.need(axis.size() == 1, "its axis is not one number");
  CumulateAttr attr{c.axis(axis[0], c.shape(0).rank), product, int32_t(c.integer("exclusive", 0) != 0), int32_t(c.integer("reverse", 0) != 0)};
  c.out(0, c.add(kCumulate, attr, {c.in(0)}));
}

void import_top_k(OnnxCall& c) {
  int64_t count;
  if (c.version < 10) {
    count = c.integer("k");
  } else {
    Vector<int64_t> given = c.integers(1, "numbers of values to select");
    c.need(given.size() == 1, "K is not one number");
    count = given[0];
  }
  c.need(count >= 0, "K is below 0");
  TopKAttr attr{count, c.axis(c.integer("axis", -1), c.shape(0).rank), c.integer("largest", 1) == 0};
  c.need(count <= c.extent(c.in(0), attr.axis), "selects more values than there are");
  Vector<ValueId> made = c.add_all(kTopK, attr, {c.in(0)});
  c.out(0, made[0]);
  c.out(1, made[1]);
}

constexpr OnnxOperator kOperators[] = {
    {"ReduceSum", import_reduce<ReduceKind::sum>},
    {"ReduceMean", import_reduce<ReduceKind::mean>},
    {"ReduceMax", import_reduce<ReduceKind::max>},
    {"ReduceMin", import_reduce<ReduceKind::min>},
    {"ReduceProd", import_reduce<ReduceKind::prod>},
    {"ReduceL1", import_reduce<ReduceKind::l1>},
    {"ReduceL2", import_reduce<ReduceKind::l2>},
    {"ReduceLogSum", import_reduce<ReduceKind::log_sum>},
    {"ReduceLogSumExp", import_reduce<ReduceKind::log_sum_exp>},
    {"ReduceSumSquare", import_reduce<ReduceKind::sum_square>},
    {"ArgMax", import_arg_extreme<false>},
    {"ArgMin", import_arg_extreme<true>},
    {"Softmax", import_softmax<SoftmaxKind::plain>},
    {"LogSoftmax", import_softmax<SoftmaxKind::log>},
    {"Hardmax", import_softmax<SoftmaxKind::hard>},
    {"CumSum", import_cumulate<false>},
    {"CumProd", import_cumulate<true>},
    {"TopK", import_top_k},
};

}  // namespace

std::span<const OnnxOperator> onnx_reduce() { return kOperators; }

}  // namespace prm
