#include "ops/blocked_u8.h"

namespace prm {

namespace {

constexpr int64_t kBlock = 16;

bool is_blocked(const Value& x, DType type) { return x.dtype == type && x.shape.rank >= 4 && x.shape.rank <= 3 + kMaxSpatial && x.shape[-1] == Dim(kBlock); }

double value_of(const Quantum& q, uint8_t code) { return double(int(code) - q.zero) * double(q.scale); }

// ---- conv_u8 ---------------------------------------------------------------------------------------------------------

void infer_conv_u8(ShapeRule& r) {
  auto attr = r.at<ConvU8Attr>();
  const ConvAttr& conv = attr.conv;
  r.need(r.inputs() == 4 && conv.rank >= 1 && conv.rank <= kMaxSpatial && conv.group > 0, "needs x, w, factor, shift and 1 to 3 spatial dimensions");
  const Shape x = r.shape(0), w = r.shape(1);
  r.need(is_blocked(r.x(0), DType::u8) && x.rank == conv.rank + 3 && r.x(1).dtype == DType::i8 && w.rank == conv.rank + 2, "needs x [N, C/16, spatial..., 16] u8 and w [O, C/group, kernel...] i8");
  r.need(w[0].literal() && w[1].literal() && w[0].value % conv.group == 0, "its output channels do not come in groups");
  r.need(conv.group == 1 || (w[1].value % kBlock == 0 && w[0].value / conv.group % kBlock == 0), "its groups are not whole blocks");
  int64_t blocks = (w[0].value + kBlock - 1) / kBlock, products = w[1].value;
  Shape y{x.dims[0], blocks};
  for (int i = 0; i < conv.rank; ++i) {
    y.dims[y.rank++] = window_count(r, x[2 + i], w[2 + i], conv.stride[i], conv.dilation[i], conv.pad_begin[i], conv.pad_end[i], false);
    r.need(products <= kMostU8Products && w[2 + i].value <= kMostU8Products, "its sums are of too many products");
    products *= w[2 + i].value;
  }
  y.dims[y.rank++] = kBlock;
  r.need(products <= kMostU8Products, "its sums are of too many products");
  r.need(x[1] == Dim((w[1].value * conv.group + kBlock - 1) / kBlock), "x has other channels than w reads");
  r.need(attr.x_zero >= 0 && attr.x_zero <= 255, "needs a zero point of 8 bits");
  finish_conv_u8(r, y);
}

void reference_conv_u8(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1), &y = a.y();
  auto attr = a.at<ConvU8Attr>();
  Windows win = windows_of(attr.conv, x, y, w.dim + 2);
  int64_t O = w.dim[0], each = w.dim[1], outputs = std::max<int64_t>(O / attr.conv.group, 1), blocks = y.dim[1];
  for (int64_t n = 0; n < y.dim[0]; ++n)
    for (int64_t o = 0; o < blocks * kBlock; ++o)
      for (int64_t i = 0; i < win.outputs(); ++i) {
        int64_t at[3] = {i / win.out[2] / win.out[1], i / win.out[2] % win.out[1], i % win.out[2]}, sum = 0;
        for (int64_t c = 0; o < O && c < each; ++c)
          for (int64_t k = 0; k < win.weights(); ++k) {
            int64_t place[3] = {k / win.kernel[2] / win.kernel[1], k / win.kernel[2] % win.kernel[1], k % win.kernel[2]}, from = 0;
            bool inside = true;
            for (int d = 0; d < 3; ++d) {
              int64_t in = win.place(d, at[d], place[d]);
              inside = inside && in >= 0 && in < win.in[d];
              from = from * win.in[d] + in;
            }
            int64_t channel = o / outputs * each + c;
            int value = inside ? x.as<uint8_t>()[((n * x.dim[1] + channel / kBlock) * win.inputs() + from) * kBlock + channel % kBlock] : attr.x_zero;
            sum += int64_t(value) * w.as<int8_t>()[(o * each + c) * win.weights() + k];
          }
        store_u8_sum(a, sum, o, ((n * blocks + o / kBlock) * win.outputs() + i) * kBlock + o % kBlock);
      }
}

// ---- value by value --------------------------------------------------------------------------------------------------

void infer_quantize_blocked(ShapeRule& r) {
  need_quantum(r, r.at<Quantum>());
  r.need(r.inputs() == 1 && is_blocked(r.x(0), DType::f32), "needs x [N, C/16, spatial..., 16] f32");
  r.out = {{DType::u8, r.shape(0)}};
}

void infer_dequantize_blocked(ShapeRule& r) {
  need_quantum(r, r.at<Quantum>());
  r.need(r.inputs() == 1 && is_blocked(r.x(0), DType::u8), "needs x [N, C/16, spatial..., 16] u8");
  r.out = {{DType::f32, r.shape(0)}};
}

void infer_sum_u8(ShapeRule& r) {
  auto attr = r.at<SumU8Attr>();
  for (const Quantum& q : {attr.of_a, attr.of_b, attr.to}) need_quantum(r, q);
  r.need(r.inputs() == 2 && is_blocked(r.x(0), DType::u8) && is_blocked(r.x(1), DType::u8) && r.shape(0) == r.shape(1), "needs a and b [N, C/16, spatial..., 16] u8 of one shape");
  r.out = {{DType::u8, r.shape(0)}};
}

void reference_quantize_blocked(const OpArgs& a) {
  auto to = a.at<Quantum>();
  for (int64_t i = 0; i < a.y().count(); ++i) a.y().as<uint8_t>()[i] = code_of(to, a.x(0).as<float>()[i]);
}

void reference_dequantize_blocked(const OpArgs& a) {
  auto of = a.at<Quantum>();
  for (int64_t i = 0; i < a.y().count(); ++i) a.y().as<float>()[i] = float(value_of(of, a.x(0).as<uint8_t>()[i]));
}

void reference_sum_u8(const OpArgs& a) {
  auto attr = a.at<SumU8Attr>();
  for (int64_t i = 0; i < a.y().count(); ++i) {
    double sum = value_of(attr.of_a, a.x(0).as<uint8_t>()[i]) + value_of(attr.of_b, a.x(1).as<uint8_t>()[i]);
    a.y().as<uint8_t>()[i] = code_of(attr.to, float(activated(attr.act, double(attr.a), double(attr.b), double(float(sum)))));
  }
}

Cost cost_values(const OpArgs& a) { return cost_of_values(a, 4); }

}  // namespace

const Op kConvU8{.name = "conv_u8", .infer = infer_conv_u8, .cost = cost_conv_u8, .reference = reference_conv_u8};
const Op kSumU8{.name = "sum_u8", .infer = infer_sum_u8, .cost = cost_values, .reference = reference_sum_u8};
const Op kQuantizeBlocked{.name = "quantize_blocked", .infer = infer_quantize_blocked, .cost = cost_values, .reference = reference_quantize_blocked};
const Op kDequantizeBlocked{.name = "dequantize_blocked", .infer = infer_dequantize_blocked, .cost = cost_values, .reference = reference_dequantize_blocked};

}  // namespace prm
