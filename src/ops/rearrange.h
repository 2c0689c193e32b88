// Values of one tensor, of any type without blocks, in other places: transposed, cut out, broadcast; or as another type.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kTranspose, kSlice, kExpand, kBitcast;
extern const Movement kTransposing, kSlicing, kExpanding;

// Dimension i of the result is dimension from[i] of x.
struct TransposeAttr {
  int8_t from[kMaxRank];
};

// Of one dimension: `count` values in steps of `step` (below zero: backwards) from `begin` on, which counts from the end where it is
// below zero.
struct SliceCut {
  int64_t begin, step;
  int64_t count;  // dim_code
};
inline constexpr int kMaxCuts = 3;
struct SliceAttr {
  SliceCut cut[kMaxCuts];
  int32_t axis[kMaxCuts];
  int32_t cuts;
};

// expand: ShapeAttr, to which x is broadcast.

// The same bytes as values of another type of their size, but not as bool.
struct BitcastAttr {
  DType to;
};

}  // namespace prm
