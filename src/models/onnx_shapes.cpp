// Constants, and operators that give the same values another shape.
#include "models/onnx_lists.h"
#include "ops/view.h"
#include "tensor/dense.h"

namespace prm {

namespace {

void import_constant(OnnxCall& c) {
  if (const OnnxAttribute* given = c.attribute("value", OnnxAttributeKind::tensor)) return c.out(0, c.tensor(given->tensors[0]));
  if (const OnnxAttribute* given = c.attribute("value_float", OnnxAttributeKind::real)) return c.out(0, c.scalar(DType::f32, double(given->real)));
  if (const OnnxAttribute* given = c.attribute("value_int", OnnxAttributeKind::integer)) return c.out(0, c.constant(DType::i64, {}, &given->integer));
  if (auto list = c.list("value_ints")) return c.out(0, c.constant(*list));
  if (auto list = c.reals("value_floats")) {
    int64_t count = int64_t(list->size());
    return c.out(0, c.constant(DType::f32, {&count, 1}, list->data()));
  }
  c.unsupported("a constant of this kind");
}

void import_identity(OnnxCall& c) { c.out(0, c.in(0)); }

// A mask of what was dropped is all true.
void import_dropout(OnnxCall& c) {
  if (c.version >= 12 && c.has(2) && c.known_number(2, "training_mode") != 0) c.unsupported("training");
  c.out(0, c.in(0));
  if (!c.wants(1)) return;
  Vector<int64_t> dims;
  int64_t count = 1;
  for (int i = 0; i < c.shape(0).rank; ++i) dims.push_back(c.extent(c.in(0), i)), count *= dims.back();
  Vector<char> mask(size_t(count), 1);
  c.out(1, c.constant(DType::boolean, dims, mask.data()));
}

void import_shape(OnnxCall& c) {
  int rank = c.shape(0).rank;
  auto end_of = [&](int64_t given) { return given < 0 ? std::max<int64_t>(given + rank, 0) : std::min<int64_t>(given, rank); };
  int64_t begin = end_of(c.integer("start", 0)), end = end_of(c.integer("end", rank));
  Vector<int64_t> extents;
  for (int64_t i = begin; i < end; ++i) extents.push_back(c.extent(c.in(0), int(i)));
  c.out(0, c.constant(extents));
}

void import_size(OnnxCall& c) {
  int64_t count = 1;
  for (int i = 0; i < c.shape(0).rank; ++i) count *= c.extent(c.in(0), i);
  c.out(0, c.constant(DType::i64, {}, &count));
}

ValueId reshaped(OnnxCall& c, const Shape& shape) { return c.add(kView, shape_attr(shape), {c.in(0)}); }

// The extents that `wanted` stands for: 0 is that of the input (unless zeros count), one -1 is what remains.
void import_reshape(OnnxCall& c) {
  Vector<int64_t> wanted = c.integers(1, "extents");
  c.need(wanted.size() <= size_t(kMaxRank), "more than 8 dimensions");
  bool zeros_count = c.integer("allowzero", 0) != 0;
  Shape shape;
  int open = -1;
  for (size_t i = 0; i < wanted.size(); ++i) {
    c.need(wanted[i] >= -1, "an extent below -1");
    if (wanted[i] == -1) {
      c.need(open < 0, "two extents are left open");
      open = int(i);
    }
    bool copied = wanted[i] == 0 && !zeros_count;
    c.need(!copied || int(i) < c.shape(0).rank, "an extent is to be copied that the input lacks");
    shape[shape.rank++] = copied ? c.shape(0).dims[i] : Dim(wanted[i] == -1 ? 1 : wanted[i]);
  }
  if (open >= 0) {
    Dim count = c.graph().dims.product(c.shape(0), 0, c.shape(0).rank), others = c.graph().dims.product(shape, 0, shape.rank);
    c.need(others != Dim(0), "an extent is left open beside one of 0");
    if (!others.literal()) c.unsupported("an extent left open beside one that is not known when the model is opened");
    c.need(!count.literal() || count.value % others.value == 0, "the input's values do not fill the open extent");
    shape[open] = c.graph().dims.divide(count, others.value);
  }
  c.out(0, reshaped(c, shape));
}

void import_flatten(OnnxCall& c) {
  const Shape& x = c.shape(0);
  int64_t given = c.integer("axis", 1);
  c.need(given >= -x.rank && given <= x.rank, "its axis is none of the input's");
  int axis = int(given < 0 ? given + x.rank : given);
  DimTable& dims = c.graph().dims;
  c.out(0, reshaped(c, {dims.product(x, 0, axis), dims.product(x, axis, x.rank)}));
}

// Axes were an attribute until version 13. nullopt: none were given.
std::optional<Vector<int64_t>> given_axes(const OnnxCall& c) {
  if (c.version < 13) return c.list("axes");
  if (!c.has(1)) return std::nullopt;
  return c.integers(1, "axes");
}

void import_squeeze(OnnxCall& c) {
  const Shape x = c.shape(0);
  bool drop[kMaxRank] = {};
  if (auto axes = given_axes(c)) {
    for (int64_t given : *axes) drop[c.axis(given, x.rank)] = true;
  } else {
    for (int i = 0; i < x.rank; ++i) drop[i] = x[i] == Dim(1);
  }
  Shape shape;
  for (int i = 0; i < x.rank; ++i) {
    c.need(!drop[i] || x[i] == Dim(1), "a dimension is to be dropped that is not 1");
    if (!drop[i]) shape[shape.rank++] = x[i];
  }
  c.out(0, reshaped(c, shape));
}

void import_unsqueeze(OnnxCall& c) {
  const Shape x = c.shape(0);
  auto axes = given_axes(c);
  c.need(axes.has_value(), "it lacks axes");
  c.need(axes->size() + size_t(x.rank) <= size_t(kMaxRank), "more than 8 dimensions");
  int rank = x.rank + int(axes->size());
  bool fresh[kMaxRank] = {};
  for (int64_t given : *axes) {
    bool& one = fresh[c.axis(given, rank)];
    c.need(!one, "an axis stands twice");
    one = true;
  }
  Shape shape;
  for (int i = 0, from = 0; i < rank; ++i) shape[shape.rank++] = fresh[i] ? Dim(1) : x.dims[from++];
  c.out(0, reshaped(c, shape));
}

constexpr OnnxOperator kOperators[] = {
    {"Constant", import_constant},
    {"Identity", import_identity},
    {"Dropout", import_dropout},
    {"Shape", import_shape},
    {"Size", import_size},
    {"Reshape", import_reshape},
    {"Flatten", import_flatten},
    {"Squeeze", import_squeeze},
    {"Unsqueeze", import_unsqueeze},
};

}  // namespace

std::span<const OnnxOperator> onnx_shapes() { return kOperators; }

}  // namespace prm
