// y = x . W^T of quantized weights: integer products by tensor cores, floats in the canonical order ("Numbers" 1). A block of threads
// has 16 rows of W and 8 tokens, a warp of it one part of the sum over K; parts are added left to right. Tokens and rows beyond the
// end are computed and dropped, so that one token and many give the same bytes.
#include "base/numeric.h"
#include "launchers.h"
#include "quant/activation.h"

namespace prm {

namespace {

constexpr int kRows = 16, kTokens = 8, kMostParts = 8;

struct Problem {
  QuantLayout layout;
  const std::byte *w, *x;
  float* y;
  int64_t T, N, units, x_stride;
};

__device__ uint32_t load_word(const void* p) { return *static_cast<const uint32_t*>(p); }

// Numbers 0 to 15 in each byte of `index` -> the bytes of the table.
__device__ uint32_t look_up(const QuantLayout& layout, uint32_t index) {
  uint32_t table[4];
  for (int i = 0; i < 4; ++i) table[i] = load_word(layout.table + 4 * i);
  uint32_t low = index & 0x07070707u, high = (index >> 3 & 0x01010101u) * 0xffu;
  low = (low | low >> 4) & 0x00ff00ffu;
  uint32_t selector = (low | low >> 8) & 0xffffu;
  return (__byte_perm(table[0], table[1], selector) & ~high) | (__byte_perm(table[2], table[3], selector) & high);
}
// Each byte, 0 to 15, less the offset, 0 to 15: no borrow leaves a byte.
__device__ uint32_t less_offset(uint32_t codes, uint32_t offset) { return ((codes | 0x80808080u) - offset) ^ 0x80808080u; }

// What a lane holds of 32 values of the 16 rows.
template <int bits, bool has_table>
__device__ void load_values(const QuantLayout& layout, const std::byte* step, int lane, uint32_t (&a)[4]) {
  if constexpr (bits == 8) {
    for (int i = 0; i < 4; ++i) a[i] = load_word(step + lane * 16 + 4 * i);
  } else {
    for (int i = 0; i < 2; ++i) {
      uint32_t word = load_word(step + lane * 8 + 4 * i), low = word & 0x0f0f0f0fu, high = word >> 4 & 0x0f0f0f0fu;
      if constexpr (has_table) {
        a[2 * i] = look_up(layout, low), a[2 * i + 1] = look_up(layout, high);
      } else {
        uint32_t offset = uint32_t(layout.offset) * 0x01010101u;
        a[2 * i] = less_offset(low, offset), a[2 * i + 1] = less_offset(high, offset);
      }
    }
  }
}

__device__ int sum_of_quants(const BlockA8& block, int, int) { return block.sum; }
__device__ int sum_of_quants(const BlockA8K& block, int sub, int j) {
  return sub == 16 ? block.sum[j] : block.sum[2 * j] + block.sum[2 * j + 1];
}

// What a unit adds to the four results of a lane: rows g and g + 8, two tokens.
struct Sums {
  int32_t value[4] = {}, min[4] = {};
};

template <class Block, bool has_min>
__device__ void add_scaled(const QuantLayout& layout, const int8_t* scales, int j, int g, const Block* const (&token)[2], const int32_t (&dot)[4], Sums& sums) {
  int subs = layout.subs();
  for (int i = 0; i < 4; ++i) {
    int at = (g + i / 2 * 8) * subs + j;
    sums.value[i] += scales[at] * dot[i];
    if constexpr (has_min) {
      const auto* mins = reinterpret_cast<const uint8_t*>(scales) + kRows * subs;
      sums.min[i] += mins[at] * sum_of_quants(*token[i % 2], layout.sub, j);
    }
  }
}

template <class Block, int bits, bool has_table, bool has_min>
__device__ Sums sum_unit(const QuantLayout& layout, const std::byte* unit, const Block* column, const Block* const (&token)[2], int lane) {
  constexpr int kSteps = sizeof(column->q) / 32;
  int g = lane / 4, t = lane % 4;
  auto* scales = reinterpret_cast<const int8_t*>(unit + (has_min ? 128 : 64));
  const std::byte* codes = unit + layout.head_bytes();
  Sums sums;
  for (int s = 0; s < kSteps; ++s) {
    uint32_t a[4], b[2] = {load_word(column->q + 32 * s + 4 * t), load_word(column->q + 32 * s + 16 + 4 * t)};
    load_values<bits, has_table>(layout, codes + s * layout.step_bytes(), lane, a);
    int32_t dot[4] = {}, more[4] = {};
    if (layout.sub == 32) {
      mma_k32(dot, a, b);
      add_scaled<Block, has_min>(layout, scales, s, g, token, dot, sums);
    } else {
      mma_k16(dot, a[0], a[1], b[0]);
      mma_k16(more, a[2], a[3], b[1]);
      add_scaled<Block, has_min>(layout, scales, 2 * s, g, token, dot, sums);
      add_scaled<Block, has_min>(layout, scales, 2 * s + 1, g, token, more, sums);
    }
  }
  return sums;
}

template <class Block, int bits, bool has_table, bool has_min>
__global__ void quant_matmul_kernel(Problem p) {
  auto* part_sums = reinterpret_cast<float*>(shared_memory());  // [parts][rows][tokens]
  int lane = int(threadIdx.x % 32), part = int(threadIdx.x / 32), parts = int(blockDim.x / 32), g = lane / 4, t = lane % 4;
  int64_t first = int64_t(blockIdx.y) * kTokens;
  auto row_of = [&](int i) { return reinterpret_cast<const Block*>(p.x + (first + i < p.T ? first + i : p.T - 1) * p.x_stride); };
  const Block *column = row_of(g), *tokens[2] = {row_of(2 * t), row_of(2 * t + 1)};
  const std::byte* group = p.w + int64_t(blockIdx.x) * p.units * p.layout.unit_bytes();
  float acc[4] = {};
  for (int64_t u = part * p.units / parts; u < (part + 1) * p.units / parts; ++u) {
    const std::byte* unit = group + u * p.layout.unit_bytes();
    const Block* token[2] = {tokens[0] + u, tokens[1] + u};
    Sums sums = sum_unit<Block, bits, has_table, has_min>(p.layout, unit, column + u, token, lane);
    auto* scale = reinterpret_cast<const float*>(unit);
    for (int i = 0; i < 4; ++i) {
      float d = scale[g + i / 2 * 8], da = token[i % 2]->d;
      acc[i] = fused(d * da, float(sums.value[i]), acc[i]);
      if constexpr (has_min) acc[i] = fused(-scale[kRows + g + i / 2 * 8] * da, float(sums.min[i]), acc[i]);
    }
  }
  for (int i = 0; i < 4; ++i) part_sums[(part * kRows + g + i / 2 * 8) * kTokens + 2 * t + i % 2] = acc[i];
  __syncthreads();
  for (int i = int(threadIdx.x); i < kRows * kTokens; i += int(blockDim.x)) {
    int64_t n = int64_t(blockIdx.x) * kRows + i / kTokens, token = first + i % kTokens;
    float sum = part_sums[i];
    for (int other = 1; other < parts; ++other) sum += part_sums[other * kRows * kTokens + i];
    if (n < p.N && token < p.T) p.y[token * p.N + n] = sum;
  }
}

template <class Block, int bits, bool has_table>
void launch_problem(Stream stream, const Problem& p, int parts) {
  dim3 grid(unsigned((p.N + kRows - 1) / kRows), unsigned((p.T + kTokens - 1) / kTokens));
  size_t shared = sizeof(float) * size_t(kMostParts * kRows * kTokens);
  if (p.layout.has_min) PRM_LAUNCH((quant_matmul_kernel<Block, bits, has_table, true>), grid, unsigned(parts) * 32, shared, stream, p);
  else PRM_LAUNCH((quant_matmul_kernel<Block, bits, has_table, false>), grid, unsigned(parts) * 32, shared, stream, p);
}

template <class Block>
void launch_blocks(Stream stream, const Problem& p, int parts) {
  if (p.layout.bits == 8) launch_problem<Block, 8, false>(stream, p, parts);
  else if (p.layout.has_table) launch_problem<Block, 4, true>(stream, p, parts);
  else launch_problem<Block, 4, false>(stream, p, parts);
}

// A thread a value: d scale q, less dmin min, as the format reads as floats (quant/block_rule.h).
__global__ void quant_embed_kernel(QuantLayout layout, const std::byte* table, const int32_t* tokens, float* y, int64_t count, int64_t K) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count * K) return;
  int row = tokens[i / K] % kRows, k = int(i % K % layout.unit), j = k / layout.sub, subs = layout.subs();
  const std::byte* unit = table + (tokens[i / K] / kRows * (K / layout.unit) + i % K / layout.unit) * layout.unit_bytes();
  auto* scale = reinterpret_cast<const float*>(unit);
  auto* scales = reinterpret_cast<const int8_t*>(unit + (layout.has_min ? 128 : 64));
  const std::byte* step = unit + layout.head_bytes() + k / 32 * layout.step_bytes();
  int lane = row % 8 * 4 + k % 16 / 4, reg = row / 8 + k % 32 / 16 * 2;
  int q = 0;
  if (layout.bits == 8) {
    q = int8_t(step[lane * 16 + reg * 4 + k % 4]);
  } else {
    int code = int(step[lane * 8 + reg / 2 * 4 + k % 4]) >> (4 * (reg % 2)) & 15;
    q = layout.has_table ? int8_t(look_up(layout, uint32_t(code))) : code - layout.offset;
  }
  float value = scale[row] * float(scales[row * subs + j]) * float(q);
  if (layout.has_min) value -= scale[kRows + row] * float(reinterpret_cast<const uint8_t*>(scales)[kRows * subs + row * subs + j]);
  y[i] = value;
}

}  // namespace

void launch_quant_embed(Stream stream, const QuantLayout& layout, const void* table, const int32_t* tokens, float* y, int64_t count, int64_t K) {
  constexpr int kThreads = 256;
  unsigned grid = unsigned((count * K + kThreads - 1) / kThreads);
  PRM_LAUNCH(quant_embed_kernel, grid, kThreads, 0, stream, layout, static_cast<const std::byte*>(table), tokens, y, count, K);
}

void launch_quant_matmul(Stream stream, const QuantLayout& layout, const void* w, const void* x, float* y, int64_t T, int64_t N, int64_t K, int32_t parts) {
  int64_t units = K / layout.unit, block_bytes = layout.unit == 32 ? int64_t(sizeof(BlockA8)) : int64_t(sizeof(BlockA8K));
  Problem p{layout, static_cast<const std::byte*>(w), static_cast<const std::byte*>(x), y, T, N, units, units * block_bytes};
  if (layout.unit == 32) launch_blocks<BlockA8>(stream, p, parts);
  else launch_blocks<BlockA8K>(stream, p, parts);
}

}  // namespace prm
