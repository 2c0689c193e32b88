// Which keys a query sees, as attention in ONNX's models says it: by position, by a mask, by the number of keys that are filled.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kMaskScores;

// Where the first query of a batch stands among the keys.
enum class QueryOffset : int32_t {
  none,    // at the first key
  past,    // behind the keys of an input [.., P, D], whose extents alone are read
  filled,  // the last query at the last key that is filled
};
// scores [B, H, Q, K] of floats; with `masked` a mask of bool (false: hidden) or of their type (added), broadcast to them, but that
// keys behind its last one are hidden; with `past` an input as above, with `filled` the numbers of keys [B] i64 that are filled, the
// others being hidden -> the scores, -infinity where a key is hidden, whatever its score is.
struct MaskScoresAttr {
  int64_t left = -1, right = -1;  // how far a query sees to either side of itself; below 0: any distance
  QueryOffset offset = QueryOffset::none;
  int32_t masked = 0;
};

}  // namespace prm
