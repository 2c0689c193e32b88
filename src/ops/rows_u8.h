// Codes of 8 bits (ops/blocked_u8.h) with 64 channels of a place side by side, for instruction sets that multiply tiles of such rows.
// passes/lay_rows.cpp makes these where the device has kernels for them.
#pragma once
#include "ops/codes_u8.h"

namespace prm {

extern const Op kRowsU8, kConvRowsU8;

inline constexpr int64_t kRowBytes = 64;

// rows_u8: x [N, C/16, spatial..., 16] u8 -> [N, C/64, spatial with pads..., 64] u8: padding is worth `outside`, channels that fill up
// the last 64 are 0.
struct RowsU8Attr {
  int32_t rank;  // spatial dimensions
  int32_t pad_begin[kMaxSpatial], pad_end[kMaxSpatial];
  int32_t outside;
};
// conv_rows_u8: x [N, C/64, spatial..., 64] u8, else as conv_u8, without groups and pads; x_zero has no meaning.

}  // namespace prm
