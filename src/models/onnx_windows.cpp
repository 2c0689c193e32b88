#include "models/onnx_windows.h"

#include <limits>

namespace prm {

namespace {

int32_t narrowed(const OnnxCall& c, int64_t value, int64_t least, const char* name) {
  c.need(value >= least && value <= std::numeric_limits<int32_t>::max(), format_text("{} holds {}", name, value));
  return int32_t(value);
}

}  // namespace

int32_t read_count(const OnnxCall& c, const char* name, int32_t otherwise) { return narrowed(c, c.integer(name, otherwise), 1, name); }

void read_pads(const OnnxCall& c, int32_t rank, int32_t* begin, int32_t* end) {
  auto pads = c.list("pads");
  c.need(!pads || pads->size() == 2 * size_t(rank), "pads are not two numbers a spatial dimension");
  for (int i = 0; i < rank; ++i) {
    begin[i] = pads ? narrowed(c, (*pads)[size_t(i)], 0, "pads") : 0;
    end[i] = pads ? narrowed(c, (*pads)[size_t(i + rank)], 0, "pads") : 0;
  }
}

void read_spatial(const OnnxCall& c, const char* name, int32_t rank, int32_t otherwise, int32_t least, int32_t* values) {
  auto list = c.list(name);
  c.need(!list || list->size() == size_t(rank), format_text("{} is not one number a spatial dimension", name));
  for (int i = 0; i < rank; ++i) values[i] = list ? narrowed(c, (*list)[size_t(i)], least, name) : otherwise;
}

WindowLists read_window_lists(const OnnxCall& c, int weights) {
  WindowLists lists{.rank = c.shape(0).rank - 2, .automatic = false, .auto_pad = c.text("auto_pad", "NOTSET")};
  c.need(lists.rank >= 1, "its input has no spatial dimension");
  if (lists.rank > kMaxSpatial) c.unsupported("more than 3 spatial dimensions");
  if (weights < 0) c.need(c.list("kernel_shape").has_value(), "it lacks attribute 'kernel_shape'");
  else c.need(c.shape(weights).rank == lists.rank + 2, "its weights are of another number of dimensions than its input");
  read_spatial(c, "kernel_shape", lists.rank, 0, 1, lists.kernel);
  for (int i = 0; i < lists.rank && weights >= 0; ++i) {
    int64_t extent = c.extent(c.in(weights), 2 + i);
    c.need(lists.kernel[i] == 0 || lists.kernel[i] == extent, "kernel_shape is not that of the weights");
    lists.kernel[i] = narrowed(c, extent, 1, "the shape of the weights");
  }
  read_spatial(c, "strides", lists.rank, 1, 1, lists.stride);
  read_spatial(c, "dilations", lists.rank, 1, 1, lists.dilation);
  lists.automatic = lists.auto_pad != "NOTSET";
  c.need(!lists.automatic || lists.auto_pad == "VALID" || lists.auto_pad == "SAME_UPPER" || lists.auto_pad == "SAME_LOWER", "auto_pad is none of its values");
  if (!lists.automatic) read_pads(c, lists.rank, lists.pad_begin, lists.pad_end);
  return lists;
}

WindowLists read_windows(const OnnxCall& c, int weights) {
  WindowLists lists = read_window_lists(c, weights);
  if (!lists.automatic || lists.auto_pad == "VALID") return lists;
  for (int i = 0; i < lists.rank; ++i) {
    int64_t pads = lists.reach(i) - 1;
    if (lists.stride[i] > 1) {
      int64_t x = c.extent(c.in(0), 2 + i), windows = x / lists.stride[i] + (x % lists.stride[i] != 0);
      pads = std::max<int64_t>((windows - 1) * lists.stride[i] + lists.reach(i) - x, 0);
    }
    int64_t less = pads / 2, more = pads - less;
    bool upper = lists.auto_pad == "SAME_UPPER";
    lists.pad_begin[i] = narrowed(c, upper ? less : more, 0, "auto_pad");
    lists.pad_end[i] = narrowed(c, upper ? more : less, 0, "auto_pad");
  }
  return lists;
}

ConvAttr read_conv(const OnnxCall& c, int weights) {
  ConvAttr attr = {};
  read_windows(c, weights).give(attr);
  attr.group = read_count(c, "group", 1);
  return attr;
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

PoolAttr read_average_pool(const OnnxCall& c) {
  PoolAttr attr = read_pool(c, PoolKind::average);
  attr.count_padding = c.integer("count_include_pad", 0) != 0;
  return attr;
}

}  // namespace prm
