// Mixtures of experts: who is chosen, and the sum of what the chosen give. Their products: dense_matmul.cu.
#include "row_code.h"

namespace prm {

namespace {

constexpr int kWarps = 4;

// The likelier of two, the first among equals; -1 is none.
struct Candidate {
  float logit;
  int index;

  __device__ void meet(float other, int at) {
    if (at >= 0 && (index < 0 || other > logit || (other == logit && at < index))) logit = other, index = at;
  }
};

// The largest of those that are not taken yet, as by a walk from the first to the last: what is no number wins where the walk begins, and
// loses else. Lane l has logits l, l + 32 and so on, `taken` a bit for each.
__device__ int likeliest(const float* logits, int E, uint32_t taken) {
  Candidate best{0, -1};
  int first = E;
  for (int e = lane_index(), i = 0; e < E; e += 32, ++i) {
    if (taken >> i & 1) continue;
    first = e < first ? e : first;
    if (logits[e] == logits[e]) best.meet(logits[e], e);
  }
  for (int bits = 16; bits; bits /= 2) {
    float logit = __shfl_xor_sync(kAllLanes, best.logit, bits);
    best.meet(logit, __shfl_xor_sync(kAllLanes, best.index, bits));
    int other = __shfl_xor_sync(kAllLanes, first, bits);
    first = other < first ? other : first;
  }
  return logits[first] == logits[first] ? best.index : first;
}

// A warp a token.
__global__ void route_kernel(RouteLaunch p) {
  int64_t t = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (t >= p.T) return;
  int E = int(p.E), lane = lane_index();
  float* part = reinterpret_cast<float*>(shared_memory()) + threadIdx.x / 32 * E;
  for (int e = lane; e < E; e += 32) part[e] = p.logits[t * E + e];
  __syncwarp();
  int32_t* chosen = p.chosen + t * p.used;
  float* weights = p.weights + t * p.used;
  uint32_t taken = 0;
  float top = 0;
  for (int j = 0; j < p.used; ++j) {
    int best = likeliest(part, E, taken);
    if (best % 32 == lane) taken |= 1u << (best / 32);
    if (j == 0) top = part[best];
    if (lane == 0) chosen[j] = best;
  }
  __syncwarp();
  for (int e = lane; e < E; e += 32) part[e] = exp_of(part[e] - top);
  __syncwarp();
  float sum = 0;
  if (lane < 16)
    for (int e = lane; e < E; e += 16) sum += part[e];
  float all = merge_half_warp(sum), used = 0;
  if (lane) return;
  for (int j = 0; j < p.used; ++j) weights[j] = part[chosen[j]] / all, used += weights[j];
  for (int j = 0; j < p.used; ++j) {
    if (p.renormalize) weights[j] /= used < p.least_sum ? p.least_sum : used;
    weights[j] *= p.scale;
  }
}

__global__ void combine_kernel(const float* parts, const float* weights, const float* shared, const float* gate, float* y, int64_t T, int64_t used, int64_t C) {
  int64_t i = thread_index();
  if (i >= T * C) return;
  int64_t t = i / C, c = i % C;
  float sum = 0;
  for (int64_t j = 0; j < used; ++j) sum = fused(weights[t * used + j], parts[(t * used + j) * C + c], sum);
  if (shared) sum = fused(1.0f / (1.0f + exp_of(-gate[t])), shared[i], sum);
  y[i] = sum;
}

}  // namespace

void launch_route(Stream stream, const RouteLaunch& p) {
  PRM_LAUNCH(route_kernel, unsigned((p.T + kWarps - 1) / kWarps), kWarps * 32, size_t(kWarps) * sizeof(float) * size_t(p.E), stream, p);
}
void launch_combine(Stream stream, const float* parts, const float* weights, const float* shared, const float* gate, float* y, int64_t T, int64_t used, int64_t C) {
  constexpr int kThreads = 256;
  PRM_LAUNCH(combine_kernel, unsigned((T * C + kThreads - 1) / kThreads), kThreads, 0, stream, parts, weights, shared, gate, y, T, used, C);
}

}  // namespace prm
