// Attention of one token's query head over rows or pages, in the canonical order ("Numbers" 2): splits of 256 keys at absolute positions,
// merged in index order; scores by lanes of 16, values by ascending keys. A block of threads a (token, head).
#include "base/half.h"
#include "base/numeric.h"
#include "launchers.h"
#include "quant/blocks.h"

namespace prm {

namespace {

constexpr int kThreads = 128, kHalves = kThreads / 16, kSplit = 256;
constexpr uint32_t kAll = ~0u;

template <CacheType type>
__device__ float value_at(const std::byte* row, int64_t i) {
  if constexpr (type == CacheType::f32) return reinterpret_cast<const float*>(row)[i];
  if constexpr (type == CacheType::f16) return half_to_float(reinterpret_cast<const uint16_t*>(row)[i]);
  if constexpr (type == CacheType::bf16) return bf16_to_float(reinterpret_cast<const uint16_t*>(row)[i]);
  const BlockQ8_0& block = reinterpret_cast<const BlockQ8_0*>(row)[i / 32];
  return half_to_float(block.d) * float(block.q[i % 32]);
}

struct Walk {
  const AttentionLaunch& a;
  int64_t t, position, column;  // the first value of the kv head in a row
  const int32_t* pages;
  float *q, *sum, *score;       // in shared memory

  __device__ int64_t row_of(int64_t j) const { return pages ? int64_t(pages[j / a.page]) * a.page + j % a.page : t - position + j; }
  __device__ const std::byte* row(const void* cache, int64_t j) const { return static_cast<const std::byte*>(cache) + row_of(j) * a.row_bytes; }
};

// Scores of keys begin .. begin + n - 1: 16 lanes a key. All lanes of a warp go round together.
template <CacheType type>
__device__ void score_keys(const Walk& walk, int64_t begin, int n) {
  const AttentionLaunch& a = walk.a;
  int half = int(threadIdx.x) / 16, lane = int(threadIdx.x) % 16;
  for (int base = 0; base < n; base += kHalves) {
    int j = base + half;
    float dot = 0;
    if (j < n) {
      const std::byte* row = walk.row(a.k, begin + j);
      for (int64_t d = lane; d < a.D; d += 16) dot = fused(walk.q[d], value_at<type>(row, walk.column + d), dot);
    }
    for (int width = 8; width; width /= 2) dot += __shfl_down_sync(kAll, dot, width);
    if (j >= n || lane) continue;
    float s = dot * a.scale;
    if (a.soft_cap > 0) {
      s = s / a.soft_cap;
      s = a.soft_cap * (tanh_of(s) + (s - s));
    }
    walk.score[j] = s;
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

struct Running {
  float top = -INFINITY, total = 0;
};

// How much of the values so far stays and how much of a split's joins them.
__device__ void join_split(Running& all, bool is_first, float top, float total, float& keep, float& join) {
  float larger = all.top < top ? top : all.top;
  keep = is_first ? 0.0f : exp_of(all.top - larger), join = exp_of(top - larger);
  all.total = all.total * keep + total * join;
  all.top = larger;
}

template <CacheType type>
__global__ void attention_kernel(AttentionLaunch a) {
  int64_t t = blockIdx.x, head = blockIdx.y, position = a.positions[t];
  float* y = a.y + (t * a.H + head) * a.D;
  if (position < 0) {
    for (int64_t d = threadIdx.x; d < a.D; d += kThreads) y[d] = 0;
    return;
  }
  auto* shared = reinterpret_cast<float*>(shared_memory());
  const int32_t* pages = a.table ? a.table + a.sequence[t] * a.pages_each : nullptr;
  Walk walk{a, t, position, head / (a.H / a.G) * a.D, pages, shared, shared + a.D, shared + 2 * a.D};
  float* lanes = walk.score + kSplit;
  for (int64_t d = threadIdx.x; d < a.D; d += kThreads) walk.q[d] = a.q[(t * a.H + head) * a.D + d], walk.sum[d] = 0;
  __syncthreads();
  int64_t first = a.window > 0 && position + 1 > a.window ? position - a.window + 1 : 0;
  Running all;
  float keep, join;
  for (int64_t begin = first, end = 0; begin <= position; begin = end) {
    end = (begin / kSplit + 1) * kSplit < position + 1 ? (begin / kSplit + 1) * kSplit : position + 1;
    int n = int(end - begin);
    score_keys<type>(walk, begin, n);
    __syncthreads();
    float top, total;
    weigh_keys(walk, int(begin % kSplit), n, lanes, top, total);
    join_split(all, begin == first, top, total, keep, join);
    for (int64_t d = threadIdx.x; d < a.D; d += kThreads) {
      float part = 0;
      for (int j = 0; j < n; ++j) part = fused(walk.score[j], value_at<type>(walk.row(a.v, begin + j), walk.column + d), part);
      walk.sum[d] = walk.sum[d] * keep + part * join;
    }
    __syncthreads();  // before the next scores
  }
  if (a.sinks) join_split(all, false, a.sinks[head], 1.0f, keep, join);
  for (int64_t d = threadIdx.x; d < a.D; d += kThreads) y[d] = (a.sinks ? walk.sum[d] * keep + 0.0f * join : walk.sum[d]) / all.total;
}

template <CacheType type>
void launch_typed(Stream stream, const AttentionLaunch& a) {
  size_t shared = sizeof(float) * size_t(2 * a.D + kSplit + 16);
  PRM_LAUNCH(attention_kernel<type>, dim3(unsigned(a.T), unsigned(a.H)), kThreads, shared, stream, a);
}

}  // namespace

void launch_attention(Stream stream, const AttentionLaunch& a) {
  switch (a.type) {
    case CacheType::f32: return launch_typed<CacheType::f32>(stream, a);
    case CacheType::f16: return launch_typed<CacheType::f16>(stream, a);
    case CacheType::bf16: return launch_typed<CacheType::bf16>(stream, a);
    case CacheType::q8_0: return launch_typed<CacheType::q8_0>(stream, a);
  }
}

}  // namespace prm
