// Types of at most eight bits that nothing computes in (float8, float4, integers of 4 and 2 bits): values are stored one a byte,
// quantized to, dequantized from and cast. In files those of less than a byte are packed.
#pragma once
#include "tensor/tensor.h"

namespace prm {

// Of e8m0 (powers of two alone).
enum class ScaleRounding : int32_t { up, down, nearest };

bool is_narrow(DType type);
bool is_narrow_integer(DType type);
int narrow_bits(DType type);
double narrow_value(DType type, uint8_t code);
// Floats: to nearest even; what is beyond their range becomes the largest value where `saturate` says so, else infinity or NaN.
// Integers: towards zero, higher bits are dropped; NaN is 0.
uint8_t narrow_code(DType type, double value, bool saturate = true, ScaleRounding rounding = ScaleRounding::up);
// `count` values that lie packed from the low bits on, one a byte.
void unpack_narrow(DType type, const std::byte* packed, int64_t count, std::byte* codes);

}  // namespace prm
