// y = x . W^T, and the quantization of activations that block weights ask for. Letters: T tokens, K inner, N outer.
#include "ops/ops.h"
#include "quant/activation.h"
#include "quant/format.h"

namespace prm {

int64_t k_parts(int64_t k) { return k < 256 ? 1 : k >= 2048 ? 8 : k / 256; }

namespace {

void infer_matmul(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.shape(0).rank == 2 && r.shape(1).rank == 2, "needs x [T, K] and w [N, K]");
  r.need(r.shape(0)[1] == r.shape(1)[1], "the inner extents differ");
  const QuantFormat* format = find_format(r.x(1).dtype);
  DType type = r.x(0).dtype;
  r.need(type == DType::f32 || type == DType::f64 || (format && type == format->activation), "x does not have a type that these weights are multiplied with");
  r.out = {{r.x(0).dtype == DType::f64 ? DType::f64 : DType::f32, {r.shape(0)[0], r.shape(1)[0]}}};
}

Cost cost_matmul(const OpArgs& a) {
  return {2.0 * double(a.x(0).count()) * double(a.x(1).dim[0]), double(a.x(0).bytes() + a.x(1).bytes() + a.y().bytes())};
}

// Float activations meet block weights as the floats that the blocks stand for.
double float_dot(const QuantFormat& format, const Tensor& x, int64_t t, const Tensor& w, int64_t n) {
  double sum = 0;
  float values[256];
  const std::byte* weight = w.row<std::byte>(n);
  int64_t K = w.dim[1], step = info(w.dtype).block;
  for (int64_t k = 0; k < K; k += step, weight += info(w.dtype).bytes) {
    format.dequantize(weight, values);
    for (int64_t i = 0; i < step; ++i) sum += load_value(x, t * K + k + i) * double(values[i]);
  }
  return sum;
}

// Quantized ones: the blocks' exact integer products; everything around them is summed in double.
double block_dot(const QuantFormat& format, const Tensor& x, int64_t t, const Tensor& w, int64_t n) {
  double sum = 0;
  const std::byte *weight = w.row<std::byte>(n), *activation = x.row<std::byte>(t);
  for (int64_t k = 0; k < w.dim[1]; k += info(w.dtype).block) {
    float d = 0, dmin = 0, da;
    format.scales(weight, d, dmin);
    std::memcpy(&da, activation, sizeof da);  // both activation blocks begin with their scale
    BlockProduct product = format.multiply(weight, activation);
    sum += double(d) * double(da) * product.sum - double(dmin) * double(da) * product.min_sum;
    weight += info(w.dtype).bytes;
    activation += info(x.dtype).bytes;
  }
  return sum;
}

void reference_matmul(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1);
  const QuantFormat* format = find_format(w.dtype);
  int64_t K = w.dim[1], N = w.dim[0];
  for (int64_t t = 0; t < x.dim[0]; ++t)
    for (int64_t n = 0; n < N; ++n) {
      double sum = 0;
      if (format) sum = x.dtype == format->activation ? block_dot(*format, x, t, w, n) : float_dot(*format, x, t, w, n);
      else
        for (int64_t k = 0; k < K; ++k) sum += load_value(x, t * K + k) * load_value(w, n * K + k);
      store_value(a.y(), t * N + n, sum);
    }
}

void infer_quantize(ShapeRule& r) {
  DType type = r.at<DType>();
  r.need(r.inputs() == 1 && r.x(0).dtype == DType::f32 && r.shape(0).rank == 2, "needs x [T, K] f32");
  r.need(r.shape(0)[1].literal() && r.shape(0)[1].value % info(type).block == 0, "K is not a multiple of the block");
  r.out = {{type, r.shape(0)}};
}

Cost cost_quantize(const OpArgs& a) { return {0, double(a.x(0).bytes() + a.y().bytes())}; }

// The integers are the definition: there is nothing to sum in double here.
void reference_quantize(const OpArgs& a) {
  auto quantize_row = a.at<DType>() == DType::a8 ? quantize_a8 : quantize_a8k;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t) quantize_row(a.x(0).row<float>(t), a.y().row<std::byte>(t), a.x(0).dim[1]);
}

}  // namespace

const Op kMatmul{.name = "matmul", .infer = infer_matmul, .cost = cost_matmul, .reference = reference_matmul};
const Op kQuantize{.name = "quantize", .infer = infer_quantize, .cost = cost_quantize, .reference = reference_quantize};

ValueId matmul(Graph& g, ValueId x, ValueId w, const String& name) { return g.node(kMatmul, {}, {x, w}, name); }
ValueId quantize(Graph& g, ValueId x, DType activation, const String& name) {
  return g.node(kQuantize, activation, {x}, name);
}

}  // namespace prm
