// Along one dimension of a tensor: softmax, running sums, the largest values.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kSoftmax, kCumulate, kTopK;

// x of floats -> the same shape. hard: 1 where the greatest value stands (the first of them), 0 elsewhere.
enum class SoftmaxKind : int32_t { plain, log, hard };
struct SoftmaxAttr {
  int32_t axis;
  SoftmaxKind kind = SoftmaxKind::plain;
  int32_t empty_zero = 0;  // 1: rows of -infinity alone give zeros, else NaN
};

// x of numbers -> sums, or products, up to each value and with it.
struct CumulateAttr {
  int32_t axis;
  int32_t product;
  int32_t exclusive;  // 1: without the value itself
  int32_t reverse;    // 1: from the end
};

// x of numbers -> its `count` greatest (or least) values and where they stand, i64; the first of equal ones comes first, and NaN is
// greater than all.
struct TopKAttr {
  int64_t count;
  int32_t axis, least;
};

}  // namespace prm
