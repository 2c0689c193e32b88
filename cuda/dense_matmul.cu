// y = x . W^T of float weights, in the canonical order ("Numbers" 1): a result is one chain of fused multiply-adds a part of K, parts
// are added left to right. A block of threads has 32 rows of W and some tokens, a warp of it one part of K: its weights and activations
// come through a ring of its own in shared memory, and a lane has some rows times some tokens in registers. One token and many run
// the same chains. What is streamed from memory once (few tokens) and what is bound by arithmetic (many) differ in the tile alone.
#include <bit>

#include "chosen_rows.h"

namespace prm {

namespace {

template <int bytes>
struct alignas(bytes) Piece {
  uint32_t word[bytes / 4];
};

// Value i of a piece, i known when this is compiled.
template <DenseType type, int bytes>
__device__ __forceinline__ float value_of(const Piece<bytes>& piece, int i) {
  if constexpr (type == DenseType::f32) return std::bit_cast<float>(piece.word[i]);
  uint32_t word = piece.word[i / 2];
  if constexpr (type == DenseType::bf16) return std::bit_cast<float>(i % 2 ? word & 0xffff0000u : word << 16);
  return half_value(uint16_t(i % 2 ? word >> 16 : word));
}

template <DenseType type, int tokens_>
struct Tile {
  static constexpr int tokens = tokens_;
  static constexpr int each = int(value_bytes(type)), step = kDenseRowBytes / each;  // values of k in a stage
  static constexpr int columns = tokens == 1 ? 1 : tokens <= 8 ? 2 : 4;  // tokens of a lane, `apart` from each other
  static constexpr int apart = tokens / columns, lanes = 32 / apart;     // a lane has `apart` rows, `lanes` from each other
  static constexpr int piece = apart == 8 ? 4 * each : 16;               // bytes of each row that are in registers at once
  static constexpr int stages = tokens <= 2 ? 5 : tokens <= 4 ? 4 : 3;
  static constexpr int weight_bytes = kDenseRows * kDenseRowBytes, stage_bytes = weight_bytes + tokens * step * 4;
  static constexpr int sums = tokens * kDenseRows, sum_bytes = sums * 4;
  static constexpr int part_bytes = stages * stage_bytes > sum_bytes ? stages * stage_bytes : sum_bytes;  // a warp's share of shared memory
};

template <class T>
using Rows = ChosenRows<T::tokens>;

template <class T>
__device__ void copy_stage(std::byte* stage, const std::byte* w, const float* x, int64_t x_stride, const Rows<T>& rows, int k, int end, bool wide) {
  int lane = lane_index();
  for (int i = lane; i < T::weight_bytes / 16; i += 32) copy_later_16(stage + i * 16, w + i * 16);
  auto* to = reinterpret_cast<float*>(stage + T::weight_bytes);
  if (wide) {
    PRM_ROLL
    for (int i = lane * 4; i < T::tokens * T::step; i += 128)
      if (k + i % T::step < end) copy_later_16(to + i, x + rows.source[i / T::step] * x_stride + k + i % T::step);
  } else {
    PRM_ROLL
    for (int i = lane; i < T::tokens * T::step; i += 32)
      if (k + i % T::step < end) copy_later_4(to + i, x + rows.source[i / T::step] * x_stride + k + i % T::step);
  }
}

// whole: all `step` values of k count, else the first `left`.
template <DenseType type, class T, bool whole>
__device__ __forceinline__ void multiply(const std::byte* stage, int left, float (&acc)[T::apart][T::columns]) {
  int row = lane_index() % T::lanes, token = lane_index() / T::lanes;
  auto* x = reinterpret_cast<const float*>(stage + T::weight_bytes) + token * T::step;
  for (int k = 0; k < T::step; k += T::piece / T::each) {
    Piece<T::piece> w[T::apart];
    for (int r = 0; r < T::apart; ++r)
      w[r] = *reinterpret_cast<const Piece<T::piece>*>(stage + (k * T::each / 16 * kDenseRows + row + T::lanes * r) * 16 + k * T::each % 16);
    for (int q = 0; q < T::piece / T::each; q += 4) {
      Floats values[T::columns];
      for (int j = 0; j < T::columns; ++j) values[j] = *reinterpret_cast<const Floats*>(x + j * T::apart * T::step + k + q);
      for (int e = 0; e < 4; ++e) {
        if (!whole && k + q + e >= left) continue;
        for (int r = 0; r < T::apart; ++r) {
          float weight = value_of<type>(w[r], q + e);
          for (int j = 0; j < T::columns; ++j) acc[r][j] = fused(values[j].at[e], weight, acc[r][j]);
        }
      }
    }
  }
}

// The sums over part `part` of K.
template <DenseType type, class T>
__device__ __forceinline__ void sum_part(const DenseLaunch& p, const std::byte* group, const Rows<T>& rows, int part, std::byte* ring, bool wide, float (&acc)[T::apart][T::columns]) {
  int begin = int(part * p.K / p.parts), end = int((part + 1) * p.K / p.parts), steps = (end - begin + T::step - 1) / T::step;
  const std::byte* w = group + part * dense_part_bytes(type, p.K, p.parts) * kDenseRows;
  auto copy = [&](int s) {
    if (s < steps) copy_stage<T>(ring + s % T::stages * T::stage_bytes, w + int64_t(s) * T::weight_bytes, p.x, p.K, rows, begin + s * T::step, end, wide);
    close_copies();
  };
  for (int s = 0; s < T::stages - 1; ++s) copy(s);
  for (int s = 0; s < steps; ++s) {
    await_copies<T::stages - 2>();
    __syncwarp();  // all lanes' copies are here, and all are done with the stage before
    copy(s + T::stages - 1);
    const std::byte* stage = ring + s % T::stages * T::stage_bytes;
    int left = end - begin - s * T::step;
    if (left >= T::step) multiply<type, T, true>(stage, left, acc);
    else multiply<type, T, false>(stage, left, acc);
  }
  await_copies<0>();
}

template <DenseType type, class T>
__device__ void multiply_rows(const DenseLaunch& p, int which, int64_t group, const Rows<T>& rows, std::byte* shared, float* gates, bool wide) {
  int part = int(threadIdx.x / 32), row = lane_index() % T::lanes, token = lane_index() / T::lanes;
  auto* sums = reinterpret_cast<float*>(shared);  // [parts][tokens][rows], where the rings were
  bool pair = p.gate != GateKind::none;
  for (int i = which; i < which + (pair ? 2 : 1); ++i) {
    const DenseWeight& weight = p.weight[i];
    int64_t first = group * kDenseRows;
    const std::byte* w = static_cast<const std::byte*>(weight.w) + group * dense_group_bytes(type, p.K, p.parts);
    w += rows.expert * (weight.N / kDenseRows) * dense_group_bytes(type, p.K, p.parts);
    float acc[T::apart][T::columns] = {};
    sum_part<type, T>(p, w, rows, part, shared + part * T::stages * T::stage_bytes, wide, acc);
    __syncthreads();
    for (int r = 0; r < T::apart; ++r)
      for (int j = 0; j < T::columns; ++j) sums[(part * T::tokens + token + T::apart * j) * kDenseRows + row + T::lanes * r] = acc[r][j];
    __syncthreads();
    for (int at = int(threadIdx.x); at < T::sums; at += int(blockDim.x)) {
      float sum = sums[at];
      for (int other = 1; other < p.parts; ++other) sum += sums[other * T::sums + at];
      int64_t n = first + at % kDenseRows;
      int t = at / kDenseRows;
      if (pair && i == which) gates[at] = sum;
      else if (n < weight.N && t < rows.count) p.weight[which].y[rows.row[t] * weight.N + n] = pair ? gated(p.gate, gates[at], sum) : sum;
    }
    __syncthreads();  // before the rings are filled again
  }
}

template <DenseType type, int tokens_>
__global__ void __launch_bounds__(256, 2) dense_matmul_kernel(DenseLaunch p, bool wide) {
  using T = Tile<type, tokens_>;
  auto& rows = *reinterpret_cast<Rows<T>*>(shared_memory());
  std::byte* shared = shared_memory() + sizeof rows;
  auto* gates = reinterpret_cast<float*>(shared + p.parts * T::part_bytes);
  int which = 0;
  int64_t group = blockIdx.x;
  for (; p.gate == GateKind::none && which + 1 < p.weights && group >= (p.weight[which].N + kDenseRows - 1) / kDenseRows; ++which)
    group -= (p.weight[which].N + kDenseRows - 1) / kDenseRows;
  for (first_rows(p.rows, rows); rows.count; next_rows(p.rows, rows)) multiply_rows<type, T>(p, which, group, rows, shared, gates, wide);
}

template <DenseType type, int tokens>
void launch_tile(Stream stream, const DenseLaunch& p, int64_t tiles) {
  using T = Tile<type, tokens>;
  size_t shared = sizeof(Rows<T>) + size_t(p.parts * T::part_bytes) + (p.gate != GateKind::none ? T::sum_bytes : 0);
  int64_t groups = 0;
  for (int i = 0; i < (p.gate != GateKind::none ? 1 : p.weights); ++i) groups += (p.weight[i].N + kDenseRows - 1) / kDenseRows;
  bool wide = p.K % (4 * p.parts) == 0 && reinterpret_cast<uintptr_t>(p.x) % 16 == 0;  // rows and parts of x begin at 16 bytes
  allow_shared_memory(dense_matmul_kernel<type, tokens>, shared);
  PRM_LAUNCH((dense_matmul_kernel<type, tokens>), dim3(unsigned(groups), unsigned(tiles)), unsigned(p.parts) * 32, shared, stream, p, wide);
}

template <DenseType type>
void launch_type(Stream stream, const DenseLaunch& p) {
  int64_t T = p.rows.rows;
  if (p.rows.by_row) return launch_tile<type, 1>(stream, p, T);
  if (p.rows.chosen) return T <= 8 * p.rows.experts ? launch_tile<type, 8>(stream, p, p.rows.experts) : launch_tile<type, 32>(stream, p, p.rows.experts);
  if (T == 1) return launch_tile<type, 1>(stream, p, 1);
  if (T == 2) return launch_tile<type, 2>(stream, p, 1);
  if (T <= 4) return launch_tile<type, 4>(stream, p, 1);
  if (T <= 8) return launch_tile<type, 8>(stream, p, 1);
  launch_tile<type, 32>(stream, p, (T + 31) / 32);
}

}  // namespace

void launch_dense_matmul(Stream stream, const DenseLaunch& launch) {
  switch (launch.type) {
    case DenseType::f32: return launch_type<DenseType::f32>(stream, launch);
    case DenseType::f16: return launch_type<DenseType::f16>(stream, launch);
    case DenseType::bf16: return launch_type<DenseType::bf16>(stream, launch);
  }
}

}  // namespace prm
