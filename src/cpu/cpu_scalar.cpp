// The scalar instruction set: plain C++ in the canonical order. Vector files are compared with it byte for byte.
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "base/numeric.h"
#include "cpu/isa.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {

extern const ConvTable kScalarConv;  // cpu_scalar_conv.cpp

namespace {

void rms_norm(const float* x, const float* gain, float* y, int64_t n, float eps) {
  float inverse = 1.0f / std::sqrt(lane_dot(x, x, n) / float(n) + eps);
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * inverse * gain[i];
}

void add(const float* a, const float* b, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

void scale(const float* x, float factor, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * factor;
}

void rope_halves(const float* x, const float* table, float* y, int64_t n) {
  int64_t half = n / 2;
  for (int64_t i = 0; i < half; ++i) {
    float c = table[i], s = table[half + i], x0 = x[i], x1 = x[half + i];
    y[i] = x0 * c - x1 * s;
    y[half + i] = x0 * s + x1 * c;
  }
}

void rope_neighbours(const float* x, const float* table, float* y, int64_t n) {
  int64_t half = n / 2;
  for (int64_t i = 0; i < half; ++i) {
    float c = table[i], s = table[half + i], x0 = x[2 * i], x1 = x[2 * i + 1];
    y[2 * i] = x0 * c - x1 * s;
    y[2 * i + 1] = x0 * s + x1 * c;
  }
}

void glu_silu(const float* gate, const float* up, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = gate[i] / (1.0f + exp_of(-gate[i])) * up[i];
}

void glu_gelu(const float* gate, const float* up, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    float g = gate[i], u = PRM_GELU_A * (g + PRM_GELU_B * (g * g * g));
    y[i] = g / (1.0f + exp_of(-u)) * up[i];
  }
}

void store_floats(const float* x, void* row, int64_t n) { std::memcpy(row, x, size_t(n) * sizeof(float)); }

void store_halves(const float* x, void* row, int64_t n) {
  for (int64_t i = 0; i < n; ++i) static_cast<uint16_t*>(row)[i] = float_to_half(x[i]);
}

void store_bf16(const float* x, void* row, int64_t n) {
  for (int64_t i = 0; i < n; ++i) static_cast<uint16_t*>(row)[i] = float_to_bf16(x[i]);
}

// Rows of the cache: value d as a float.
struct RowF32 {
  static float at(const void* row, int d) { return static_cast<const float*>(row)[d]; }
};
struct RowF16 {
  static float at(const void* row, int d) { return half_to_float(static_cast<const uint16_t*>(row)[d]); }
};
struct RowBF16 {
  static float at(const void* row, int d) { return bf16_to_float(static_cast<const uint16_t*>(row)[d]); }
};
struct RowQ8_0 {
  static float at(const void* row, int d) {
    const BlockQ8_0& block = static_cast<const BlockQ8_0*>(row)[d / 32];
    return half_to_float(block.d) * float(block.q[d % 32]);
  }
};

template <class Row>
void score_rows(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  for (int j = 0; j < n; ++j) {
    const char* row = static_cast<const char*>(rows) + size_t(j) * stride;
    float lane[16] = {};
    for (int d = 0; d < D; ++d) lane[d & 15] = fused(q[d], Row::at(row, d), lane[d & 15]);
    score[j] = merge_lanes(lane) * factor;
  }
}

void soft_cap(float* score, int n, float cap) {
  for (int j = 0; j < n; ++j) {
    float s = score[j] / cap;
    score[j] = cap * (tanh_of(s) + (s - s));
  }
}

float softmax_split(float* score, int n, int first, float* top) {
  float max = -INFINITY, lane[16] = {};
  for (int j = 0; j < n; ++j) max = score[j] > max ? score[j] : max;
  for (int j = 0; j < n; ++j) {
    score[j] = exp_of(score[j] - max);
    lane[(first + j) & 15] += score[j];
  }
  *top = max;
  return merge_lanes(lane);
}

template <class Row>
void add_rows(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  for (int j = 0; j < n; ++j) {
    const char* row = static_cast<const char*>(rows) + size_t(j) * stride;
    for (int d = 0; d < D; ++d) sum[d] = fused(weight[j], Row::at(row, d), sum[d]);
  }
}

void merge_split(float* sum, const float* part, float keep, float join, int D) {
  for (int d = 0; d < D; ++d) sum[d] = sum[d] * keep + part[d] * join;
}

}  // namespace

const CpuIsa kScalarIsa{
    .name = "scalar",
    .matmul = {},
    .quantize_a8 = quantize_a8,
    .quantize_a8k = quantize_a8k,
    .rms_norm = rms_norm,
    .add = add,
    .scale = scale,
    .rope = {rope_halves, rope_neighbours},
    .glu_silu = glu_silu,
    .glu_gelu = glu_gelu,
    .store_row = {store_floats, store_halves, store_bf16, quantize_q8_0},
    .score_rows = {score_rows<RowF32>, score_rows<RowF16>, score_rows<RowBF16>, score_rows<RowQ8_0>},
    .soft_cap = soft_cap,
    .softmax_split = softmax_split,
    .add_rows = {add_rows<RowF32>, add_rows<RowF16>, add_rows<RowBF16>, add_rows<RowQ8_0>},
    .merge_split = merge_split,
    .conv = &kScalarConv,
};

}  // namespace prm
