// Launchers: one function a kernel family, which picks sizes and puts the launch into the stream. Pointers are the device's; nothing is
// checked here that the shape rules have checked (src/ops). Types and orders of sums: src/README.md, "Numbers".
#pragma once
#include "device_code.h"
#include "tensor/dtype.h"

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
// Rows of a packed table as floats: y [tokens, K].
void launch_quant_embed(Stream stream, DType type, const void* table, const int32_t* tokens, float* y, int64_t count, int64_t K);

// ---- attention (attention_decode.cu) ---------------------------------------------------------------------------------
struct AttentionLaunch {
  const float* q;                // [T, H*D]
  const void *k, *v;             // rows of G*D values
  const int32_t* positions;      // [T], -1: padding
  const int32_t *sequence, *table;  // pages of page rows, [S, pages_each]; null: whole sequences stand in the rows
  const float* sinks;            // [H], or null
  float* y;                      // [T, H*D]
  int64_t T, H, G, D, page, pages_each, row_bytes, window;
  float scale, soft_cap;
  CacheType type;
};
void launch_attention(Stream stream, const AttentionLaunch& a);

}  // namespace prm
