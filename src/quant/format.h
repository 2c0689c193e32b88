// A weight format is a value: how a block reads as floats, and its exact integer product with quantized activations.
// One file a format; the list stands in format.cpp. Formats do not know each other.
#pragma once
#include <span>

#include "tensor/dtype.h"

namespace prm {

// What one block contributes to a dot product: acc = fma(d * d_a, float(sum), acc), then, where has_min,
// acc = fma(-dmin * d_a, float(min_sum), acc).
struct BlockProduct {
  int32_t sum = 0, min_sum = 0;
};

// The integers of a block: values, and for each sub-block a scale and, where has_min, a minimum.
struct BlockParts {
  int8_t value[256], scale[16];
  uint8_t min[16];
};

struct QuantFormat {
  DType type;
  DType activation;  // a8 or a8k: the activation block that stands beside one block of this format
  bool has_min;
  void (*dequantize)(const void* block, float* out);           // one block
  void (*scales)(const void* block, float& d, float& dmin);    // dmin: only where has_min
  BlockProduct (*multiply)(const void* block, const void* activation_block);
  int sub;                                                     // values of a sub-block
  void (*unpack)(const void* block, BlockParts& parts);        // what multiply() reads, plainly: how other layouts are packed
};

const QuantFormat* find_format(DType type);  // null for dense types
std::span<const QuantFormat* const> quant_formats();

// Activations of one row, n a multiple of the block.
void quantize_a8(const float* x, void* blocks, int64_t n);
void quantize_a8k(const float* x, void* blocks, int64_t n);

// Rows of a Q8_0 cache (src/README.md, "Numbers" 5), n a multiple of 32: d = amax / 127 rounded to half, q = rne(x * (1 / d)),
// at most 127 in size. A block that holds NaN or infinity, or whose d is over a half's range, gets d = NaN: that is seen.
void quantize_q8_0(const float* x, void* blocks, int64_t n);

// n values of a weight row of any type as floats; n a multiple of the type's block.
void row_to_float(DType type, const void* row, float* out, int64_t n);

// Whether no value of a run of whole blocks is NaN or infinity.
bool weights_are_finite(DType type, const void* blocks, size_t bytes);

}  // namespace prm
