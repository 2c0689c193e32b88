// Drivers: what a kernel does around the functions of an instruction set: reads OpArgs, splits work over threads. A driver
// is a template over the ISA's table, instantiated in cpu_device.cpp's tables; the arithmetic stands in the ISA's files.
#pragma once
#include <cstring>

#include "cpu/isa.h"
#include "graph/device.h"

namespace prm {

// The cache's row type of a state; kRowCount: none.
inline RowType row_type(DType type) {
  switch (type) {
    case DType::f32: return kRowF32;
    case DType::f16: return kRowF16;
    case DType::bf16: return kRowBF16;
    case DType::q8_0: return kRowQ8_0;
    default: return kRowCount;
  }
}

// Multiply-adds in one chunk of a matmul: well under a millisecond.
inline constexpr int64_t kChunkMacs = 1 << 23;
// Tokens whose activations, of `stride` bytes each, stay in the second-level cache while a chunk's weights stream through;
// kernels take twelve at once.
inline constexpr int64_t kTokenStep = 12;
inline int64_t token_tile(int64_t stride) {
  int64_t steps = (768 << 10) / (stride * kTokenStep);
  return (steps > 0 ? steps : 1) * kTokenStep;
}

template <const CpuIsa& isa> void run_quantize(const OpArgs&);
template <const CpuIsa& isa> void run_rms_norm(const OpArgs&);
template <const CpuIsa& isa> void run_add(const OpArgs&);
template <const CpuIsa& isa> void run_scale(const OpArgs&);
template <const CpuIsa& isa> void run_glu(const OpArgs&);
template <const CpuIsa& isa> void run_soft_cap(const OpArgs&);
template <const CpuIsa& isa> void run_rope(const OpArgs&);
template <const CpuIsa& isa> void run_kv_write(const OpArgs&);
template <const CpuIsa& isa> void run_attention(const OpArgs&);
template <const CpuIsa& isa> void run_attention_paged(const OpArgs&);
template <const CpuIsa& isa> void run_matmul_w16(const OpArgs&);
template <const CpuIsa& isa> void run_matmul_group(const OpArgs&);  // packed where the ISA has tables of matmuls, else plain
template <const CpuIsa& isa> void run_matmul_glu(const OpArgs&);
template <const CpuIsa& isa> void run_fused_rows(const OpArgs&);
template <const CpuIsa& isa> void run_moe_w16(const OpArgs&);
template <const CpuIsa& isa> void run_moe_combine(const OpArgs&);
template <const CpuIsa& isa> void run_conv_blocked(const OpArgs&);
template <const CpuIsa& isa> void run_conv_winograd(const OpArgs&);
template <const CpuIsa& isa> void run_pool_blocked(const OpArgs&);
template <const CpuIsa& isa> void run_affine_blocked(const OpArgs&);

// The heads of one row: R of D values each are rotated, the others copied.
template <const CpuIsa& isa> void rotate_heads(const float* x, const float* table, float* y, int64_t C, int64_t D, int64_t R, int pairing) {
  for (int64_t c = 0; c < C; c += D) {
    isa.rope[pairing](x + c, table, y + c, R);
    if (R < D) std::memcpy(y + c + R, x + c + R, size_t(D - R) * sizeof(float));
  }
}

template <const CpuIsa& isa> void run_conv_u8(const OpArgs&);
template <const CpuIsa& isa> void run_quantize_blocked(const OpArgs&);
template <const CpuIsa& isa> void run_dequantize_blocked(const OpArgs&);
template <const CpuIsa& isa> void run_sum_u8(const OpArgs&);
template <const RowTable& table> void run_conv_rows_u8(const OpArgs&);
void run_rows_u8(const OpArgs&);

void run_matmul_plain(const OpArgs&);  // canonical order over plain rows: the truth that packed kernels are compared with
void run_embed_plain(const OpArgs&);
void run_embed_w16(const OpArgs&);
void run_select_rows(const OpArgs&);
void run_rope_table(const OpArgs&);
void run_moe_route(const OpArgs&);
void run_moe_plain(const OpArgs&);
void run_to_blocked(const OpArgs&);
void run_from_blocked(const OpArgs&);
void run_shuffle_blocked(const OpArgs&);

bool accepts_movement(const KernelQuery&);
void run_transpose(const OpArgs&);
void run_slice(const OpArgs&);
void run_expand(const OpArgs&);
void run_concat(const OpArgs&);
void run_pad(const OpArgs&);
void run_gather(const OpArgs&);
void run_gather_elements(const OpArgs&);
void run_gather_nd(const OpArgs&);
void run_trilu(const OpArgs&);
void run_reverse_sequence(const OpArgs&);
void run_range(const OpArgs&);
void run_scatter_elements(const OpArgs&);
void run_scatter_nd(const OpArgs&);
void run_tensor_scatter(const OpArgs&);
bool accepts_resize(const KernelQuery&);
void run_resize(const OpArgs&);

// Rows n .. n + rows - 1 of plain w times tokens t .. t + tokens - 1 of x, in canonical order.
void multiply_plain_rows(const Tensor& w, int64_t n, int rows, const Tensor& x, int64_t t, int64_t tokens, float* y, int64_t y_stride);

bool accepts_block_matmul(const KernelQuery&);
bool accepts_block_matmuls(const KernelQuery&);  // the same of each weight
bool accepts_fused_rows(const KernelQuery&);
bool accepts_attention(const KernelQuery&);

extern const Layout kW16Layout;
template <const CpuIsa& isa> bool accepts_matmul_w16(const KernelQuery&);
template <const CpuIsa& isa> bool accepts_matmuls_w16(const KernelQuery&);
template <const CpuIsa& isa> bool accepts_moe_w16(const KernelQuery&);
bool accepts_embed_w16(const KernelQuery&);
bool accepts_route(const KernelQuery&);
bool accepts_moe_plain(const KernelQuery&);
bool accepts_combine(const KernelQuery&);
bool accepts_conv_blocked(const KernelQuery&);
bool accepts_conv_u8(const KernelQuery&);

}  // namespace prm
