// The table of the 512 kernels, for the one unit per instruction set that includes this.
#pragma once
#include "cpu/isa.h"
#include "cpu/kernels512_attention.h"
#include "cpu/kernels512_conv.h"
#include "cpu/kernels512_matmul.h"
#include "cpu/kernels512_rowwise.h"

namespace {

constexpr prm::CpuIsa table512(const char* name) {
  return {
      .name = name,
      .matmul = {dense_matmul<F32>, dense_matmul<F16>, dense_matmul<BF16>, block_matmul<Q4_0>, block_matmul<Q5_0>, block_matmul<Q8_0>,
                 block_matmul<Q4_K>, block_matmul<Q6_K>, block_matmul<Q4_1>, block_matmul<Q5_1>, block_matmul<IQ4_NL>, block_matmul<MXFP4>,
                 block_matmul<Q2_K>, block_matmul<Q3_K>, block_matmul<Q5_K>, block_matmul<IQ4_XS>},
      .quantize_a8 = quantize_a8,
      .quantize_a8k = quantize_a8k,
      .rms_norm = rms_norm,
      .add = add_values,
      .scale = scale_values,
      .rope = {rope_halves, rope_neighbours},
      .glu_silu = glu_silu,
      .glu_gelu = glu_gelu,
      .store_row = {store_floats, store_halves, store_bf16, store_q8_0},
      .score_rows = {score_rows<RowF32>, score_rows<RowF16>, score_rows<RowBF16>, score_rows<RowQ8_0>},
      .soft_cap = soft_cap,
      .softmax_split = softmax_split,
      .add_rows = {add_rows<RowF32>, add_rows<RowF16>, add_rows<RowBF16>, add_rows<RowQ8_0>},
      .merge_split = merge_split,
      .score_tile = {score_tile<RowF32>, score_tile<RowF16>, score_tile<RowBF16>, score_tile<RowQ8_0>},
      .add_tile = {add_tile<RowF32>, add_tile<RowF16>, add_tile<RowBF16>, add_tile<RowQ8_0>},
      .load_row = {load_values<RowF32>, load_values<RowF16>, load_values<RowBF16>, load_values<RowQ8_0>},
      .conv = &kConv512,
  };
}

}  // namespace
