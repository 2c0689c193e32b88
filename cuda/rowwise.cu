// Ops that work row by row or value by value, in the canonical orders: the bytes of the CPU's kernels. Norms and rotations are steps of
// row_steps.cu.
#include "row_code.h"

namespace prm {

namespace {

constexpr int kThreads = 256;

unsigned blocks_for(int64_t count, int each) { return unsigned((count + each - 1) / each); }
__device__ int64_t warp_index() { return thread_index() / 32; }

struct Capped {
  float cap;
  __device__ float operator()(float x, float) const {
    float s = x / cap;
    return cap * (tanh_of(s) + (s - s));
  }
};

template <class Op>
__global__ void each_value_kernel(const float* a, const float* b, float* y, int64_t count, int64_t b_count, bool wide, Op op) {
  each_value(a, b, y, count, b_count, thread_index(), int64_t(gridDim.x) * blockDim.x, wide, op);
}

// A thread has four neighbouring values where they lie at 16 bytes.
template <class Op>
void launch_each(Stream stream, const float* a, const float* b, float* y, int64_t count, int64_t b_count, Op op) {
  uintptr_t places = reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) | reinterpret_cast<uintptr_t>(y);
  bool wide = places % 16 == 0 && count % 4 == 0 && b_count % 4 == 0;
  PRM_LAUNCH(each_value_kernel<Op>, blocks_for(wide ? count / 4 : count, kThreads), kThreads, 0, stream, a, b, y, count, b_count, wide, op);
}

// `each` units of any size in a row.
template <class Unit>
__global__ void select_rows_kernel(const Unit* x, const int32_t* index, Unit* y, int64_t rows, int64_t each) {
  int64_t i = thread_index();
  if (i < rows * each) y[i] = x[index[i / each] * each + i % each];
}

__global__ void kv_write_kernel(const float* rows, const int32_t* slot, void* cache, CacheType type, int64_t tokens, int64_t n) {
  int64_t i = thread_index();
  if (i >= tokens * n || slot[i / n] < 0) return;
  int64_t to = int64_t(slot[i / n]) * n + i % n;
  if (type == CacheType::f32) static_cast<float*>(cache)[to] = rows[i];
  else static_cast<uint16_t*>(cache)[to] = type == CacheType::f16 ? float_to_half(rows[i]) : float_to_bf16(rows[i]);
}

template <class Block>
__global__ void quantize_kernel(const float* x, Block* blocks, int64_t count) {
  if (warp_index() < count) quantize_block(x + warp_index() * int64_t(sizeof(blocks->q)), blocks[warp_index()]);
}

// A warp a block.
__global__ void kv_write_q8_0_kernel(const float* rows, const int32_t* slot, BlockQ8_0* cache, int64_t tokens, int64_t n) {
  int64_t index = warp_index(), blocks = n / 32, t = index / blocks;
  if (t < tokens && slot[t] >= 0) store_q8_0(rows + index * 32, cache[int64_t(slot[t]) * blocks + index % blocks]);
}

template <class Unit>
void select_units(Stream stream, const void* x, const int32_t* index, void* y, int64_t rows, int64_t row_bytes) {
  int64_t each = row_bytes / int64_t(sizeof(Unit));
  PRM_LAUNCH(select_rows_kernel<Unit>, blocks_for(rows * each, kThreads), kThreads, 0, stream, static_cast<const Unit*>(x), index, static_cast<Unit*>(y), rows, each);
}

}  // namespace

void launch_add(Stream stream, const float* a, const float* b, float* y, int64_t rows, int64_t n, bool b_is_one_row) {
  launch_each(stream, a, b, y, rows * n, b_is_one_row ? n : rows * n, Plus{});
}
void launch_scale(Stream stream, const float* x, float factor, float* y, int64_t count) { launch_each(stream, x, x, y, count, count, Times{factor}); }
void launch_soft_cap(Stream stream, const float* x, float cap, float* y, int64_t count) { launch_each(stream, x, x, y, count, count, Capped{cap}); }
void launch_glu(Stream stream, const float* gate, const float* up, float* y, int64_t count, GateKind kind) {
  launch_each(stream, gate, up, y, count, count, Gated{kind});
}
void launch_select_rows(Stream stream, const void* x, const int32_t* index, void* y, int64_t rows, int64_t row_bytes) {
  uintptr_t places = reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(y) | uintptr_t(row_bytes);
  if (places % 16 == 0) select_units<Floats>(stream, x, index, y, rows, row_bytes);
  else if (places % 4 == 0) select_units<uint32_t>(stream, x, index, y, rows, row_bytes);
  else select_units<uint8_t>(stream, x, index, y, rows, row_bytes);
}
void launch_kv_write(Stream stream, const float* rows, const int32_t* slot, void* cache, CacheType type, int64_t tokens, int64_t n) {
  if (type == CacheType::q8_0) PRM_LAUNCH(kv_write_q8_0_kernel, blocks_for(tokens * n / 32, kThreads / 32), kThreads, 0, stream, rows, slot, static_cast<BlockQ8_0*>(cache), tokens, n);
  else PRM_LAUNCH(kv_write_kernel, blocks_for(tokens * n, kThreads), kThreads, 0, stream, rows, slot, cache, type, tokens, n);
}
void launch_quantize(Stream stream, const float* x, void* blocks, int64_t rows, int64_t n, bool by_256) {
  int64_t count = rows * n / (by_256 ? 256 : 32);
  unsigned grid = blocks_for(count, kThreads / 32);
  if (by_256) PRM_LAUNCH(quantize_kernel<BlockA8K>, grid, kThreads, 0, stream, x, static_cast<BlockA8K*>(blocks), count);
  else PRM_LAUNCH(quantize_kernel<BlockA8>, grid, kThreads, 0, stream, x, static_cast<BlockA8*>(blocks), count);
}

}  // namespace prm
