// Runs of row-wise ops over the same rows (ops/fused_rows.h): a block of threads a row, step after step; what lies between the steps
// stays in shared memory. One token is one block: a launch where there would be up to eight.
#include "row_code.h"

namespace prm {

namespace {

constexpr int64_t kMostShared = 96 << 10;  // of a block of threads, on any GPU
constexpr int64_t kShortRun = 512;         // values of a norm that half a warp has to itself

struct Row {
  int64_t t;
  std::byte* scratch;

  template <class T>
  __device__ T* at(const RowPlace& place) const {
    return reinterpret_cast<T*>(place.scratch >= 0 ? scratch + place.scratch : place.data + t * place.stride);
  }
};

__device__ float inverse_root(float sum, int64_t n, float eps) { return 1.0f / sqrtf(sum / float(n) + eps); }

// Heads: half a warp each.
__device__ void norm_short(const RowStepAt& s, const float* x, const float* gain, float* y) {
  int lane = int(threadIdx.x % 16), runs = int(s.C / s.D), n = int(s.D);
  for (int base = 0; base < runs; base += int(blockDim.x / 16)) {  // all lanes of a warp go round together
    int run = base + int(threadIdx.x / 16);
    const float* from = x + int64_t(run) * n;
    float sum = __shfl_sync(kAllLanes, merge_half_warp(run < runs ? square_sum(from, n, lane) : 0.0f), lane_index() & 16);
    if (run >= runs) continue;
    float inverse = inverse_root(sum, n, s.value);
    for (int i = lane; i < n; i += 16) y[int64_t(run) * n + i] = from[i] * inverse * gain[i];
  }
}

// Whole rows: a chain of additions reads what all threads brought into shared memory.
__device__ void norm_long(const RowStepAt& s, const float* x, const float* gain, float* y, float* total, float* stage) {
  for (int64_t at = 0; at < s.C; at += s.D) {
    const float* from = x + at;
    if (at) __syncthreads();  // all are done with the run before
    if (stage) {
      for (int64_t i = threadIdx.x; i < s.D; i += blockDim.x) stage[i] = from[i];
      from = stage;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
      float sum = merge_half_warp(lane_index() < 16 ? square_sum(from, s.D, lane_index()) : 0.0f);
      if (lane_index() == 0) *total = sum;
    }
    __syncthreads();
    float inverse = inverse_root(*total, s.D, s.value);
    for (int64_t i = threadIdx.x; i < s.D; i += blockDim.x) y[at + i] = from[i] * inverse * gain[i];
  }
}

// Pairs of each head, and the values behind them, which stay.
__device__ void rotate(const RowStepAt& s, const float* x, const float* table, float* y) {
  int D = int(s.head_dim), R = int(s.D), half = R / 2, each = half + D - R, count = int(s.C) / D * each;
  for (int i = int(threadIdx.x); i < count; i += int(blockDim.x)) {
    int head = i / each * D, j = i % each;
    if (j >= half) {
      y[head + half + j] = x[head + half + j];
      continue;
    }
    int first = head + (s.neighbours ? 2 * j : j), second = s.neighbours ? first + 1 : first + half;
    float c = table[j], sine = table[half + j], x0 = x[first], x1 = x[second];
    y[first] = x0 * c - x1 * sine;
    y[second] = x0 * sine + x1 * c;
  }
}

template <class Block>
__device__ void quantize_row(const float* x, Block* blocks, int64_t n) {
  constexpr int kValues = sizeof(blocks->q);
  for (int64_t b = threadIdx.x / 32; b < n / kValues; b += blockDim.x / 32) quantize_block(x + b * kValues, blocks[b]);
}

__device__ void store_row(const RowStepAt& s, const float* x, std::byte* row) {
  if (s.cache == CacheType::q8_0) {
    for (int64_t b = threadIdx.x / 32; b < s.C / 32; b += blockDim.x / 32) store_q8_0(x + b * 32, reinterpret_cast<BlockQ8_0*>(row)[b]);
    return;
  }
  for (int64_t i = threadIdx.x; i < s.C; i += blockDim.x) {
    if (s.cache == CacheType::f32) reinterpret_cast<float*>(row)[i] = x[i];
    else reinterpret_cast<uint16_t*>(row)[i] = s.cache == CacheType::f16 ? float_to_half(x[i]) : float_to_bf16(x[i]);
  }
}

__global__ void fused_rows_kernel(RowsLaunch p, int64_t stage_at, bool wide) {
  auto* total = reinterpret_cast<float*>(shared_memory());
  Row row{int64_t(blockIdx.x), shared_memory() + 16};
  auto* stage = stage_at ? reinterpret_cast<float*>(shared_memory() + stage_at) : nullptr;
  for (int i = 0; i < p.steps; ++i) {
    const RowStepAt& s = p.step[i];
    auto *x = row.at<const float>(s.in[0]), *other = row.at<const float>(s.in[1]);
    auto* y = row.at<float>(s.out);
    switch (s.op) {
      case RowOp::rms_norm:
        if (s.D <= kShortRun) norm_short(s, x, other, y);
        else norm_long(s, x, other, y, total, s.in[0].scratch < 0 ? stage : nullptr);
        break;
      case RowOp::add: each_value(x, other, y, s.C, s.C, threadIdx.x, blockDim.x, wide, Plus{}); break;
      case RowOp::scale: each_value(x, x, y, s.C, s.C, threadIdx.x, blockDim.x, wide, Times{s.value}); break;
      case RowOp::glu: each_value(x, other, y, s.C, s.C, threadIdx.x, blockDim.x, wide, Gated{s.gate}); break;
      case RowOp::rope: rotate(s, x, other, y); break;
      case RowOp::quantize_32: quantize_row(x, row.at<BlockA8>(s.out), s.C); break;
      case RowOp::quantize_256: quantize_row(x, row.at<BlockA8K>(s.out), s.C); break;
      case RowOp::kv_write: {
        int64_t slot = *row.at<const int32_t>(s.in[2]);
        if (slot >= 0) store_row(s, other, s.out.data + slot * s.out.stride);
        break;
      }
    }
    __syncthreads();
  }
}

bool at_16_bytes(const RowPlace& place) { return place.scratch >= 0 || (reinterpret_cast<uintptr_t>(place.data) | uintptr_t(place.stride)) % 16 == 0; }

}  // namespace

void launch_fused_rows(Stream stream, const RowsLaunch& p) {
  bool wide = true;
  int64_t widest = 0, stage = 0;
  for (int i = 0; i < p.steps; ++i) {
    const RowStepAt& s = p.step[i];
    if (s.op == RowOp::add || s.op == RowOp::scale || s.op == RowOp::glu)
      wide = wide && s.C % 4 == 0 && at_16_bytes(s.in[0]) && (s.op == RowOp::scale || at_16_bytes(s.in[1])) && at_16_bytes(s.out);
    if (s.op == RowOp::rms_norm && s.D > kShortRun && s.in[0].scratch < 0 && s.D > stage) stage = s.D;
    if (s.C > widest) widest = s.C;
  }
  int64_t stage_at = (16 + p.scratch_bytes + 15) / 16 * 16, shared = stage_at + stage * 4;
  if (!stage || shared > kMostShared) shared = stage_at, stage_at = 0;  // a row too wide is read where it is
  int64_t threads = (widest / 4 + 31) / 32 * 32;
  threads = threads < 64 ? 64 : threads > 512 ? 512 : threads;
  allow_shared_memory(fused_rows_kernel, size_t(shared));
  PRM_LAUNCH(fused_rows_kernel, unsigned(p.rows), unsigned(threads), size_t(shared), stream, p, stage_at, wide);
}

}  // namespace prm
