// Values whose places make a pattern: evenly spaced ones, triangles, sequences backwards.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kRange, kTrilu, kReverseSequence;
extern const Movement kSpacing, kTriangles, kReversing;

// start, step [] of one type -> [count]: start, start + step, start + 2 step ...; integers wrap around.
struct RangeAttr {
  int64_t count;  // dim_code
};
// x [.., N, M], k i64 [] or [1] -> x with zeros below (upper) or above (lower) the diagonal that lies k to the right of the main one.
struct TriluAttr {
  int32_t upper;
};
// x [T, B, ..] or [B, T, ..], lengths [B] i32 or i64, within 0 to T -> of each b the first `length` in reverse order, then the rest.
struct ReverseSequenceAttr {
  int32_t time_axis;  // 0 or 1
};

}  // namespace prm
