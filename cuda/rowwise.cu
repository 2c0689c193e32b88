// Ops that work row by row, in the canonical orders: the bytes of the CPU's kernels.
#include <cfloat>

#include "base/half.h"
#include "base/numeric.h"
#include "launchers.h"
#include "quant/activation.h"
#include "quant/blocks.h"

namespace prm {

namespace {

constexpr int kThreads = 256;
constexpr uint32_t kAll = ~0u;
constexpr uint16_t kHalfInfinity = 0x7c00, kHalfNan = 0x7e00;

unsigned blocks_for(int64_t count, int each) { return unsigned((count + each - 1) / each); }
__device__ int64_t thread_index() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ int64_t warp_index() { return thread_index() / 32; }
__device__ int lane_index() { return int(threadIdx.x & 31); }

// Lane i of 16 has the sum of index i mod 16: the tree of "Numbers" 2, for both halves of the warp. The results are in lanes 0 and 16.
__device__ float merge_half_warp(float lane) {
  for (int width = 8; width; width /= 2) lane += __shfl_down_sync(kAll, lane, width);
  return lane;
}

// A warp a row: sums by 16 lanes, then all lanes write.
__global__ void rms_norm_kernel(const float* x, const float* gain, float* y, int64_t rows, int64_t n, float eps) {
  int64_t row = warp_index();
  if (row >= rows) return;
  x += row * n, y += row * n;
  float sum = 0;
  if (lane_index() < 16)
    for (int64_t i = lane_index(); i < n; i += 16) sum = fused(x[i], x[i], sum);
  float dot = __shfl_sync(kAll, merge_half_warp(sum), 0);
  float inverse = 1.0f / sqrtf(dot / float(n) + eps);
  for (int64_t i = lane_index(); i < n; i += 32) y[i] = x[i] * inverse * gain[i];
}

__global__ void add_kernel(const float* a, const float* b, float* y, int64_t count, int64_t b_count) {
  int64_t i = thread_index();
  if (i < count) y[i] = a[i] + b[i % b_count];
}

__global__ void scale_kernel(const float* x, float factor, float* y, int64_t count) {
  int64_t i = thread_index();
  if (i < count) y[i] = x[i] * factor;
}

__global__ void soft_cap_kernel(const float* x, float cap, float* y, int64_t count) {
  int64_t i = thread_index();
  if (i >= count) return;
  float s = x[i] / cap;
  y[i] = cap * (tanh_of(s) + (s - s));
}

__global__ void glu_kernel(const float* gate, const float* up, float* y, int64_t count, bool gelu) {
  int64_t i = thread_index();
  if (i >= count) return;
  float g = gate[i], u = gelu ? PRM_GELU_A * (g + PRM_GELU_B * (g * g * g)) : g;
  y[i] = g / (1.0f + exp_of(-u)) * up[i];
}

// A thread a pair of rotated values, or a value that stays.
__global__ void rope_kernel(const float* x, const float* table, float* y, int64_t tokens, int64_t columns, int64_t D, int64_t R, bool neighbours) {
  int64_t half = R / 2, each = half + D - R, i = thread_index(), heads = columns / D;
  if (i >= tokens * heads * each) return;
  int64_t t = i / (heads * each), at = t * columns + i / each % heads * D, j = i % each;
  if (j >= half) {
    y[at + half + j] = x[at + half + j];
    return;
  }
  int64_t first = at + (neighbours ? 2 * j : j), second = neighbours ? first + 1 : first + half;
  float c = table[t * R + j], s = table[t * R + half + j], x0 = x[first], x1 = x[second];
  y[first] = x0 * c - x1 * s;
  y[second] = x0 * s + x1 * c;
}

__global__ void select_rows_kernel(const float* x, const int32_t* index, float* y, int64_t rows, int64_t n) {
  int64_t i = thread_index();
  if (i < rows * n) y[i] = x[index[i / n] * n + i % n];
}

__global__ void kv_write_kernel(const float* rows, const int32_t* slot, void* cache, CacheType type, int64_t tokens, int64_t n) {
  int64_t i = thread_index();
  if (i >= tokens * n || slot[i / n] < 0) return;
  int64_t to = int64_t(slot[i / n]) * n + i % n;
  if (type == CacheType::f32) static_cast<float*>(cache)[to] = rows[i];
  else static_cast<uint16_t*>(cache)[to] = type == CacheType::f16 ? float_to_half(rows[i]) : float_to_bf16(rows[i]);
}

__device__ float warp_largest(float value) {
  for (int bits = 16; bits; bits /= 2) {
    float other = __shfl_xor_sync(kAll, value, bits);
    value = other > value ? other : value;
  }
  return value;
}
__device__ bool warp_all(bool value) {
  int all = value;
  for (int bits = 16; bits; bits /= 2) all &= __shfl_xor_sync(kAll, all, bits);
  return all;
}

// A warp a block of a row of the cache ("Numbers" 5).
__global__ void kv_write_q8_0_kernel(const float* rows, const int32_t* slot, BlockQ8_0* cache, int64_t tokens, int64_t n) {
  int64_t index = warp_index(), blocks = n / 32, t = index / blocks;
  if (t >= tokens || slot[t] < 0) return;
  float x = rows[index * 32 + lane_index()];
  bool finite = warp_all(fabsf(x) <= FLT_MAX);
  uint16_t d = float_to_half(warp_largest(fabsf(x)) / 127.0f);
  if (!finite || d == kHalfInfinity) d = kHalfNan;
  float inverse = d == 0 || d == kHalfNan ? 0.0f : 1.0f / half_value(d);
  float q = d == kHalfNan ? 0.0f : nearest(x * inverse);
  BlockQ8_0& block = cache[int64_t(slot[t]) * blocks + index % blocks];
  block.q[lane_index()] = int8_t(q < -127.0f ? -127.0f : q > 127.0f ? 127.0f : q);
  if (lane_index() == 0) block.d = d;
}

// A warp a block; each lane has neighbouring values. What is not finite gives a NaN scale, as on the CPU.
template <class Block, int each>
__global__ void quantize_kernel(const float* x, Block* blocks, int64_t count) {
  int64_t index = warp_index();
  if (index >= count) return;
  x += index * 32 * each + lane_index() * each;
  Block& block = blocks[index];
  float top = 0;
  bool finite = true;
  for (int i = 0; i < each; ++i) {
    float size = fabsf(x[i]);
    finite = finite && size <= FLT_MAX;
    top = size > top ? size : top;
  }
  finite = warp_all(finite), top = warp_largest(top);
  if (top < kLeastActivation) top = 0;
  float inverse = top > 0 ? 127.0f / top : 0.0f;
  int sum = 0;
  for (int i = 0; i < each; ++i) {
    int q = finite ? int(nearest(x[i] * inverse)) : 0;
    block.q[lane_index() * each + i] = int8_t(q);
    sum += q;
  }
  if (lane_index() == 0) block.d = finite ? top / 127.0f : NAN;
  if constexpr (each == 8) {
    sum += __shfl_xor_sync(kAll, sum, 1);
    if (lane_index() % 2 == 0) block.sum[lane_index() / 2] = int16_t(sum);
  } else {
    for (int bits = 16; bits; bits /= 2) sum += __shfl_xor_sync(kAll, sum, bits);
    if (lane_index() == 0) block.sum = sum;
  }
}

}  // namespace

void launch_rms_norm(Stream stream, const float* x, const float* gain, float* y, int64_t rows, int64_t n, float eps) {
  PRM_LAUNCH(rms_norm_kernel, blocks_for(rows, kThreads / 32), kThreads, 0, stream, x, gain, y, rows, n, eps);
}
void launch_add(Stream stream, const float* a, const float* b, float* y, int64_t rows, int64_t n, bool b_is_one_row) {
  PRM_LAUNCH(add_kernel, blocks_for(rows * n, kThreads), kThreads, 0, stream, a, b, y, rows * n, b_is_one_row ? n : rows * n);
}
void launch_scale(Stream stream, const float* x, float factor, float* y, int64_t count) {
  PRM_LAUNCH(scale_kernel, blocks_for(count, kThreads), kThreads, 0, stream, x, factor, y, count);
}
void launch_soft_cap(Stream stream, const float* x, float cap, float* y, int64_t count) {
  PRM_LAUNCH(soft_cap_kernel, blocks_for(count, kThreads), kThreads, 0, stream, x, cap, y, count);
}
void launch_glu(Stream stream, const float* gate, const float* up, float* y, int64_t count, bool gelu) {
  PRM_LAUNCH(glu_kernel, blocks_for(count, kThreads), kThreads, 0, stream, gate, up, y, count, gelu);
}
void launch_rope(Stream stream, const float* x, const float* table, float* y, int64_t tokens, int64_t columns, int64_t D, int64_t R, bool neighbours) {
  int64_t threads = tokens * (columns / D) * (R / 2 + D - R);
  PRM_LAUNCH(rope_kernel, blocks_for(threads, kThreads), kThreads, 0, stream, x, table, y, tokens, columns, D, R, neighbours);
}
void launch_select_rows(Stream stream, const float* x, const int32_t* index, float* y, int64_t rows, int64_t n) {
  PRM_LAUNCH(select_rows_kernel, blocks_for(rows * n, kThreads), kThreads, 0, stream, x, index, y, rows, n);
}
void launch_kv_write(Stream stream, const float* rows, const int32_t* slot, void* cache, CacheType type, int64_t tokens, int64_t n) {
  if (type == CacheType::q8_0) PRM_LAUNCH(kv_write_q8_0_kernel, blocks_for(tokens * n / 32, kThreads / 32), kThreads, 0, stream, rows, slot, static_cast<BlockQ8_0*>(cache), tokens, n);
  else PRM_LAUNCH(kv_write_kernel, blocks_for(tokens * n, kThreads), kThreads, 0, stream, rows, slot, cache, type, tokens, n);
}
void launch_quantize(Stream stream, const float* x, void* blocks, int64_t rows, int64_t n, bool by_256) {
  int64_t count = rows * n / (by_256 ? 256 : 32);
  unsigned grid = blocks_for(count, kThreads / 32);
  if (by_256) PRM_LAUNCH((quantize_kernel<BlockA8K, 8>), grid, kThreads, 0, stream, x, static_cast<BlockA8K*>(blocks), count);
  else PRM_LAUNCH((quantize_kernel<BlockA8, 1>), grid, kThreads, 0, stream, x, static_cast<BlockA8*>(blocks), count);
}

}  // namespace prm
