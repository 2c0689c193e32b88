// Values read between the places where a tensor holds them: at points of a grid, and in regions.
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kGridSample, kAffineGrid, kRoiAlign;

enum class SampleKind : int32_t { nearest, linear, cubic };  // cubic: Keys (1981), -3/4
enum class SamplePadding : int32_t { zeros, border, reflection };
// grid_sample: x [N, C, spatial...] of any dense type, grid [N, out..., rank] of floats, -1 to 1 from end to end, the innermost
//   dimension first -> [N, C, out...]. Integers are rounded towards zero and saturate.
struct GridSampleAttr {
  int32_t rank;  // spatial dimensions, 1 to 3
  SampleKind kind;
  SamplePadding padding;
  int32_t align_corners;  // 1: the ends are middles of the outermost values; 0: their outer sides
};
// affine_grid: theta [N, rank, rank + 1] of floats -> [N, extent..., rank]: theta times the points of a grid and 1.
struct AffineGridAttr {
  int32_t rank;  // 2 or 3
  int32_t align_corners;
  int64_t extent[kMaxSpatial];
};
// roi_align: x [N, C, H, W], regions [R, 4] (left, top, right, bottom) of x's type, images [R] i64 -> [R, C, height, width]: the
//   mean of samples in each part of a region, read linearly, or the greatest of their weighted neighbours (He et al., 2017). Of an
//   image that is not there: 0.
struct RoiAlignAttr {
  int32_t height, width;
  int32_t samples;     // a part has samples * samples; 0: one for each value of x
  int32_t maximum;     // 1: the greatest
  int32_t half_pixel;  // 1: regions are moved by half a value and may be of any size; 0: they have at least one value
  float scale;         // of regions
};

}  // namespace prm
