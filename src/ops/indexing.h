// Values taken by indices (i32 or i64, which may count from the end). One that is out of range gives 0.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kGather, kGatherElements, kGatherNd;
extern const Movement kGathering, kGatheringElements, kGatheringNd;

// gather: x [.., N, ..], indices of any shape -> x with `axis` replaced by the indices' dimensions.
// gather_elements: indices of x's rank, no larger than x but for `axis` -> their shape, each value from its own place but for `axis`.
struct GatherAttr {
  int32_t axis;
};
// x [batch, .., rest], indices [batch, .., k], k dimensions of x each -> [batch, .., rest]
struct GatherNdAttr {
  int32_t batch;  // how many dimensions both begin with
};

}  // namespace prm
