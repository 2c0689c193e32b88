// Float weights that nobody packed: products in the same order as dense_matmul.cu, and rows of tables.
#include "row_code.h"

namespace prm {

namespace {

constexpr int kRows = 32, kTokens = 8, kStep = 32, kThreads = kRows * kTokens;

__device__ float value_at(const void* values, DenseType type, int64_t i) {
  if (type == DenseType::f32) return static_cast<const float*>(values)[i];
  uint16_t bits = static_cast<const uint16_t*>(values)[i];
  return type == DenseType::f16 ? half_to_float(bits) : bf16_to_float(bits);
}

// A thread a result; 32 values of k of all rows and tokens at a time stand in shared memory.
__global__ void plain_matmul_kernel(const float* x, const void* w, DenseType type, float* y, int64_t T, int64_t N, int64_t K, int parts) {
  auto* rows = reinterpret_cast<float*>(shared_memory());  // [rows][step + 1]: a column's values lie in different banks
  float* values = rows + kRows * (kStep + 1);              // [tokens][step]
  int row = lane_index(), token = int(threadIdx.x) / 32;
  int64_t first_row = int64_t(blockIdx.x) * kRows, n = first_row + row, t = int64_t(blockIdx.y) * kTokens + token;
  float sum = 0;
  for (int part = 0; part < parts; ++part) {
    float acc = 0;
    int64_t end = (part + 1) * K / parts;
    for (int64_t k = part * K / parts; k < end; k += kStep) {
      int count = int(end - k < kStep ? end - k : kStep);
      __syncthreads();
      if (lane_index() < count) {
        for (int i = token; i < kRows; i += kTokens) rows[i * (kStep + 1) + lane_index()] = first_row + i < N ? value_at(w, type, (first_row + i) * K + k + lane_index()) : 0.0f;
        values[token * kStep + lane_index()] = t < T ? x[t * K + k + lane_index()] : 0.0f;
      }
      __syncthreads();
      for (int i = 0; i < count; ++i) acc = fused(values[token * kStep + i], rows[row * (kStep + 1) + i], acc);
    }
    sum = part ? sum + acc : acc;
  }
  if (n < N && t < T) y[t * N + n] = sum;
}

__global__ void dense_embed_kernel(const void* table, DenseType type, bool packed, const int32_t* tokens, float* y, int64_t count, int64_t K, int parts) {
  int64_t i = thread_index();
  if (i >= count * K) return;
  int64_t row = tokens[i / K], k = i % K, at = row * K + k;
  if (packed) {
    int64_t part = ((k + 1) * parts - 1) / K, bytes = value_bytes(type), each = 16 / bytes, inside = k - part * K / parts;  // the last part that begins at k or before
    int64_t group = row / kDenseRows * dense_group_bytes(type, K, parts), first = group + part * dense_part_bytes(type, K, parts) * kDenseRows;
    at = (first + inside / each * 16 * kDenseRows + row % kDenseRows * 16) / bytes + inside % each;
  }
  y[i] = value_at(table, type, at);
}

}  // namespace

void launch_plain_matmul(Stream stream, const float* x, const void* w, DenseType type, float* y, int64_t T, int64_t N, int64_t K, int32_t parts) {
  dim3 grid(unsigned((N + kRows - 1) / kRows), unsigned((T + kTokens - 1) / kTokens));
  size_t shared = sizeof(float) * size_t(kRows * (kStep + 1) + kTokens * kStep);
  PRM_LAUNCH(plain_matmul_kernel, grid, kThreads, shared, stream, x, w, type, y, T, N, K, parts);
}

void launch_dense_embed(Stream stream, const void* table, DenseType type, bool packed, const int32_t* tokens, float* y, int64_t count, int64_t K, int32_t parts) {
  unsigned grid = unsigned((count * K + kThreads - 1) / kThreads);
  PRM_LAUNCH(dense_embed_kernel, grid, kThreads, 0, stream, table, type, packed, tokens, y, count, K, parts);
}

}  // namespace prm
