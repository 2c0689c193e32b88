// How often sequences of integers stand in rows of integers.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kCountNgrams;

// x [C] or [B, C] of i32 or i64; pool i64: n-grams of 1, of 2, .. integers one behind the other; starts [G] i64: where in the pool those
// of 1 .. G begin; columns [K] i64: of each n-gram in the pool's order -> [width] or [B, width] f32, how often each column's n-grams
// stand in a row, `least` to `most` of them being counted, with up to `skips` integers left out between each two.
struct NgramAttr {
  int64_t width;
  int32_t least, most, skips;
  int32_t reserved = 0;
};

}  // namespace prm
