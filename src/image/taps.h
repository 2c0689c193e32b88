// Where a resampled value comes from along one axis: which source indices, with which weights. Each library that models are trained
// with has rules of its own; results equal theirs only where these tables do, to the last bit.
#pragma once
#include "base/containers.h"
#include "base/control.h"

namespace prm {

// Values of PRM_RESAMPLE_* in premise.h.
enum class Resampling : int32_t {
  nearest, pil_bilinear, pil_bicubic, pil_lanczos, opencv_linear, opencv_area, opencv_cubic, torch_linear, torch_cubic
};
inline constexpr int kResamplings = 9;
inline bool is_pil(Resampling how) { return how >= Resampling::pil_bilinear && how <= Resampling::pil_lanczos; }

// An axis of `source` elements, resized to `result`, of which [begin, begin + count) are wanted.
struct ResizedAxis {
  int64_t source = 1, result = 1, begin = 0, count = 1;
};

enum class AxisOf : uint8_t { columns, rows };  // OpenCV treats the borders of the two in ways of their own

// What OpenCV makes of INTER_AREA depends on both axes of an image.
enum class AreaRule : uint8_t {
  mean,    // neither axis grows: means over cells
  linear,  // else: linear, with weights of its own
};

struct Taps {
  Vector<int64_t> begin;   // of each result, and the end of the last
  Vector<int32_t> index;   // in the source
  Vector<double> weight;
  int64_t most = 0;        // taps of one result

  int64_t count() const { return int64_t(begin.size()) - 1; }
  void end_result();
};

Taps make_taps(Resampling how, const ResizedAxis& axis, AxisOf which, AreaRule area, const Control& control);

}  // namespace prm
