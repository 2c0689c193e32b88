// Packing plain weight rows into the 16-row layout of cpu/w16.h, and reading single rows back out of it.
#pragma once
#include "tensor/tensor.h"

namespace prm {

int w16_type(DType type);  // W16Type, or -1 where the layout does not exist
size_t w16_group_bytes(DType type, int64_t K);
size_t w16_bytes(DType type, int64_t N, int64_t K);

// Rows 16 group .. 16 group + 15 of plain [N, K] into one packed group; rows past N become zero.
void w16_pack_group(const Tensor& plain, int64_t group, std::byte* out);

// Row `row` of a packed [N, K] as floats: what row_to_float gives for the plain row.
void w16_row_to_float(DType type, const std::byte* packed, int64_t K, int64_t row, float* out);

}  // namespace prm
