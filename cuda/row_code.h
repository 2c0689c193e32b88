// What kernels of rows share: threads, sums by lanes, activations, blocks of 8-bit values. Device code.
#pragma once
#include <cfloat>

#include "base/half.h"
#include "base/numeric.h"
#include "launchers.h"
#include "quant/activation.h"
#include "quant/blocks.h"

namespace prm {

inline constexpr uint32_t kAllLanes = ~0u;

__device__ inline int64_t thread_index() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int lane_index() { return int(threadIdx.x & 31); }

struct alignas(16) Floats {
  float at[4];
};

// Lane i of 16 has the sum of index i mod 16: the tree of "Numbers" 2, for both halves of the warp. The results are in lanes 0 and 16.
__device__ inline float merge_half_warp(float lane) {
  for (int width = 8; width; width /= 2) lane += __shfl_down_sync(kAllLanes, lane, width);
  return lane;
}

// Lane `lane` of 16 of the sum of squares; what it reads does not wait for what it adds.
__device__ inline float square_sum(const float* x, int64_t n, int lane) {
  constexpr int kAhead = 8;
  float sum = 0;
  int64_t i = lane;
  for (; i + 16 * (kAhead - 1) < n; i += 16 * kAhead) {
    float value[kAhead];
    for (int j = 0; j < kAhead; ++j) value[j] = x[i + 16 * j];
    for (int j = 0; j < kAhead; ++j) sum = fused(value[j], value[j], sum);
  }
  for (; i < n; i += 16) sum = fused(x[i], x[i], sum);
  return sum;
}

__device__ inline float gated(GateKind gate, float g, float up) {
  float u = gate == GateKind::gelu ? PRM_GELU_A * (g + PRM_GELU_B * (g * g * g)) : g;
  return g / (1.0f + exp_of(-u)) * up;
}

// y = op(a, b) by threads `first`, `first` + `stride` and so on; b is repeated. wide: all begin at 16 bytes and have multiples of 4 values.
template <class Op>
__device__ void each_value(const float* a, const float* b, float* y, int64_t count, int64_t b_count, int64_t first, int64_t stride, bool wide, Op op) {
  if (!wide) {
    for (int64_t i = first; i < count; i += stride) y[i] = op(a[i], b[i < b_count ? i : i % b_count]);
    return;
  }
  for (int64_t i = first * 4; i < count; i += stride * 4) {
    Floats left = *reinterpret_cast<const Floats*>(a + i), right = *reinterpret_cast<const Floats*>(b + (i < b_count ? i : i % b_count)), result;
    for (int j = 0; j < 4; ++j) result.at[j] = op(left.at[j], right.at[j]);
    *reinterpret_cast<Floats*>(y + i) = result;
  }
}
struct Plus {
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Times {
  float factor;
  __device__ float operator()(float a, float) const { return a * factor; }
};
struct Gated {
  GateKind gate;
  __device__ float operator()(float g, float up) const { return gated(gate, g, up); }
};

__device__ inline float warp_largest(float value) {
  for (int bits = 16; bits; bits /= 2) {
    float other = __shfl_xor_sync(kAllLanes, value, bits);
    value = other > value ? other : value;
  }
  return value;
}
__device__ inline bool warp_all(bool value) {
  int all = value;
  for (int bits = 16; bits; bits /= 2) all &= __shfl_xor_sync(kAllLanes, all, bits);
  return all;
}

// A warp a block of activations, which begins at 16 bytes; each lane has neighbouring values. What is not finite gives a NaN scale, as on the CPU.
template <class Block>
__device__ void quantize_block(const float* row, Block& block) {
  constexpr int kEach = sizeof(block.q) / 32;
  alignas(16) float x[kEach];
  if constexpr (kEach == 8) {
    for (int i = 0; i < kEach; i += 4) *reinterpret_cast<Floats*>(x + i) = *reinterpret_cast<const Floats*>(row + lane_index() * kEach + i);
  } else {
    x[0] = row[lane_index()];
  }
  float top = 0;
  bool finite = true;
  for (int i = 0; i < kEach; ++i) {
    float size = fabsf(x[i]);
    finite = finite && size <= FLT_MAX;
    top = size > top ? size : top;
  }
  finite = warp_all(finite), top = warp_largest(top);
  if (top < kLeastActivation) top = 0;
  float inverse = top > 0 ? 127.0f / top : 0.0f;
  int sum = 0;
  uint32_t codes[(kEach + 3) / 4] = {};
  for (int i = 0; i < kEach; ++i) {
    int q = finite ? int(nearest(x[i] * inverse)) : 0;
    codes[i / 4] |= uint32_t(uint8_t(q)) << (8 * (i % 4));
    sum += q;
  }
  if (lane_index() == 0) block.d = finite ? top / 127.0f : NAN;
  if constexpr (kEach == 8) {
    auto* words = reinterpret_cast<uint32_t*>(block.q) + lane_index() * 2;
    words[0] = codes[0], words[1] = codes[1];
    sum += __shfl_xor_sync(kAllLanes, sum, 1);
    if (lane_index() % 2 == 0) block.sum[lane_index() / 2] = int16_t(sum);
  } else {
    block.q[lane_index()] = int8_t(codes[0]);
    for (int bits = 16; bits; bits /= 2) sum += __shfl_xor_sync(kAllLanes, sum, bits);
    if (lane_index() == 0) block.sum = sum;
  }
}

// A warp a block of a row of the cache ("Numbers" 5).
__device__ inline void store_q8_0(const float* x, BlockQ8_0& block) {
  constexpr uint16_t kInfinity = 0x7c00, kNan = 0x7e00;
  float value = x[lane_index()];
  bool finite = warp_all(fabsf(value) <= FLT_MAX);
  uint16_t d = float_to_half(warp_largest(fabsf(value)) / 127.0f);
  if (!finite || d == kInfinity) d = kNan;
  float q = d == 0 || d == kNan ? 0.0f : nearest(value * (1.0f / half_to_float(d)));
  block.q[lane_index()] = int8_t(q < -127.0f ? -127.0f : q > 127.0f ? 127.0f : q);
  if (lane_index() == 0) block.d = d;
}

}  // namespace prm
