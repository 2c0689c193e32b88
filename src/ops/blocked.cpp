#include "ops/blocked.h"

#include <cmath>

namespace prm {

namespace {

Dim blocks_of(Dim channels, DimTable& dims) { return dims.divide(dims.add(channels, kChannelBlock - 1), kChannelBlock); }
bool is_blocked(const Value& x) { return x.dtype == DType::f32 && x.shape.rank >= 4 && x.shape.rank <= 3 + kMaxSpatial && x.shape[-1] == Dim(kChannelBlock); }

int64_t plane_of(const Tensor& blocked) {
  int64_t plane = 1;
  for (int i = 2; i < blocked.rank - 1; ++i) plane *= blocked.dim[i];
  return plane;
}
int64_t block_index(int64_t n, int64_t c, int64_t at, int64_t blocks, int64_t plane) {
  return ((n * blocks + c / kChannelBlock) * plane + at) * kChannelBlock + c % kChannelBlock;
}

// ---- in and out ------------------------------------------------------------------------------------------------------

void infer_to_blocked(ShapeRule& r) {
  r.need(r.inputs() == 1 && r.x(0).dtype == DType::f32 && r.shape(0).rank >= 3 && r.shape(0).rank <= 2 + kMaxSpatial, "needs one input [N, C, spatial...] f32");
  Shape shape = r.shape(0);
  shape[1] = blocks_of(shape[1], r.graph.dims);
  shape.dims[shape.rank++] = kChannelBlock;
  r.out = {{DType::f32, shape}};
}

void infer_from_blocked(ShapeRule& r) {
  int64_t channels = r.at<FromBlockedAttr>().channels;
  r.need(r.inputs() == 1 && is_blocked(r.x(0)), "needs one input [N, C/16, spatial..., 16] f32");
  r.need(channels > 0 && blocks_of(channels, r.graph.dims) == r.shape(0)[1], "has other channels than its input");
  Shape shape = r.shape(0);
  shape[1] = channels;
  shape.rank--;
  r.out = {{DType::f32, shape}};
}

void reference_to_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  int64_t C = x.dim[1], plane = plane_of(y);
  for (int64_t n = 0; n < x.dim[0]; ++n)
    for (int64_t c = 0; c < y.dim[1] * kChannelBlock; ++c)
      for (int64_t i = 0; i < plane; ++i) y.as<float>()[block_index(n, c, i, y.dim[1], plane)] = c < C ? x.as<float>()[(n * C + c) * plane + i] : 0;
}

void reference_from_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  int64_t C = y.dim[1], plane = plane_of(x);
  for (int64_t n = 0; n < y.dim[0]; ++n)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t i = 0; i < plane; ++i) y.as<float>()[(n * C + c) * plane + i] = x.as<float>()[block_index(n, c, i, x.dim[1], plane)];
}

// ---- windows ---------------------------------------------------------------------------------------------------------

// Inputs i and i + 1: one value for each channel.
void need_channels(ShapeRule& r, int i, Dim blocks) {
  Shape filled{r.graph.dims.multiply(blocks, kChannelBlock)};
  r.need(r.x(i).dtype == DType::f32 && r.x(i + 1).dtype == DType::f32 && r.shape(i) == filled && r.shape(i + 1) == filled, "needs a factor and a shift for each channel, in whole blocks");
}

void infer_conv_blocked(ShapeRule& r) {
  auto attr = r.at<ConvAttr>();
  r.need((r.inputs() == 4 || r.inputs() == 5) && attr.rank >= 1 && attr.rank <= kMaxSpatial && attr.group > 0, "needs x, w, factor, shift, maybe what is added, and 1 to 3 spatial dimensions");
  const Shape x = r.shape(0), w = r.shape(1);
  DimTable& dims = r.graph.dims;
  bool plain = x.rank == attr.rank + 2;
  r.need(r.x(0).dtype == DType::f32 && r.x(1).dtype == DType::f32 && w.rank == attr.rank + 2 && (plain || (is_blocked(r.x(0)) && x.rank == attr.rank + 3)),
         "needs x [N, C/16, spatial..., 16] or [N, C, spatial...] and w [O, C/group, kernel...] f32 of as many dimensions");
  r.need(w[0].literal() && w[1].literal() && w[0].value % attr.group == 0, "its output channels do not come in groups");
  Dim channels = dims.multiply(w[1], attr.group), blocks = blocks_of(w[0], dims);
  r.need(plain ? x[1] == channels && attr.group == 1 && channels.value < kChannelBlock : x[1] == blocks_of(channels, dims), "x has other channels than w reads");
  need_channels(r, 2, blocks);
  Shape y{x.dims[0], blocks}, copy{x.dims[0], x.dims[1]};
  for (int i = 0; i < attr.rank; ++i) {
    y.dims[y.rank++] = window_count(r, x[2 + i], w[2 + i], attr.stride[i], attr.dilation[i], attr.pad_begin[i], attr.pad_end[i], false);
    copy.dims[copy.rank++] = dims.add(x[2 + i], int64_t(attr.pad_begin[i]) + attr.pad_end[i]);
  }
  y.dims[y.rank++] = kChannelBlock;
  r.need(r.inputs() == 4 || (r.x(4).dtype == DType::f32 && r.shape(4) == y), "needs what is added in the result's shape");
  r.out = {{DType::f32, y}};
  if (plain) r.out.push_back({DType::f32, copy});
}

void infer_conv_winograd(ShapeRule& r) {
  infer_conv_blocked(r);
  auto attr = r.at<ConvAttr>();
  const Shape w = r.shape(1), y = r.out[0].second;
  bool simple = attr.rank == 2 && attr.group == 1 && r.shape(0).rank == 5 && w[2] == Dim(3) && w[3] == Dim(3);
  for (int i = 0; i < 2; ++i) simple = simple && attr.stride[i] == 1 && attr.dilation[i] == 1;
  r.need(simple && y[0].literal() && y[2].literal() && y[3].literal(), "is of kernels 3x3 in steps of 1, of known extents and one group");
  WinogradCut cut = winograd_cut(y[0].value, y[2].value, y[3].value);
  DimTable& dims = r.graph.dims;
  Dim floats = dims.multiply(dims.multiply(dims.add(r.shape(0)[1], y[1].value), 16 * kChannelBlock), cut.piece);
  r.out.push_back({DType::f32, {cut.lanes, floats}});
}

void infer_pool_blocked(ShapeRule& r) {
  auto attr = r.at<PoolAttr>();
  r.need(r.inputs() == 1 && attr.rank >= 1 && attr.rank <= kMaxSpatial && is_blocked(r.x(0)) && r.shape(0).rank == attr.rank + 3, "needs x [N, C/16, spatial..., 16] of 1 to 3 spatial dimensions");
  r.need(attr.kind != PoolKind::lp && attr.indices == PoolIndices::none, "is of maxima and averages");
  Shape y = r.shape(0);
  for (int i = 0; i < attr.rank; ++i)
    y[2 + i] = attr.kernel[i] == 0 ? Dim(1) : window_count(r, y[2 + i], attr.kernel[i], attr.stride[i], attr.dilation[i], attr.pad_begin[i], attr.pad_end[i], attr.ceil);
  r.out = {{DType::f32, y}};
}

void infer_affine_blocked(ShapeRule& r) {
  r.need(r.inputs() == 3 && is_blocked(r.x(0)), "needs x [N, C/16, spatial..., 16] f32, factor and shift");
  need_channels(r, 1, r.shape(0)[1]);
  r.out = {{DType::f32, r.shape(0)}};
}

void infer_shuffle_blocked(ShapeRule& r) {
  auto attr = r.at<ShuffleAttr>();
  r.need(r.inputs() == 1 && is_blocked(r.x(0)) && attr.groups > 0 && attr.channels > 0 && attr.channels % attr.groups == 0, "needs x [N, C/16, spatial..., 16] f32 and groups of its channels");
  r.need(blocks_of(attr.channels, r.graph.dims) == r.shape(0)[1], "has other channels than its input");
  r.out = {{DType::f32, r.shape(0)}};
}

// Calls fn(index in x, within one plane; -1: in the padding) for each place of the kernel at output `at` of a plane.
template <class Fn>
void each_place(const Windows& w, int64_t at, Fn&& fn) {
  int64_t o[3] = {at / w.out[2] / w.out[1], at / w.out[2] % w.out[1], at % w.out[2]}, k[3];
  for (k[0] = 0; k[0] < w.kernel[0]; ++k[0])
    for (k[1] = 0; k[1] < w.kernel[1]; ++k[1])
      for (k[2] = 0; k[2] < w.kernel[2]; ++k[2]) {
        int64_t index = 0;
        for (int i = 0; i < 3 && index >= 0; ++i) {
          int64_t in = w.place(i, o[i], k[i]);
          index = in < 0 || in >= w.in[i] ? -1 : index * w.in[i] + in;
        }
        fn(index);
      }
}

void reference_conv_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1), &y = a.y();
  auto attr = a.at<ConvAttr>();
  Windows in = windows_of(attr, x, y, w.dim + 2);
  bool plain = x.rank == w.rank;
  int64_t O = w.dim[0], each = w.dim[1], outputs = std::max<int64_t>(O / attr.group, 1);
  for (int64_t n = 0; n < x.dim[0]; ++n)
    for (int64_t o = 0; o < y.dim[1] * kChannelBlock; ++o)
      for (int64_t i = 0; i < in.outputs(); ++i) {
        int64_t index = block_index(n, o, i, y.dim[1], in.outputs());
        double sum = 0;
        for (int64_t c = 0; o < O && c < each; ++c) {
          int64_t channel = o / outputs * each + c;
          const float* weight = w.as<float>() + (o * each + c) * in.weights();
          each_place(in, i, [&](int64_t at) {
            int64_t from = plain ? (n * each + channel) * in.inputs() + at : block_index(n, channel, at, x.dim[1], in.inputs());
            sum += double(*weight++) * (at < 0 ? 0.0 : double(x.as<float>()[from]));
          });
        }
        sum = sum * double(a.x(2).as<float>()[o]) + double(a.x(3).as<float>()[o]);
        if (a.in[4]) sum += double(a.x(4).as<float>()[index]);
        y.as<float>()[index] = float(activated(attr.act, double(attr.a), double(attr.b), sum));
      }
}

void reference_pool_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  auto attr = a.at<PoolAttr>();
  Windows w = pool_windows(attr, x, y);
  for (int64_t b = 0; b < x.dim[0] * y.dim[1]; ++b)
    for (int64_t i = 0; i < w.outputs(); ++i)
      for (int64_t c = 0; c < kChannelBlock; ++c) {
        double sum = 0, top = -INFINITY;
        each_place(w, i, [&](int64_t at) {
          if (at < 0) return;
          double v = double(x.as<float>()[(b * w.inputs() + at) * kChannelBlock + c]);
          sum += v, top = v > top || v != v ? v : top;
        });
        int64_t o[3] = {i / w.out[2] / w.out[1], i / w.out[2] % w.out[1], i % w.out[2]};
        y.as<float>()[(b * w.outputs() + i) * kChannelBlock + c] = float(attr.kind == PoolKind::max ? top : sum / pool_count(attr, w, o));
      }
}

void reference_affine_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  auto attr = a.at<AffineAttr>();
  int64_t plane = plane_of(x), filled = x.dim[1] * kChannelBlock;
  for (int64_t n = 0; n < x.dim[0]; ++n)
    for (int64_t c = 0; c < filled; ++c)
      for (int64_t i = 0; i < plane; ++i) {
        int64_t at = block_index(n, c, i, x.dim[1], plane);
        double v = double(x.as<float>()[at]) * double(a.x(1).as<float>()[c]) + double(a.x(2).as<float>()[c]);
        y.as<float>()[at] = float(activated(attr.act, double(attr.a), double(attr.b), v));
      }
}

void reference_shuffle_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  auto attr = a.at<ShuffleAttr>();
  int64_t plane = plane_of(x);
  for (int64_t n = 0; n < x.dim[0]; ++n)
    for (int64_t c = 0; c < x.dim[1] * kChannelBlock; ++c)
      for (int64_t i = 0; i < plane; ++i)
        y.as<float>()[block_index(n, c, i, x.dim[1], plane)] = c < attr.channels ? x.as<float>()[block_index(n, shuffled_from(attr, c), i, x.dim[1], plane)] : 0;
}

Cost cost_layout(const OpArgs& a) { return cost_of_values(a, 0); }
Cost cost_affine(const OpArgs& a) { return cost_of_values(a, 2); }
Cost cost_conv(const OpArgs& a) {
  const Tensor& w = a.x(1);
  return cost_of_values(a, w.dim[0] ? 2 * double(w.count()) / double(w.dim[0]) : 0);
}
Cost cost_pool(const OpArgs& a) { return cost_of_values(a, double(pool_windows(a.at<PoolAttr>(), a.x(0), a.y()).weights())); }

}  // namespace

const Op kToBlocked{.name = "to_blocked", .infer = infer_to_blocked, .cost = cost_layout, .reference = reference_to_blocked};
const Op kFromBlocked{.name = "from_blocked", .infer = infer_from_blocked, .cost = cost_layout, .reference = reference_from_blocked};
const Op kConvBlocked{.name = "conv_blocked", .infer = infer_conv_blocked, .cost = cost_conv, .reference = reference_conv_blocked};
const Op kConvWinograd{.name = "conv_winograd", .infer = infer_conv_winograd, .cost = cost_conv, .reference = reference_conv_blocked};
const Op kPoolBlocked{.name = "pool_blocked", .infer = infer_pool_blocked, .cost = cost_pool, .reference = reference_pool_blocked};
const Op kAffineBlocked{.name = "affine_blocked", .infer = infer_affine_blocked, .cost = cost_affine, .reference = reference_affine_blocked};
const Op kShuffleBlocked{.name = "shuffle_blocked", .infer = infer_shuffle_blocked, .cost = cost_layout, .reference = reference_shuffle_blocked};

}  // namespace prm
