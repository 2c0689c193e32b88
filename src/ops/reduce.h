// One value for many: over any of a tensor's dimensions.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kReduce, kArgExtreme;

// Of floats and integers (which wrap around; what is no integer is cut towards zero); max and min also of bool. Of no values: sums
// are 0, prod 1, mean NaN (0 of integers), max and min the least and the greatest value of the type.
enum class ReduceKind : int32_t { sum, mean, max, min, prod, l1, l2, log_sum, log_sum_exp, sum_square };
struct ReduceAttr {
  ReduceKind kind;
  uint32_t axes;  // bit d: dimension d is reduced
  int32_t keep;   // 1: reduced dimensions stay, of extent 1
};

// x -> where along one dimension its greatest (or least) value stands, i64. NaN is beyond all others.
struct ArgExtremeAttr {
  int32_t axis, keep;
  int32_t least;  // 1: the least value
  int32_t last;   // of equal ones; otherwise the first
};

}  // namespace prm
