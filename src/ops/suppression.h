// Boxes that overlap better ones are left out.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kSuppress;

// boxes [B, N, 4] f32, scores [B, C, N] f32, most [] i64: boxes of a class, overlap [] f32, least [] f32: score
//   -> rows [R, 3] i64: batch, class, box; 0 behind the last; how many there are [1] i64; scratch [N] u8.
// Of each batch and class: the box of the highest score above `least` (the first among equals) is taken, those that share more than
// `overlap` of their union with it are left out, and so on. R = B * C * min(N, bound), which no call goes beyond.
struct SuppressAttr {
  int64_t bound;      // of boxes of a class
  int32_t centers;    // boxes are 1: x, y of the middle, width, height; 0: y, x of two opposite corners
  int32_t any_score;  // 1: there is no least score
};

}  // namespace prm
