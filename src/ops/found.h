// Ops whose results have as many values as are found in the data: extents that are known when they have run.
#pragma once
#include "ops/ops.h"

namespace prm {

// x of any dense type, of one dimension at least -> where its values are not zero [rank, n] i64, row-major
extern const Op kNonZero;
// x, condition [m] bool -> x's slices along `axis` where the condition holds (beyond m: not). axis -1: of all values in a row.
extern const Op kCompress;
struct CompressAttr {
  int32_t axis;
};

// boxes [B, N, 4] f32, scores [B, C, N] f32 -> chosen [n, 3] i64 (batch, class, box): of each batch and class the best boxes, the
// highest score first, none of which covers one before it by more than the threshold (intersection over union); and what is worked in
// [N] i64.
extern const Op kNonMaxSuppression;
struct SuppressionAttr {
  int64_t most;         // boxes of a class
  float least_overlap;  // that suppresses
  float least_score;    // that is taken; where any: 0
  int32_t any_score;
  int32_t centred;      // boxes are [x, y, width, height] around a centre; else [y1, x1, y2, x2], corners in any order
};

}  // namespace prm
