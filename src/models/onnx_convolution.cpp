// Convolutions and pooling.
#include "models/onnx_lists.h"
#include "models/onnx_windows.h"
#include "ops/pooling.h"
#include "ops/view.h"
#include "tensor/dense.h"

namespace prm {

namespace {

void import_conv(OnnxCall& c) {
  Vector<ValueId> in{c.in(0), c.in(1)};
  if (c.has(2)) in.push_back(c.in(2));
  c.out(0, c.add(kConv, read_conv(c, 1), in));
}

// A zero point that is left out is 0.
ValueId zero_point(OnnxCall& c, int i, DType type) {
  if (!c.has(i)) return c.scalar(type, 0);
  bool one = c.shape(i).rank == 1 && c.shape(i)[0] == Dim(1);
  return one ? c.add(kView, shape_attr({}), {c.in(i)}) : c.in(i);
}
void import_conv_integer(OnnxCall& c) {
  ConvAttr attr = read_conv(c, 1);
  c.out(0, c.add(kConvInteger, attr, {c.in(0), c.in(1), zero_point(c, 2, c.dtype(0)), zero_point(c, 3, c.dtype(1))}));
}

PoolAttr read_pool(const OnnxCall& c, PoolKind kind) {
  PoolAttr attr = {};
  attr.kind = kind;
  WindowLists lists = read_windows(c, -1);
  lists.give(attr);
  for (int i = 0; i < lists.rank; ++i) attr.kernel[i] = lists.kernel[i];
  attr.ceil = !lists.automatic && c.integer("ceil_mode", 0) != 0;
  return attr;
}

void import_max_pool(OnnxCall& c) {
  PoolAttr attr = read_pool(c, PoolKind::max);
  if (c.wants(1)) attr.indices = c.integer("storage_order", 0) ? PoolIndices::column_major : PoolIndices::row_major;
  Vector<ValueId> made = c.add_all(kPool, attr, {c.in(0)});
  for (size_t i = 0; i < made.size(); ++i) c.out(int(i), made[i]);
}

void import_average_pool(OnnxCall& c) {
  PoolAttr attr = read_pool(c, PoolKind::average);
  attr.count_padding = c.integer("count_include_pad", 0) != 0;
  c.out(0, c.add(kPool, attr, {c.in(0)}));
}

int32_t read_p(const OnnxCall& c) {
  int64_t p = c.integer("p", 2);
  c.need(p > 0 && p < 1 << 20, "p is not above 0, or too large");
  return int32_t(p);
}

void import_lp_pool(OnnxCall& c) {
  PoolAttr attr = read_pool(c, PoolKind::lp);
  attr.p = read_p(c);
  c.out(0, c.add(kPool, attr, {c.in(0)}));
}

// The whole of all spatial dimensions; where there are more than 3, they are seen as one.
template <PoolKind kind>
void import_global(OnnxCall& c) {
  const Shape x = c.shape(0);
  c.need(x.rank >= 2, "its input has no channels");
  PoolAttr attr = {};
  attr.kind = kind, attr.rank = std::max(x.rank - 2, 1);
  if (kind == PoolKind::lp) attr.p = read_p(c);
  if (x.rank > 2 && attr.rank <= kMaxSpatial) return c.out(0, c.add(kPool, attr, {c.in(0)}));
  attr.rank = 1;
  Shape flat{x.dims[0], x.dims[1], c.graph().dims.product(x, 2, x.rank)}, shape = x;
  for (int i = 2; i < x.rank; ++i) shape[i] = 1;
  ValueId line = c.add(kView, shape_attr(flat), {c.in(0)});
  c.out(0, c.add(kView, shape_attr(shape), {c.add(kPool, attr, {line})}));
}

constexpr OnnxOperator kOperators[] = {
    {"Conv", import_conv},
    {"ConvInteger", import_conv_integer},
    {"MaxPool", import_max_pool},
    {"AveragePool", import_average_pool},
    {"LpPool", import_lp_pool},
    {"GlobalMaxPool", import_global<PoolKind::max>},
    {"GlobalAveragePool", import_global<PoolKind::average>},
    {"GlobalLpPool", import_global<PoolKind::lp>},
};

}  // namespace

std::span<const OnnxOperator> onnx_convolution() { return kOperators; }

}  // namespace prm
