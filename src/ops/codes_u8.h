// Codes of 8 bits and the convolutions over them: what blocked_u8.h and rows_u8.h have in common. q stands for (q - zero) scale.
#pragma once
#include <cmath>

#include "base/numeric.h"
#include "ops/window.h"

namespace prm {

struct Quantum {
  float scale;
  int32_t zero;  // 0 to 255
};

struct ConvU8Attr {
  ConvAttr conv;
  int32_t x_zero;
  Quantum to;  // scale 0: the results are floats
};
inline constexpr int64_t kMostU8Products = 60000;  // of one sum, so that 32 bits hold it

inline void need_quantum(const ShapeRule& r, const Quantum& q) {
  r.need(std::isfinite(q.scale) && q.scale > 0 && q.zero >= 0 && q.zero <= 255, "needs a scale above 0 and a zero point of 8 bits");
}

// As kernels do it: times 1 / scale in float32; NaN becomes 0.
inline uint8_t code_of(const Quantum& q, float y) {
  double least = -double(q.zero), most = 255 - double(q.zero), scaled = double(y * (1 / q.scale));
  scaled = scaled > least ? scaled : least;
  return uint8_t(nearest(scaled < most ? scaled : most) + double(q.zero));
}

// The last of a convolution's shape rule: its terms, and y [N, O/16, spatial..., 16].
inline void finish_conv_u8(ShapeRule& r, const Shape& y) {
  auto attr = r.at<ConvU8Attr>();
  for (int i = 2; i < 4; ++i)
    r.need(r.x(i).dtype == DType::f32 && r.shape(i) == Shape{r.graph.dims.multiply(y.dims[1], y[-1].value)}, "needs a factor and a shift for each channel, in whole blocks");
  if (attr.to.scale != 0) need_quantum(r, attr.to);
  r.out = {{attr.to.scale != 0 ? DType::u8 : DType::f32, y}};
}

// Of a reference: one channel of an output.
inline void store_u8_sum(const OpArgs& a, int64_t sum, int64_t channel, int64_t at) {
  auto attr = a.at<ConvU8Attr>();
  float scaled = fused(float(sum), a.x(2).as<float>()[channel], a.x(3).as<float>()[channel]);
  float result = float(activated(attr.conv.act, double(attr.conv.a), double(attr.conv.b), double(scaled)));
  if (attr.to.scale != 0) a.y().as<uint8_t>()[at] = code_of(attr.to, result);
  else a.y().as<float>()[at] = result;
}

inline Cost cost_conv_u8(const OpArgs& a) {
  const Tensor& w = a.x(1);
  return cost_of_values(a, w.dim[0] ? 2 * double(w.count()) / double(w.dim[0]) : 0);
}

}  // namespace prm
