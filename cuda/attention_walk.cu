// Which kernel of attention a launch takes, and the one for heads of any size: a block of threads a (token, query head), which walks over
// all splits.
#include <algorithm>

#include "attention_rows.h"

namespace prm {

namespace {

constexpr int kThreads = 128, kHalves = kThreads / 16;
constexpr int64_t kFewTokens = 8;  // too few for a tile

template <CacheType type>
__device__ float value_at(const std::byte* row, int64_t i) {
  if constexpr (type == CacheType::f32) return reinterpret_cast<const float*>(row)[i];
  if constexpr (type == CacheType::f16) return half_value(reinterpret_cast<const uint16_t*>(row)[i]);
  if constexpr (type == CacheType::bf16) return bf16_to_float(reinterpret_cast<const uint16_t*>(row)[i]);
  const BlockQ8_0& block = reinterpret_cast<const BlockQ8_0*>(row)[i / 32];
  return half_value(block.d) * float(block.q[i % 32]);
}

struct Walk {
  const AttentionLaunch& a;
  const SeenRows& seen;
  int64_t column;          // the first value of the kv head in a row
  float *q, *sum, *score;  // in shared memory

  __device__ const std::byte* row(const void* cache, int j) const { return static_cast<const std::byte*>(cache) + seen.row(j) * a.row_bytes; }
};

// Scores of keys begin .. begin + n - 1: 16 lanes a key. All lanes of a warp go round together.
template <CacheType type>
__device__ void score_keys(const Walk& walk, int begin, int n) {
  const AttentionLaunch& a = walk.a;
  int half = int(threadIdx.x) / 16, lane = int(threadIdx.x) % 16;
  for (int base = 0; base < n; base += kHalves) {
    int j = base + half;
    float dot = 0;
    if (j < n) {
      const std::byte* row = walk.row(a.k, begin + j);
      for (int64_t d = lane; d < a.D; d += 16) dot = fused(walk.q[d], value_at<type>(row, walk.column + d), dot);
    }
    for (int width = 8; width; width /= 2) dot += __shfl_down_sync(kWholeWarp, dot, width);
    if (j < n && lane == 0) walk.score[j] = score_of(a, dot);
  }
}

// Makes weights of the scores; their largest and their sum, in all threads.
__device__ void weigh_keys(const Walk& walk, int first, int n, float* lanes, float& top, float& total) {
  top = -INFINITY;
  for (int j = 0; j < n; ++j) top = walk.score[j] > top ? walk.score[j] : top;
  __syncthreads();
  for (int j = int(threadIdx.x); j < n; j += kThreads) walk.score[j] = exp_of(walk.score[j] - top);
  __syncthreads();
  int lane = int(threadIdx.x);
  if (lane < 16) {
    float sum = 0;
    for (int j = (lane - first) & 15; j < n; j += 16) sum += walk.score[j];
    lanes[lane] = sum;
  }
  __syncthreads();
  float merged[16];
  for (int i = 0; i < 16; ++i) merged[i] = lanes[i];
  total = merge_lanes(merged);
}

template <CacheType type>
__global__ void attention_walk_kernel(AttentionLaunch a) {
  int64_t t = blockIdx.x, head = blockIdx.y;
  SeenRows seen(a, t);
  float* y = a.y + (t * a.H + head) * a.D;
  if (seen.last < 0) {
    for (int64_t d = threadIdx.x; d < a.D; d += kThreads) y[d] = 0;
    return;
  }
  auto* shared = reinterpret_cast<float*>(shared_memory());
  Walk walk{a, seen, head / (a.H / a.G) * a.D, shared, shared + a.D, shared + 2 * a.D};
  float* lanes = walk.score + kAttentionSplit;
  for (int64_t d = threadIdx.x; d < a.D; d += kThreads) walk.q[d] = a.q[(t * a.H + head) * a.D + d], walk.sum[d] = 0;
  __syncthreads();
  Merged all;
  float keep, join;
  for (int begin = seen.first, end = 0; begin <= seen.last; begin = end) {
    end = std::min((begin / kAttentionSplit + 1) * kAttentionSplit, seen.last + 1);
    int n = end - begin;
    score_keys<type>(walk, begin, n);
    __syncthreads();
    float top, total;
    weigh_keys(walk, begin % kAttentionSplit, n, lanes, top, total);
    all.join_split(begin == seen.first, top, total, keep, join);
    for (int64_t d = threadIdx.x; d < a.D; d += kThreads) {
      float part = 0;
      for (int j = 0; j < n; ++j) part = fused(walk.score[j], value_at<type>(walk.row(a.v, begin + j), walk.column + d), part);
      walk.sum[d] = walk.sum[d] * keep + part * join;
    }
    __syncthreads();  // before the next scores
  }
  if (a.sinks) all.join_split(false, a.sinks[head], 1.0f, keep, join);
  for (int64_t d = threadIdx.x; d < a.D; d += kThreads) y[d] = (a.sinks ? with_sink(walk.sum[d], keep, join) : walk.sum[d]) / all.total;
}

template <CacheType type>
void launch_typed(Stream stream, const AttentionLaunch& a) {
  size_t shared = sizeof(float) * size_t(2 * a.D + kAttentionSplit + 16);
  PRM_LAUNCH(attention_walk_kernel<type>, dim3(unsigned(a.T), unsigned(a.H)), kThreads, shared, stream, a);
}

}  // namespace

void launch_attention_walk(Stream stream, const AttentionLaunch& a) {
  switch (a.type) {
    case CacheType::f32: return launch_typed<CacheType::f32>(stream, a);
    case CacheType::f16: return launch_typed<CacheType::f16>(stream, a);
    case CacheType::bf16: return launch_typed<CacheType::bf16>(stream, a);
    case CacheType::q8_0: return launch_typed<CacheType::q8_0>(stream, a);
  }
}

void launch_attention(Stream stream, const AttentionLaunch& a) {
  bool few = a.T <= kFewTokens || a.T <= 2 * a.sequences, scratch = attention_tokens_at_once(a) > 0, both = !few && scratch && a.sequences > 1;
  if (a.D % 16 || a.D > kMostTiledHead || (few && !scratch)) return launch_attention_walk(stream, a);
  if (!few) launch_attention_prefill(stream, a, both);
  if (few || both) launch_attention_decode(stream, a, both);
}

}  // namespace prm
