// Values put into a copy of a tensor by indices (i32 or i64, which may count from the end; one that is out of range puts nothing).
// Updates are taken in their order, so where several meet the last one counts, or their reduction is made from the first to the last.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kScatterElements, kScatterNd, kTensorScatter;
// The updates alone, into a result that is a copy of input 0 already: one after the other.
void put_elements(const OpArgs&);
void put_tuples(const OpArgs&);
void put_stretches(const OpArgs&);

enum class ScatterKind : int32_t { replace, add, mul, max, min };
// scatter_elements: x, indices of x's rank and no larger but for `axis`, updates as the indices -> x's shape.
// scatter_nd: x, indices [.., k], k dimensions of x each, updates [.., rest of x] -> x's shape. `axis` is 0.
struct ScatterAttr {
  ScatterKind kind;
  int32_t axis;
};
// cache [B, .., N, ..], update the same with M <= N along `axis`, indices [B] -> the cache with the update from index on.
struct TensorScatterAttr {
  int32_t axis;
  int32_t circular;  // 1: what goes beyond the end begins at the front; 0: it is dropped
};

}  // namespace prm
