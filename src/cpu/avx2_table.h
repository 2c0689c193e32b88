// Which function of which AVX2 file stands in the table. Plain declarations: no code is shared.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace prm {
struct ConvTable;
}

namespace prm::avx2 {

extern const ConvTable kConv;

void matmul_f32(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_f16(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_bf16(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q4_0(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q5_0(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q8_0(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q4_k(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q6_k(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q4_1(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q5_1(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_iq4_nl(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_mxfp4(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q2_k(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q3_k(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_q5_k(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void matmul_iq4_xs(const void*, const void*, size_t, int64_t, int64_t, float*, int64_t, int);
void quantize_a8(const float*, void*, int64_t);
void quantize_a8k(const float*, void*, int64_t);
#define PRM_DECLARE_ROWS(type)                                                                                   \
  void score_rows_##type(const float*, const void*, size_t, int, int, float, float*);                            \
  void add_rows_##type(const float*, const void*, size_t, int, int, float*);                                     \
  void score_tile_##type(const float*, int, const void*, size_t, int, int, float, float*, int);                  \
  void add_tile_##type(const float*, int, int, const void*, size_t, int, int, float*);                           \
  void load_row_##type(const void*, float*, int64_t);
PRM_DECLARE_ROWS(f32)
PRM_DECLARE_ROWS(f16)
PRM_DECLARE_ROWS(bf16)
PRM_DECLARE_ROWS(q8_0)
#undef PRM_DECLARE_ROWS
void soft_cap(float*, int, float);
float softmax_split(float*, int, int, float*);
void merge_split(float*, const float*, float, float, int);

}  // namespace prm::avx2
