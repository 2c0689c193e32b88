// Rows of a table of quantized weights as floats.
#include "base/half.h"
#include "launchers.h"
#include "quant_layout.h"

namespace prm {

namespace {

__device__ uint32_t bits_at(const std::byte* plane, int bits, bool has_table, int row, int k) {
  CodePlace place = place_of_code(bits, has_table, row, k);
  return uint32_t(plane[place.byte]) >> place.shift & ((1u << bits) - 1);
}

__device__ int value_at(const QuantLayout& layout, const std::byte* tile, int row, int k) {
  uint32_t code = bits_at(tile + layout.low_at(), layout.low, layout.has_table, row, k);
  if (layout.high) code |= bits_at(tile + layout.high_at(), layout.high, false, row, k) << layout.low;
  if (layout.low == 8) return int8_t(code);
  if (!layout.has_table) return int(code) - layout.offset;
  uint32_t word = layout.table[0];
  for (int i = 1; i < 4; ++i) word = code / 4 == uint32_t(i) ? layout.table[i] : word;  // an index that varies would make a copy on the stack
  return int8_t(word >> (code % 4 * 8));
}

// A thread a value: d scale q, less dmin min, as the format reads as floats (quant/block_rule.h).
__global__ void quant_embed_kernel(QuantLayout layout, const std::byte* table, const int32_t* tokens, float* y, int64_t count, int64_t K) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count * K) return;
  int64_t token = tokens[i / K];
  int row = int(token % 16), k = int(i % K % layout.tile_values()), subs = layout.subs();
  const std::byte* tile = table + (token / 16 * layout.tiles(K) + i % K / layout.tile_values()) * layout.tile_bytes();
  auto* heads = reinterpret_cast<const uint16_t*>(tile + k / layout.unit * layout.unit_head_bytes()) + place_of_scale(layout, row);
  auto head = [&](int at) { return layout.bf16 ? bf16_to_float(heads[at]) : half_to_float(heads[at]); };
  int sub = row * subs + k / layout.sub;
  float scale = head(0) * (subs ? float(int8_t(tile[layout.scales_at() + sub])) : 1.0f);
  float value = scale * float(value_at(layout, tile, row, k));
  if (layout.has_min) value -= head(2) * (subs ? float(uint8_t(tile[layout.mins_at() + sub])) : 1.0f);
  y[i] = value;
}

}  // namespace

void launch_quant_embed(Stream stream, DType type, const void* table, const int32_t* tokens, float* y, int64_t count, int64_t K) {
  constexpr int kThreads = 256;
  unsigned grid = unsigned((count * K + kThreads - 1) / kThreads);
  PRM_LAUNCH(quant_embed_kernel, grid, kThreads, 0, stream, quant_layout(type), static_cast<const std::byte*>(table), tokens, y, count, K);
}

}  // namespace prm
