// Convolutions and pooling.
#include "models/onnx_lists.h"
#include "models/onnx_windows.h"
#include "ops/conv_transpose.h"
#include "ops/deform_conv.h"
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

// What the windows fill, and `output_shape` where it is given: it is reached by pads, or by values more at the end.
void resolve_output(const OnnxCall& c, const WindowLists& lists, ConvTransposeAttr& attr) {
  int32_t wanted[kMaxSpatial] = {};
  bool given = c.list("output_shape").has_value();
  read_spatial(c, "output_shape", lists.rank, 0, 0, wanted);
  for (int i = 0; i < lists.rank && (given || (lists.automatic && lists.auto_pad != "VALID")); ++i) {
    DimTable& dims = c.graph().dims;
    int64_t x = c.extent(c.in(0), 2 + i), all = dims.multiply(x, lists.stride[i]).value;  // SAME: the output is that large
    int64_t filled = all - lists.stride[i] + lists.reach(i) + attr.output_pad[i], output = given ? wanted[i] : all;
    int64_t pads = std::max<int64_t>(filled - output, 0), less = pads / 2, more = pads - less, lacks = std::max<int64_t>(output - filled, 0);
    c.need(pads <= INT32_MAX && lacks <= INT32_MAX - attr.output_pad[i], "its output is too far from what its windows fill");
    bool upper = lists.auto_pad == "SAME_UPPER";
    attr.pad_begin[i] = int32_t(upper ? less : more), attr.pad_end[i] = int32_t(upper ? more : less);
    attr.output_pad[i] += int32_t(lacks);
  }
}

void import_conv_transpose(OnnxCall& c) {
  ConvTransposeAttr attr = {};
  WindowLists lists = read_window_lists(c, 1);
  lists.give(attr);
  attr.group = read_count(c, "group", 1);
  read_spatial(c, "output_padding", lists.rank, 0, 0, attr.output_pad);
  resolve_output(c, lists, attr);
  Vector<ValueId> in{c.in(0), c.in(1)};
  if (c.has(2)) in.push_back(c.in(2));
  c.out(0, c.add(kConvTranspose, attr, in));
}

void import_deform_conv(OnnxCall& c) {
  DeformConvAttr attr = {};
  read_window_lists(c, 1).give(attr);
  attr.group = read_count(c, "group", 1), attr.offset_group = read_count(c, "offset_group", 1);
  attr.bias = c.has(3), attr.mask = c.has(4);
  Vector<ValueId> in;
  for (int i = 0; i < 5; ++i)
    if (i < 3 || c.has(i)) in.push_back(c.in(i));
  c.out(0, c.add(kDeformConv, attr, in));
}

void import_col2im(OnnxCall& c) {
  Col2ImAttr attr = {};
  Vector<int64_t> image = c.integers(1, "extents of the image"), block = c.integers(2, "extents of a block");
  c.need(!image.empty() && image.size() == block.size(), "an image and a block have not as many dimensions");
  if (image.size() > size_t(kMaxSpatial)) c.unsupported("more than 3 spatial dimensions");
  attr.rank = int32_t(image.size());
  for (int i = 0; i < attr.rank; ++i) {
    c.need(image[size_t(i)] >= 0 && block[size_t(i)] > 0 && block[size_t(i)] <= INT32_MAX, "an extent of the image or of a block is none");
    attr.image[i] = image[size_t(i)], attr.kernel[i] = int32_t(block[size_t(i)]);
  }
  read_spatial(c, "strides", attr.rank, 1, 1, attr.stride);
  read_spatial(c, "dilations", attr.rank, 1, 1, attr.dilation);
  read_pads(c, attr.rank, attr.pad_begin, attr.pad_end);
  c.out(0, c.add(kCol2Im, attr, {c.in(0)}));
}

void import_max_pool(OnnxCall& c) {
  PoolAttr attr = read_pool(c, PoolKind::max);
  if (c.wants(1)) attr.indices = c.integer("storage_order", 0) ? PoolIndices::column_major : PoolIndices::row_major;
  Vector<ValueId> made = c.add_all(kPool, attr, {c.in(0)});
  for (size_t i = 0; i < made.size(); ++i) c.out(int(i), made[i]);
}

void import_average_pool(OnnxCall& c) {
  c.out(0, c.add(kPool, read_average_pool(c), {c.in(0)}));
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

void import_max_unpool(OnnxCall& c) {
  MaxUnpoolAttr attr = {};
  WindowLists lists = read_window_lists(c, -1);
  attr.rank = lists.rank;
  for (int i = 0; i < lists.rank; ++i) {
    attr.kernel[i] = lists.kernel[i], attr.stride[i] = lists.stride[i];
    attr.pad_begin[i] = lists.pad_begin[i], attr.pad_end[i] = lists.pad_end[i];
  }
  if (c.has(2)) {
    Vector<int64_t> shape = c.integers(2, "extents of the output");
    c.need(shape.size() == size_t(lists.rank) + 2 && c.shape(0)[0] == Dim(shape[0]) && c.shape(0)[1] == Dim(shape[1]), "output_shape has other batches or channels than x");
    for (int i = 0; i < lists.rank; ++i) {
      c.need(shape[size_t(i) + 2] > 0, "output_shape holds an extent below 1");
      attr.extent[i] = shape[size_t(i) + 2];
    }
  }
  c.out(0, c.add(kMaxUnpool, attr, {c.in(0), c.in(1)}));
}

constexpr OnnxOperator kOperators[] = {
    {"Conv", import_conv},
    {"ConvInteger", import_conv_integer},
    {"ConvTranspose", import_conv_transpose},
    {"DeformConv", import_deform_conv},
    {"Col2Im", import_col2im},
    {"MaxUnpool", import_max_unpool},
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
