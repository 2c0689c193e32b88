// Each value of a tensor once.
#pragma once
#include "ops/ops.h"

namespace prm {

// x of any dense type -> its slices along `axis` that differ from all others [.., u, ..] (-1: its values [u]); for each the first index
// where it stands [u] i64; for each slice of x which one it is [n] i64; and how often each stands there [u] i64. NaN are one value.
extern const Op kUnique;
struct UniqueAttr {
  int32_t axis;
  int32_t sorted;  // 1: by their values, row-major, NaN last; 0: as they first stand in x
};

}  // namespace prm
