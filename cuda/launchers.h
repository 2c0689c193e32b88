// Launchers: one function a kernel family, which picks sizes and puts the launch into the stream. Pointers are the device's; nothing is
// checked here that the shape rules have checked (src/ops). Types and orders of sums: src/README.md, "Numbers".
#pragma once
#include "device_code.h"

namespace prm {

enum class CacheType : int32_t { f32, f16, bf16, q8_0 };

// ---- rows (rowwise.cu) -----------------------------------------------------------------------------------------------
// x [rows, n] f32 each
void launch_rms_norm(Stream stream, const float* x, const float* gain, float* y, int64_t rows, int64_t n, float eps);
void launch_add(Stream stream, const float* a, const float* b, float* y, int64_t rows, int64_t n, bool b_is_one_row);
void launch_scale(Stream stream, const float* x, float factor, float* y, int64_t count);
void launch_soft_cap(Stream stream, const float* x, float cap, float* y, int64_t count);
void launch_glu(Stream stream, const float* gate, const float* up, float* y, int64_t count, bool gelu);
// x [tokens, heads of D], table [tokens, R]
void launch_rope(Stream stream, const float* x, const float* table, float* y, int64_t tokens, int64_t columns, int64_t D, int64_t R, bool neighbours);
void launch_select_rows(Stream stream, const float* x, const int32_t* index, float* y, int64_t rows, int64_t n);
// rows [tokens, n] f32 -> rows `slot` of the cache; slots below 0 are dropped
void launch_kv_write(Stream stream, const float* rows, const int32_t* slot, void* cache, CacheType type, int64_t tokens, int64_t n);
// x [rows, n] f32 -> blocks of 32 or 256 (quant/activation.h)
void launch_quantize(Stream stream, const float* x, void* blocks, int64_t rows, int64_t n, bool by_256);

// ---- quantized weights (quant_matmul.cu) -----------------------------------------------------------------------------
// One layout for all formats: groups of 16 rows; in a group, for each unit (a block of 32 or 256 values of the 16 rows): d [16] f32, dmin
// [16] f32 where there are minimums, scales [16][subs] i8, minimums [16][subs] u8, then codes in the order in which lanes of an
// mma m16n8k32 hold them, 4 or 8 bits each.
struct QuantLayout {
  int32_t unit, sub;      // values
  int32_t bits;           // 4: values are `offset` less than their codes, or stand in `table`; 8: signed codes
  int32_t offset;
  bool has_min, has_table;
  alignas(4) int8_t table[16];

  constexpr int32_t subs() const { return unit / sub; }
  constexpr int32_t head_bytes() const { return (64 + 16 * subs()) * (has_min ? 2 : 1); }
  constexpr int32_t step_bytes() const { return 64 * bits; }  // of 32 values of 16 rows
  constexpr int64_t unit_bytes() const { return head_bytes() + int64_t(unit / 32) * step_bytes(); }
};
// x [T, K] in blocks beside the units, w packed -> y [T, N] f32. parts: of the sum over K.
void launch_quant_matmul(Stream stream, const QuantLayout& layout, const void* w, const void* x, float* y, int64_t T, int64_t N, int64_t K, int32_t parts);
// Rows of a packed table as floats: y [tokens, K].
void launch_quant_embed(Stream stream, const QuantLayout& layout, const void* table, const int32_t* tokens, float* y, int64_t count, int64_t K);

// ---- attention (attention_walk.cu chooses from attention_*.cu) ----------------------------------------------------------
struct AttentionLaunch {
  const float* q;                // [T, H*D]
  const void *k, *v;             // rows of G*D values
  const int32_t* positions;      // [T], -1: padding
  const int32_t *sequence, *table;  // pages of page rows, [sequences, pages_each]; null: whole sequences stand in the rows
  const float* sinks;            // [H], or null
  float* y;                      // [T, H*D]
  int64_t T, H, G, D, page, pages_each, sequences, row_bytes, window;
  float scale, soft_cap;
  CacheType type;
  float* scratch;                // of the device, for launches of one stream one after another; null: slower
  int64_t scratch_bytes;
};
void launch_attention(Stream stream, const AttentionLaunch& a);
// As much scratch as launches within these upper bounds (T, H, D, page, pages_each, window) make use of.
int64_t attention_scratch_bytes(const AttentionLaunch& bounds);

}  // namespace prm
