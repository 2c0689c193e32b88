// Tensors in another resolution, along any of their dimensions at once.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kResize;

enum class ResizeKind : uint8_t { nearest, linear, cubic };
// The place in x, along one dimension, of index o of the output (in, out: extents; from, to: ends of the region, as parts of x).
enum class ResizePlace : uint8_t {
  half_pixel,            // (o + 1/2) / scale - 1/2
  half_pixel_symmetric,  // the same, with the middles of scale * in and of out on one another
  half_pixel_or_first,   // the same as half_pixel, but 0 where the output has one value ("pytorch_half_pixel")
  align_corners,         // o (in - 1) / (scale in - 1)
  asymmetric,            // o / scale
  region,                // from (in - 1) + o (to - from) (in - 1) / (scale in - 1); outside of x: `outside` ("tf_crop_and_resize")
};
enum class ResizeNearest : uint8_t { half_down, half_up, floor, ceil };

// x of any dense type but bool (nearest: of bool, too), geometry [3, rank] f64: scale of each dimension (0: output / input, as both
// are at run time), from, to -> `shape`. Values beyond an end are those at it. Integers are rounded to nearest even, and saturate.
struct ResizeAttr {
  ShapeAttr shape;
  ResizeKind kind;
  ResizePlace place;
  ResizeNearest nearest;
  uint8_t exclude_outside;  // 1: what lies beyond an end weighs nothing, and the rest adds up to 1
  uint8_t antialias;        // 1: the filter of linear and cubic is as wide as values lie apart in the output
  float cubic;              // of the kernel of Keys (1981)
  float outside;
};

}  // namespace prm
