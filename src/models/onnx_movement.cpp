// Operators that move values of one tensor, or put several together.
#include <algorithm>
#include <limits>

#include "models/onnx_lists.h"
#include "ops/assemble.h"
#include "ops/rearrange.h"
#include "tensor/dense.h"

namespace prm {

namespace {

ValueId transposed(OnnxCall& c, ValueId x, std::initializer_list<int8_t> from) {
  TransposeAttr attr{};
  std::copy(from.begin(), from.end(), attr.from);
  return c.add(kTranspose, attr, {x});
}

void import_transpose(OnnxCall& c) {
  int rank = c.shape(0).rank;
  TransposeAttr attr{};
  auto perm = c.list("perm");
  c.need(!perm || perm->size() == size_t(rank), "perm has not as many axes as its input");
  bool same = true;
  for (int i = 0; i < rank; ++i) {
    int64_t from = perm ? (*perm)[size_t(i)] : rank - 1 - i;
    c.need(from >= 0 && from < rank, "perm is no order of its input's dimensions");
    attr.from[i] = int8_t(from);
    same = same && attr.from[i] == i;
  }
  c.out(0, same ? c.in(0) : c.add(kTranspose, attr, {c.in(0)}));
}

// Any number of inputs: those that are too many for one node are put together first.
void import_concat(OnnxCall& c) {
  ConcatAttr attr{c.axis(c.integer("axis"), c.shape(0).rank)};
  Vector<ValueId> parts;
  for (int i = 0; i < c.inputs(); ++i) parts.push_back(c.in(i));
  while (parts.size() > 1) {
    Vector<ValueId> joined;
    for (size_t i = 0; i < parts.size(); i += size_t(kMaxInputs)) {
      Vector<ValueId> some(parts.begin() + int64_t(i), parts.begin() + int64_t(std::min(parts.size(), i + size_t(kMaxInputs))));
      joined.push_back(some.size() == 1 ? some[0] : c.add(kConcat, attr, std::move(some)));
    }
    parts = std::move(joined);
  }
  c.out(0, parts[0]);
}

// ---- cutting out -----------------------------------------------------------------------------------------------------

// At most one cut of each axis, by axis.
struct Cuts {
  bool cut[kMaxRank] = {};
  SliceCut of[kMaxRank] = {};
};

ValueId cut_out(OnnxCall& c, ValueId x, const Cuts& cuts) {
  SliceAttr attr{};
  auto flush = [&] {
    if (attr.cuts) x = c.add(kSlice, attr, {x});
    attr = {};
  };
  for (int i = 0; i < c.graph()[x].shape.rank; ++i) {
    if (!cuts.cut[i]) continue;
    attr.cut[attr.cuts] = cuts.of[i];
    attr.axis[attr.cuts++] = i;
    if (attr.cuts == kMaxCuts) flush();
  }
  flush();
  return x;
}

// From start to before end as numpy counts: below zero from the end, and what is outside is moved inside.
SliceCut numpy_cut(int64_t start, int64_t end, int64_t step, int64_t extent) {
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  bool forward = step > 0;
  start = std::clamp<int64_t>(start, 0, forward ? extent : std::max<int64_t>(extent - 1, 0));
  end = forward ? std::clamp<int64_t>(end, 0, extent) : std::clamp<int64_t>(end, -1, extent - 1);
  int64_t span = forward ? end - start : start - end;
  uint64_t size = forward ? uint64_t(step) : 0 - uint64_t(step);
  return {start, step, span > 0 && extent > 0 ? int64_t(uint64_t(span - 1) / size) + 1 : 0};
}

void import_slice(OnnxCall& c) {
  int rank = c.shape(0).rank;
  bool lists = c.version < 10;
  auto given = [&](int input, const char* name) {
    if (lists) return c.list(name);
    return c.has(input) ? std::optional(c.integers(input, name)) : std::nullopt;
  };
  auto starts = given(1, "starts"), ends = given(2, "ends"), axes = given(3, "axes"), steps = lists ? std::nullopt : given(4, "steps");
  c.need(starts && ends, "it lacks starts or ends");
  size_t count = starts->size();
  c.need(ends->size() == count && (!axes || axes->size() == count) && (!steps || steps->size() == count), "starts, ends, axes and steps differ in number");
  c.need(axes || count <= size_t(rank), "there are more starts than dimensions");
  Cuts cuts;
  for (size_t i = 0; i < count; ++i) {
    int axis = axes ? c.axis((*axes)[i], rank) : int(i);
    int64_t step = steps ? (*steps)[i] : 1;
    c.need(!cuts.of[axis].step, "an axis stands twice");
    c.need(step != 0, "a step is 0");
    bool whole = (*starts)[i] == 0 && step == 1 && (*ends)[i] >= std::numeric_limits<int32_t>::max();
    cuts.of[axis].step = step;
    if (whole && !c.shape(0)[axis].literal()) continue;
    int64_t extent = c.extent(c.in(0), axis);
    cuts.of[axis] = numpy_cut((*starts)[i], (*ends)[i], step, extent);
    cuts.cut[axis] = cuts.of[axis].count != extent || step != 1;
  }
  c.out(0, cut_out(c, c.in(0), cuts));
}

// The sizes of the parts that a dimension is cut into.
Vector<int64_t> split_sizes(const OnnxCall& c, int64_t extent) {
  std::optional<Vector<int64_t>> given;
  if (c.version < 13) given = c.list("split");
  else if (c.has(1)) given = c.integers(1, "sizes of parts");
  if (given) return *given;
  int64_t parts = c.outputs();
  if (c.version >= 18) c.need(c.integer("num_outputs", parts) == parts, "num_outputs is not how many outputs it has");
  else c.need(parts && extent % parts == 0, "a dimension is to be split into equal parts that it does not have");
  Vector<int64_t> sizes;
  int64_t each = parts ? extent / parts + (extent % parts != 0) : 0, left = extent;
  for (int64_t i = 0; i < parts; ++i) {
    sizes.push_back(std::min(each, left));
    left -= sizes.back();
  }
  return sizes;
}

void import_split(OnnxCall& c) {
  int axis = c.axis(c.integer("axis", 0), c.shape(0).rank);
  int64_t extent = c.extent(c.in(0), axis), begin = 0;
  Vector<int64_t> sizes = split_sizes(c, extent);
  c.need(sizes.size() == size_t(c.outputs()), "it has not as many outputs as parts");
  for (size_t i = 0; i < sizes.size(); ++i) {
    c.need(sizes[i] >= 0 && sizes[i] <= extent - begin, "the parts do not add up to the dimension");
    Cuts cuts;
    cuts.cut[axis] = sizes[i] != extent;
    cuts.of[axis] = {sizes[i] ? begin : 0, 1, sizes[i]};
    if (c.wants(int(i))) c.out(int(i), cut_out(c, c.in(0), cuts));
    begin += sizes[i];
  }
  c.need(begin == extent, "the parts do not add up to the dimension");
}

// ---- more of the same ------------------------------------------------------------------------------------------------

ValueId expanded(OnnxCall& c, ValueId x, const Shape& shape) { return c.graph()[x].shape == shape ? x : c.add(kExpand, shape_attr(shape), {x}); }

// Extents that a model gives.
Shape wanted_shape(const OnnxCall& c, int input) {
  Vector<int64_t> wanted = c.integers(input, "extents");
  c.need(wanted.size() <= size_t(kMaxRank), "more than 8 dimensions");
  Shape shape;
  for (int64_t extent : wanted) {
    c.need(extent >= 0, "an extent is less than zero");
    shape.dims[shape.rank++] = extent;
  }
  return shape;
}

void import_expand(OnnxCall& c) {
  Shape shape = wanted_shape(c, 1);
  const Shape x = c.shape(0);
  for (; shape.rank < x.rank; ++shape.rank) std::copy_backward(shape.dims, shape.dims + shape.rank, shape.dims + shape.rank + 1), shape.dims[0] = 1;
  for (int i = 0; i < x.rank; ++i) {
    Dim& dim = shape[i + shape.rank - x.rank];
    c.need(dim == Dim(1) || x.dims[i] == Dim(1) || dim == x.dims[i], "an extent is neither the input's nor 1, and the input's is not 1");
    if (dim == Dim(1)) dim = x.dims[i];
  }
  c.out(0, expanded(c, c.in(0), shape));
}

void import_constant_of_shape(OnnxCall& c) {
  const OnnxAttribute* value = c.attribute("value", OnnxAttributeKind::tensor);
  ValueId one = value ? c.tensor(value->tensors[0]) : c.scalar(DType::f32, 0);
  const Shape& shape = c.graph()[one].shape;
  c.need(shape == Shape{} || shape == Shape{1}, "its value is not one");
  c.out(0, expanded(c, c.as_shape(one, {}), wanted_shape(c, 0)));
}

// Axis by axis: a new dimension in front of what is to be repeated is broadcast.
void import_tile(OnnxCall& c) {
  Vector<int64_t> repeats = c.integers(1, "repeats");
  Shape shape = c.shape(0);
  c.need(repeats.size() == size_t(shape.rank), "it has not as many repeats as its input dimensions");
  DimTable& dims = c.graph().dims;
  ValueId x = c.in(0);
  for (int i = shape.rank - 1; i >= 0; --i) {
    int64_t times = repeats[size_t(i)];
    c.need(times >= 0, "a repeat is less than zero");
    if (times == 1) continue;
    Dim outer = dims.product(shape, 0, i), inner = dims.product(shape, i, shape.rank);
    shape[i] = dims.multiply(shape[i], times);
    x = c.as_shape(expanded(c, c.as_shape(x, {outer, 1, inner}), {outer, times, inner}), shape);
  }
  c.out(0, x);
}

// ---- margins ---------------------------------------------------------------------------------------------------------

struct Margins {
  int64_t before[kMaxRank] = {}, after[kMaxRank] = {};  // below zero: it is cut off
};

ValueId cut_margins(OnnxCall& c, ValueId x, const Margins& margins) {
  Cuts cuts;
  for (int i = 0; i < c.graph()[x].shape.rank; ++i) {
    int64_t before = std::min<int64_t>(margins.before[i], 0), after = std::min<int64_t>(margins.after[i], 0);
    cuts.cut[i] = before < 0 || after < 0;
    if (!cuts.cut[i]) continue;
    int64_t extent = c.extent(x, i);
    c.need(before >= -extent && after >= -extent && before + after >= -extent, "more is cut off than there is");
    int64_t count = extent + before + after;
    cuts.of[i] = {count ? -before : 0, 1, count};
  }
  return cut_out(c, x, cuts);
}

ValueId padded(OnnxCall& c, ValueId x, const Margins& margins, PadMode mode, ValueId value) {
  x = cut_margins(c, x, margins);
  PadAttr attr{mode};
  bool some = false;
  for (int i = 0; i < c.graph()[x].shape.rank; ++i) {
    int64_t before = std::max<int64_t>(margins.before[i], 0), after = std::max<int64_t>(margins.after[i], 0);
    if (std::max(before, after) > std::numeric_limits<int32_t>::max()) c.unsupported("a margin of more than 2^31 - 1");
    attr.before[i] = int32_t(before), attr.after[i] = int32_t(after);
    some = some || before || after;
  }
  if (!some) return x;
  Vector<ValueId> in{x};
  if (mode == PadMode::constant) in.push_back(value);
  return c.add(kPad, attr, std::move(in));
}

PadMode pad_mode(const OnnxCall& c) {
  std::string_view mode = c.text("mode", "constant");
  constexpr std::string_view kModes[] = {"constant", "reflect", "edge", "wrap"};
  size_t index = size_t(std::find(std::begin(kModes), std::end(kModes), mode) - kModes);
  c.need(index < std::size(kModes), "its mode is none of constant, reflect, edge and wrap");
  return PadMode(index);
}

// The value of a margin: an attribute before version 11, then an input; 0 when it is left out.
ValueId pad_value(OnnxCall& c) {
  DType type = c.dtype(0);
  if (c.version < 11 || !c.has(2)) return c.scalar(type, c.version < 11 ? c.real("value", 0) : 0);
  c.need(c.shape(2) == Shape{} || c.shape(2) == Shape{1}, "its value is not one");
  return c.as_shape(c.in(2), {});
}

void import_pad(OnnxCall& c) {
  PadMode mode = pad_mode(c);
  int rank = c.shape(0).rank;
  Vector<int64_t> pads, axes;
  if (c.version < 11) {
    auto given = c.list("pads");
    c.need(given.has_value(), "it lacks pads");
    pads = *given;
  } else {
    pads = c.integers(1, "pads");
  }
  if (c.version >= 18 && c.has(3)) axes = c.integers(3, "axes");
  else
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  c.need(pads.size() == 2 * axes.size(), "it has not two pads for each axis");
  Margins margins;
  bool seen[kMaxRank] = {};
  for (size_t i = 0; i < axes.size(); ++i) {
    int axis = c.axis(axes[i], rank);
    c.need(!seen[axis], "an axis stands twice");
    seen[axis] = true;
    margins.before[axis] = pads[i], margins.after[axis] = pads[i + axes.size()];
  }
  c.out(0, padded(c, c.in(0), margins, mode, mode == PadMode::constant ? pad_value(c) : -1));
}

void import_center_crop_pad(OnnxCall& c) {
  int rank = c.shape(0).rank;
  Shape wanted = wanted_shape(c, 1);
  auto axes = c.list("axes");
  c.need(wanted.rank == (axes ? int(axes->size()) : rank), "it has not an extent for each axis");
  Margins margins;
  for (int i = 0; i < wanted.rank; ++i) {
    int axis = axes ? c.axis((*axes)[size_t(i)], rank) : i;
    // What is odd goes to the end, be it cut off or added.
    int64_t more = wanted[i].value - c.extent(c.in(0), axis);
    margins.before[axis] = more / 2;
    margins.after[axis] = more - more / 2;
  }
  c.out(0, padded(c, c.in(0), margins, PadMode::constant, c.scalar(c.dtype(0), 0)));
}

// ---- blocks of pixels ------------------------------------------------------------------------------------------------

struct Blocks {
  Dim batch, channels, height, width;
  int64_t size;
  bool channels_last;  // of what channels are counted by: a place in a block first (DCR), or the channel of pixels (CRD)
};
Blocks blocks_of(const OnnxCall& c) {
  const Shape& x = c.shape(0);
  c.need(x.rank == 4, "its input has not four dimensions");
  int64_t size = c.integer("blocksize");
  c.need(size > 0, "its blocksize is not above 0");
  std::string_view mode = c.text("mode", "DCR");
  c.need(mode == "DCR" || mode == "CRD", "its mode is neither DCR nor CRD");
  return {x.dims[0], x.dims[1], x.dims[2], x.dims[3], size, mode == "DCR"};
}
Dim whole_blocks(const OnnxCall& c, Dim extent, Dim size) {
  c.need(!extent.literal() || extent.value % size.value == 0, "a dimension is not a multiple of the blocks'");
  return c.graph().dims.divide(extent, size.value);
}

void import_depth_to_space(OnnxCall& c) {
  Blocks b = blocks_of(c);
  DimTable& dims = c.graph().dims;
  Dim channels = whole_blocks(c, b.channels, dims.multiply(b.size, b.size));
  ValueId moved;
  if (b.channels_last) moved = transposed(c, c.as_shape(c.in(0), {b.batch, b.size, b.size, channels, b.height, b.width}), {0, 3, 4, 1, 5, 2});
  else moved = transposed(c, c.as_shape(c.in(0), {b.batch, channels, b.size, b.size, b.height, b.width}), {0, 1, 4, 2, 5, 3});
  c.out(0, c.as_shape(moved, {b.batch, channels, dims.multiply(b.height, b.size), dims.multiply(b.width, b.size)}));
}

void import_space_to_depth(OnnxCall& c) {
  Blocks b = blocks_of(c);
  DimTable& dims = c.graph().dims;
  Dim height = whole_blocks(c, b.height, b.size), width = whole_blocks(c, b.width, b.size);
  ValueId apart = c.as_shape(c.in(0), {b.batch, b.channels, height, b.size, width, b.size});
  ValueId moved = b.channels_last ? transposed(c, apart, {0, 3, 5, 1, 2, 4}) : transposed(c, apart, {0, 1, 3, 5, 2, 4});
  c.out(0, c.as_shape(moved, {b.batch, dims.multiply(b.channels, dims.multiply(b.size, b.size)), height, width}));
}

void import_bit_cast(OnnxCall& c) {
  DType type = c.given_type(c.integer("to"));
  if (type == c.dtype(0)) return c.out(0, c.in(0));
  if (type == DType::boolean) c.unsupported("values as bool");  // not every byte is one
  c.out(0, c.add(kBitcast, BitcastAttr{type}, {c.in(0)}));
}

constexpr OnnxOperator kOperators[] = {
    {"Transpose", import_transpose},
    {"Concat", import_concat},
    {"Slice", import_slice},
    {"Split", import_split},
    {"Expand", import_expand},
    {"ConstantOfShape", import_constant_of_shape},
    {"Tile", import_tile},
    {"Pad", import_pad},
    {"CenterCropPad", import_center_crop_pad},
    {"DepthToSpace", import_depth_to_space},
    {"SpaceToDepth", import_space_to_depth},
    {"BitCast", import_bit_cast},
};

}  // namespace

std::span<const OnnxOperator> onnx_movement() { return kOperators; }

}  // namespace prm
