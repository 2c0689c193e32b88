// Tensors with something beside them: others, or a margin.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kConcat, kPad;
extern const Movement kConcatenating, kPadding;

// Inputs of one type and rank, equal but for `axis`, one behind the other.
struct ConcatAttr {
  int32_t axis;
};

// What stands in the margin: a value; x mirrored at its outermost values, which are not repeated; these values; x again and again.
enum class PadMode : int32_t { constant, reflect, edge, wrap };
// x, and for constant the value [] of its type.
struct PadAttr {
  PadMode mode;
  int32_t reserved = 0;
  int32_t before[kMaxRank] = {}, after[kMaxRank] = {};  // of each dimension, >= 0
};

}  // namespace prm
