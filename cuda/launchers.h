// Launchers: one function a kernel family, which picks sizes and puts the launch into the stream. Pointers are the device's; nothing is
// checked here that the shape rules have checked (src/ops). Types and orders of sums: src/README.md, "Numbers".
#pragma once
#include "device_code.h"
#include "tensor/dtype.h"

namespace prm {

enum class CacheType : int32_t { f32, f16, bf16, q8_0 };
enum class GateKind : int32_t { none, silu, gelu };

// ---- between the host and the device (cuda_device.cpp) ------------------------------------------------------------------
void copy_to_device(Stream stream, void* to, const void* from, size_t size);
void copy_to_host(Stream stream, void* to, const void* from, size_t size);

// ---- rows (rowwise.cu) -----------------------------------------------------------------------------------------------
// x [rows, n] f32 each
void launch_add(Stream stream, const float* a, const float* b, float* y, int64_t rows, int64_t n, bool b_is_one_row);
void launch_scale(Stream stream, const float* x, float factor, float* y, int64_t count);
void launch_soft_cap(Stream stream, const float* x, float cap, float* y, int64_t count);
void launch_glu(Stream stream, const float* gate, const float* up, float* y, int64_t count, GateKind kind);
void launch_select_rows(Stream stream, const void* x, const int32_t* index, void* y, int64_t rows, int64_t row_bytes);
// rows [tokens, n] f32 -> rows `slot` of the cache; slots below 0 are dropped
void launch_kv_write(Stream stream, const float* rows, const int32_t* slot, void* cache, CacheType type, int64_t tokens, int64_t n);
// x [rows, n] f32 -> blocks of 32 or 256 (quant/activation.h)
void launch_quantize(Stream stream, const float* x, void* blocks, int64_t rows, int64_t n, bool by_256);

// ---- rows, several steps at once (row_steps.cu) ----------------------------------------------------------------------
enum class RowOp : int32_t { rms_norm, add, scale, rope, glu, quantize_32, quantize_256, kv_write };
struct RowPlace {
  std::byte* data;
  int64_t stride;   // bytes from row to row; 0: all rows have the same
  int64_t scratch;  // where a row's values lie in shared memory; -1: in `data`
};
struct RowStepAt {  // as RowStep (ops/ops.h), with the places of its operands
  RowOp op;
  GateKind gate;
  CacheType cache;
  bool neighbours;
  float value;             // rms_norm: eps; scale: factor
  int64_t C, D, head_dim;  // values of a row, of a run of rms_norm or rotated ones of a head, of a head
  RowPlace in[3], out;     // kv_write: out.stride is that of the cache's rows
};
struct RowsLaunch {
  int64_t rows, scratch_bytes;
  int32_t steps;
  RowStepAt step[8];
};
void launch_fused_rows(Stream stream, const RowsLaunch& launch);

// ---- rotary positions (rope_angles.cu) -------------------------------------------------------------------------------
struct RopeAngles {  // as RopeTableAttr (ops/ops.h), ready for use
  int64_t dims;
  double log_base, position_scale, ramp_low, ramp, magnitude;
};
// table [tokens, dims]; factors [dims / 2], or null
void launch_rope_table(Stream stream, const int32_t* positions, const float* factors, float* table, int64_t tokens, const RopeAngles& angles);

// ---- rows of products ------------------------------------------------------------------------------------------------
// Of tokens; or of tokens times choices, `chosen` [rows] says of which expert: a weight has the rows of one expert after another, N each.
// A row of x serves `share` neighbouring rows. by_row: a block of threads a row (few rows); else a block the rows of an expert.
struct ExpertRows {
  const int32_t* chosen;  // null: no experts
  int64_t rows, experts, share;
  bool by_row;
};

// ---- float weights (dense_matmul.cu) ---------------------------------------------------------------------------------
enum class DenseType : int32_t { f32, f16, bf16 };
constexpr int64_t value_bytes(DenseType type) { return type == DenseType::f32 ? 4 : 2; }

// Packed by dense_pack.cpp: groups of 32 rows; in a group each part of the sum over K, filled up with zeros; in a part 16 bytes of each
// of the 32 rows in turn.
constexpr int kDenseRows = 32, kDenseRowBytes = 32;  // a part has a multiple of so many bytes of a row
constexpr int64_t dense_part_bytes(DenseType type, int64_t K, int64_t parts) {  // of a row
  return ((K + parts - 1) / parts * value_bytes(type) + kDenseRowBytes - 1) / kDenseRowBytes * kDenseRowBytes;
}
constexpr int64_t dense_group_bytes(DenseType type, int64_t K, int64_t parts) { return dense_part_bytes(type, K, parts) * parts * kDenseRows; }

// Products of one x with up to four weights of one type. With a gate, weights 0 and 1 are gate and up of one result.
struct DenseWeight {
  const void* w;  // packed [N, K]
  float* y;       // [T, N]
  int64_t N;
};
struct DenseLaunch {
  const float* x;  // [T, K]
  int64_t K;
  int32_t parts, weights;
  DenseWeight weight[4];
  DenseType type;
  GateKind gate;
  ExpertRows rows;  // T, or who chose which expert
};
void launch_dense_matmul(Stream stream, const DenseLaunch& launch);
// The same of one weight in plain rows.
void launch_plain_matmul(Stream stream, const float* x, const void* w, DenseType type, float* y, int64_t T, int64_t N, int64_t K, int32_t parts);
// Rows of a table as floats: y [count, K]; packed or plain.
void launch_dense_embed(Stream stream, const void* table, DenseType type, bool packed, const int32_t* tokens, float* y, int64_t count, int64_t K, int32_t parts);

// ---- mixtures of experts (expert_routes.cu) --------------------------------------------------------------------------
// logits [T, E] -> the `used` likeliest experts of each token and their weights, [T, used] each
struct RouteLaunch {
  const float* logits;
  int32_t* chosen;
  float* weights;
  int64_t T, E, used;
  bool renormalize;
  float scale, least_sum;
};
void launch_route(Stream stream, const RouteLaunch& launch);
// parts [T, used * C], weights [T, used] -> y [T, C]; shared [T, C] with gate [T], or null
void launch_combine(Stream stream, const float* parts, const float* weights, const float* shared, const float* gate, float* y, int64_t T, int64_t used, int64_t C);

// ---- quantized weights, as quant_layout.h says (quant_matmul.cu, quant_matmul_tiles.cu, quant_embed.cu) ----------------
struct QuantMatmul {
  DType type;         // of w
  const void *w, *x;  // w packed; x [T, K] in blocks beside the units of w, aligned to 16
  float* y;           // [T, N]
  int64_t T, N, K;
  int32_t parts;  // of the sum over K
};
// Picks one of the others by T and N: they give the same bytes.
void launch_quant_matmul(Stream stream, const QuantMatmul& m);
void launch_quant_decode(Stream stream, const QuantMatmul& m, int64_t enough_blocks);  // T <= 8. Blocks walk on where there would be more
enum class QuantTiles { of_32_32, of_64_64, of_128_64 };  // rows and tokens of a block
void launch_quant_tiles(Stream stream, const QuantMatmul& m, QuantTiles tiles);
// Of experts (quant_experts.cu): T is of tokens times choices, N of one expert, a multiple of 16.
void launch_quant_experts(Stream stream, const QuantMatmul& m, const ExpertRows& experts);
// Rows of a packed table as floats: y [tokens, K].
void launch_quant_embed(Stream stream, DType type, const void* table, const int32_t* tokens, float* y, int64_t count, int64_t K);

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
