// The scalar instruction set: plain C++ in the canonical order. Vector files are compared with it byte for byte.
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "base/numeric.h"
#include "cpu/isa.h"
#include "quant/format.h"

namespace prm {

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

void store_half(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = float_to_half(x[i]);
}

float at(const float* row, int d) { return row[d]; }
float at(const uint16_t* row, int d) { return half_to_float(row[d]); }

template <class T>
void score_rows(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  for (int j = 0; j < n; ++j) {
    auto* row = reinterpret_cast<const T*>(static_cast<const char*>(rows) + size_t(j) * stride);
    float lane[16] = {};
    for (int d = 0; d < D; ++d) lane[d & 15] = fused(q[d], at(row, d), lane[d & 15]);
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

template <class T>
void add_rows(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  for (int j = 0; j < n; ++j) {
    auto* row = reinterpret_cast<const T*>(static_cast<const char*>(rows) + size_t(j) * stride);
    for (int d = 0; d < D; ++d) sum[d] = fused(weight[j], at(row, d), sum[d]);
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
    .store_half = store_half,
    .score_rows = {score_rows<float>, score_rows<uint16_t>},
    .soft_cap = soft_cap,
    .softmax_split = softmax_split,
    .add_rows = {add_rows<float>, add_rows<uint16_t>},
    .merge_split = merge_split,
};

}  // namespace prm
