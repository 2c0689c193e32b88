// Matmul drivers. The canonical sum of a dot product over K (src/README.md, "Numbers" 1): P = clamp(K div 256, 1, 8) parts
// of whole units, units ascending from 0 inside a part, parts added left to right.
#include <algorithm>

#include "base/half.h"
#include "base/numeric.h"
#include "cpu/cpu_kernels.h"
#include "cpu/w16_pack.h"
#include "ops/ops.h"
#include "quant/activation.h"
#include "quant/format.h"

namespace prm {

namespace {

float part_of_blocks(const QuantFormat& format, const std::byte* w, const std::byte* x, int64_t begin, int64_t end) {
  size_t w_bytes = size_t(info(format.type).bytes), x_bytes = size_t(info(format.activation).bytes);
  float acc = 0;
  for (int64_t b = begin; b < end; ++b) {
    const std::byte *weight = w + size_t(b) * w_bytes, *activation = x + size_t(b) * x_bytes;
    float d, dmin = 0, da;
    format.scales(weight, d, dmin);
    std::memcpy(&da, activation, sizeof da);  // both activation blocks begin with their scale
    BlockProduct product = format.multiply(weight, activation);
    acc = fused(d * da, float(product.sum), acc);
    if (format.has_min) acc = fused(-dmin * da, float(product.min_sum), acc);
  }
  return acc;
}

float part_of_values(DType type, const std::byte* w, const float* x, int64_t begin, int64_t end) {
  auto* half = reinterpret_cast<const uint16_t*>(w);
  auto* single = reinterpret_cast<const float*>(w);
  float acc = 0;
  for (int64_t k = begin; k < end; ++k)
    acc = fused(x[k], type == DType::f32 ? single[k] : type == DType::f16 ? half_to_float(half[k]) : bf16_to_float(half[k]), acc);
  return acc;
}

float canonical_dot(const QuantFormat* format, DType type, const std::byte* w, const std::byte* x, int64_t K) {
  int64_t units = K / info(type).block, parts = k_parts(K);
  float sum = 0;
  for (int64_t p = 0; p < parts; ++p) {
    int64_t begin = p * units / parts, end = (p + 1) * units / parts;
    float part = format ? part_of_blocks(*format, w, x, begin, end) : part_of_values(type, w, reinterpret_cast<const float*>(x), begin, end);
    sum = p ? sum + part : part;
  }
  return sum;
}

size_t layout_bytes(const Tensor& plain) { return w16_bytes(plain.dtype, plain.dim[0], plain.dim[1]); }

void layout_pack(const Tensor& plain, std::byte* out, const Work& work) {
  size_t group_bytes = w16_group_bytes(plain.dtype, plain.dim[1]);
  work.rows((plain.dim[0] + 15) / 16, 16, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) w16_pack_group(plain, g, out + size_t(g) * group_bytes);
  });
}

}  // namespace

const Layout kW16Layout{"w16", layout_bytes, 16, layout_pack};

bool accepts_block_matmul(const KernelQuery& q) {
  const QuantFormat* format = find_format(q.in[1].dtype);
  DType type = q.in[1].dtype;
  bool dense = type == DType::f32 || type == DType::f16 || type == DType::bf16;
  return format ? q.in[0].dtype == format->activation : dense && q.in[0].dtype == DType::f32;
}

void multiply_plain_rows(const Tensor& w, int64_t n, int rows, const Tensor& x, int64_t t, int64_t tokens, float* y, int64_t y_stride) {
  const QuantFormat* format = find_format(w.dtype);
  for (int r = 0; r < rows; ++r)
    for (int64_t i = 0; i < tokens; ++i)
      y[i * y_stride + r] = canonical_dot(format, w.dtype, w.row<std::byte>(n + r), x.row<std::byte>(t + i), w.dim[1]);
}

void run_matmul_plain(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1);
  int64_t T = x.dim[0], N = w.dim[0], K = w.dim[1];
  a.work->rows(N, std::max<int64_t>(1, (kChunkMacs / 16) / std::max<int64_t>(1, T * K)),
               [&](int64_t begin, int64_t end) { multiply_plain_rows(w, begin, int(end - begin), x, 0, T, a.y().as<float>() + begin, N); });
}

template <const CpuIsa& isa>
bool accepts_matmul_w16(const KernelQuery& q) {
  int type = w16_type(q.in[1].dtype);
  return type >= 0 && isa.matmul[type] && q.constant[1] && accepts_block_matmul(q);
}

template <const CpuIsa& isa>
void run_matmul_w16(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1);
  W16MatmulFn kernel = isa.matmul[w16_type(w.dtype)];
  int64_t T = x.dim[0], N = w.dim[0], K = w.dim[1], groups = (N + 15) / 16;
  size_t group_bytes = w16_group_bytes(w.dtype, K), x_stride = x.row_bytes();
  int64_t grain = std::clamp<int64_t>(kChunkMacs / (16 * K * std::max<int64_t>(1, T)), 1, std::max<int64_t>(1, groups / 16));
  int64_t tile = token_tile(int64_t(x_stride));
  a.work->rows(groups, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = 0; t < T; t += tile)
      for (int64_t g = begin; g < end; ++g)
        kernel(w.data + size_t(g) * group_bytes, x.row<std::byte>(t), x_stride, std::min(tile, T - t), K,
               a.y().row<float>(t) + g * 16, N, int(std::min<int64_t>(16, N - g * 16)));
  });
}

#define PRM_INSTANTIATE(isa)                              \
  template bool accepts_matmul_w16<isa>(const KernelQuery&); \
  template void run_matmul_w16<isa>(const OpArgs&);
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
