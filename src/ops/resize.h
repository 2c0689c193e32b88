// Tensors in another resolution, along any of their dimensions at once.
#pragma once
#include <algorithm>
#include <cmath>

#include "ops/ops.h"
#include "tensor/walk.h"

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

// ---- where a value comes from: for the reference and for kernels ---------------------------------------------------------

// How far the kernel reaches in x.
inline double reach_of(const ResizeAttr& attr, double scale) {
  double reach = attr.kind == ResizeKind::cubic ? 2 : 1;
  return attr.antialias && scale < 1 ? reach / scale : reach;
}

// One dimension at one index of the output: what it takes of x, and its weights.
struct Taps {
  double place = 0, narrow = 1, total = 1;  // weights are kernel((index - place) * narrow) / total
  int64_t first = 0, last = 0;              // both taken; they may lie beyond x's ends
  bool outside = false;
};

struct ResizeRun {
  ResizeAttr attr;
  const Tensor &x, &y;
  const double* geometry;
  int64_t stride[kMaxRank] = {};
  Taps taps[kMaxRank] = {};

  double scale(int i) const {
    double given = geometry[i];
    return given > 0 ? given : double(y.dim[i]) / double(x.dim[i]);
  }
  double place(int i, double o) const {
    double in = double(x.dim[i]), by = scale(i), whole = by * in, from = geometry[x.rank + i], to = geometry[2 * x.rank + i];
    switch (attr.place) {
      case ResizePlace::half_pixel: return (o + 0.5) / by - 0.5;
      case ResizePlace::half_pixel_symmetric: return in / 2 * (1 - double(y.dim[i]) / whole) + (o + 0.5) / by - 0.5;
      case ResizePlace::half_pixel_or_first: return y.dim[i] > 1 ? (o + 0.5) / by - 0.5 : 0;
      case ResizePlace::align_corners: return whole == 1 ? 0 : o * (in - 1) / (whole - 1);
      case ResizePlace::asymmetric: return o / by;
      case ResizePlace::region: return whole == 1 ? (from + to) / 2 * (in - 1) : from * (in - 1) + o * (to - from) * (in - 1) / (whole - 1);
    }
    return 0;
  }
  // Whether every index of the output along a dimension is the same of x.
  bool copies(int i) const { return x.dim[i] == y.dim[i] && scale(i) == 1 && attr.place != ResizePlace::region; }
  double kernel(double t) const {
    t = std::fabs(t);
    if (attr.kind == ResizeKind::linear) return std::max(1 - t, 0.0);
    double c = double(attr.cubic);
    if (t <= 1) return ((c + 2) * t - (c + 3)) * t * t + 1;
    return t < 2 ? ((c * t - 5 * c) * t + 8 * c) * t - 4 * c : 0;
  }
  double weight(int i, int64_t index) const {
    const Taps& t = taps[i];
    if (attr.exclude_outside && (index < 0 || index >= x.dim[i])) return 0;
    return kernel((double(index) - t.place) * t.narrow) / t.total;
  }
  int64_t nearest(double at) const {
    double low = std::floor(at), part = at - low;
    bool up = attr.nearest == ResizeNearest::half_down ? part > 0.5 : attr.nearest == ResizeNearest::half_up ? part >= 0.5 : attr.nearest == ResizeNearest::ceil && part > 0;
    return int64_t(low) + up;
  }
  void find(int i, int64_t o) {
    Taps& t = taps[i] = {};
    double at = place(i, double(o)), reach = reach_of(attr, scale(i));
    t.outside = attr.place == ResizePlace::region && !(at >= 0 && at <= double(x.dim[i] - 1));
    if (!(at > -1 - reach)) at = -1 - reach;
    t.place = at = std::min(at, double(x.dim[i]) + reach);
    if (attr.kind == ResizeKind::nearest) {
      t.first = t.last = nearest(at);
      return;
    }
    t.narrow = attr.antialias ? std::min(scale(i), 1.0) : 1;
    t.first = int64_t(std::floor(at - reach)) + 1, t.last = int64_t(std::ceil(at + reach)) - 1;
    if (!attr.antialias && !attr.exclude_outside) return;
    double total = 0;
    for (int64_t index = t.first; index <= t.last; ++index) total += weight(i, index);
    if (total != 0) t.total = total;
  }
  int64_t inside(int i, int64_t index) const { return std::clamp<int64_t>(index, 0, x.dim[i] - 1) * stride[i]; }

  bool outside() const {
    return std::any_of(taps, taps + x.rank, [](const Taps& t) { return t.outside; });
  }
};

}  // namespace prm
