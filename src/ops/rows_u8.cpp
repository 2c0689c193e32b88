#include "ops/rows_u8.h"

#include "base/checked.h"

namespace prm {

namespace {

constexpr int64_t kBlock = 16;

void infer_rows(ShapeRule& r) {
  auto attr = r.at<RowsU8Attr>();
  r.need(r.inputs() == 1 && attr.rank >= 1 && attr.rank <= kMaxSpatial && attr.outside >= 0 && attr.outside <= 255, "needs x, 1 to 3 spatial dimensions and a code");
  const Shape x = r.shape(0);
  r.need(r.x(0).dtype == DType::u8 && x.rank == attr.rank + 3 && x[-1] == Dim(kBlock) && x[1].literal(), "needs x [N, C/16, spatial..., 16] u8");
  DimTable& dims = r.graph.dims;
  Shape y{x.dims[0], (x[1].value + 3) / 4};
  for (int i = 0; i < attr.rank; ++i) {
    r.need(attr.pad_begin[i] >= 0 && attr.pad_end[i] >= 0, "pads are not below 0");
    y.dims[y.rank++] = dims.add(x[2 + i], int64_t(attr.pad_begin[i]) + attr.pad_end[i]);
  }
  y.dims[y.rank++] = kRowBytes;
  r.out = {{DType::u8, y}};
}

void reference_rows(const OpArgs& a) {
  auto attr = a.at<RowsU8Attr>();
  const Tensor &x = a.x(0), &y = a.y();
  int64_t blocks = x.dim[1], plane = 1;
  for (int i = 0; i < attr.rank; ++i) plane *= x.dim[2 + i];
  for (int64_t place = 0; place < y.rows(); ++place) {
    int64_t rest = place, from = 0, step = 1;
    bool inside = true;
    for (int i = attr.rank - 1; i >= 0; --i) {
      int64_t at = rest % y.dim[2 + i] - attr.pad_begin[i];
      rest /= y.dim[2 + i];
      inside = inside && at >= 0 && at < x.dim[2 + i];
      from += at * step;
      step *= x.dim[2 + i];
    }
    int64_t n = rest / y.dim[1], first = rest % y.dim[1] * (kRowBytes / kBlock);
    for (int64_t c = 0; c < kRowBytes; ++c) {
      int64_t block = first + c / kBlock;
      uint8_t code = block >= blocks ? 0 : inside ? x.as<uint8_t>()[((n * blocks + block) * plane + from) * kBlock + c % kBlock] : uint8_t(attr.outside);
      y.row<uint8_t>(place)[c] = code;
    }
  }
}

void infer_conv_rows(ShapeRule& r) {
  auto attr = r.at<ConvU8Attr>();
  const ConvAttr& conv = attr.conv;
  r.need(r.inputs() == 4 && conv.rank >= 1 && conv.rank <= kMaxSpatial && conv.group == 1, "needs x, w, factor, shift, 1 to 3 spatial dimensions and one group");
  const Shape x = r.shape(0), w = r.shape(1);
  r.need(r.x(0).dtype == DType::u8 && x.rank == conv.rank + 3 && x[-1] == Dim(kRowBytes) && r.x(1).dtype == DType::i8 && w.rank == conv.rank + 2, "needs x [N, C/64, spatial..., 64] u8 and w [O, C, kernel...] i8");
  r.need(w[0].literal() && w[1].literal() && x[1] == Dim(ceil_div(w[1].value, kRowBytes)), "x has other channels than w reads");
  int64_t blocks = (w[0].value + kBlock - 1) / kBlock, products = w[1].value;
  Shape y{x.dims[0], blocks};
  for (int i = 0; i < conv.rank; ++i) {
    r.need(conv.pad_begin[i] == 0 && conv.pad_end[i] == 0, "its rows have their padding");
    y.dims[y.rank++] = window_count(r, x[2 + i], w[2 + i], conv.stride[i], conv.dilation[i], 0, 0, false);
    r.need(products <= kMostU8Products && w[2 + i].value <= kMostU8Products, "its sums are of too many products");
    products *= w[2 + i].value;
  }
  y.dims[y.rank++] = kBlock;
  r.need(products <= kMostU8Products, "its sums are of too many products");
  finish_conv_u8(r, y);
}

void reference_conv_rows(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1), &y = a.y();
  auto attr = a.at<ConvU8Attr>();
  Windows win = windows_of(attr.conv, x, y, w.dim + 2);
  int64_t O = w.dim[0], C = w.dim[1], blocks = y.dim[1];
  for (int64_t n = 0; n < y.dim[0]; ++n)
    for (int64_t o = 0; o < blocks * kBlock; ++o)
      for (int64_t i = 0; i < win.outputs(); ++i) {
        int64_t at[3] = {i / win.out[2] / win.out[1], i / win.out[2] % win.out[1], i % win.out[2]}, sum = 0;
        for (int64_t k = 0; o < O && k < win.weights(); ++k) {
          int64_t place[3] = {k / win.kernel[2] / win.kernel[1], k / win.kernel[2] % win.kernel[1], k % win.kernel[2]}, from = 0;
          for (int d = 0; d < 3; ++d) from = from * win.in[d] + win.place(d, at[d], place[d]);
          for (int64_t c = 0; c < C; ++c) sum += int64_t(x.row<uint8_t>((n * x.dim[1] + c / kRowBytes) * win.inputs() + from)[c % kRowBytes]) * w.as<int8_t>()[(o * C + c) * win.weights() + k];
        }
        store_u8_sum(a, sum, o, ((n * blocks + o / kBlock) * win.outputs() + i) * kBlock + o % kBlock);
      }
}

Cost cost_rows(const OpArgs& a) { return cost_of_values(a, 0); }

}  // namespace

const Op kRowsU8{.name = "rows_u8", .infer = infer_rows, .cost = cost_rows, .reference = reference_rows};
const Op kConvRowsU8{.name = "conv_rows_u8", .infer = infer_conv_rows, .cost = cost_conv_u8, .reference = reference_conv_rows};

}  // namespace prm
