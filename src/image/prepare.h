// From an image as a camera or a scanner stores it to what a model reads: resized into a place, rescaled, windowed, normalized, its
// channels in order. The public header (prm_image_options) tells each step.
#pragma once
#include "image/resample.h"

namespace prm {

enum class Fit : int32_t { stretch, letterbox, crop };  // values of PRM_FIT_* in premise.h

inline constexpr int kMostChannels = 4;

struct ImageOptions {
  Resampling resample = Resampling::nearest;
  Fit fit = Fit::stretch;
  bool is_volume = false, channels_last = false, swap_red_blue = false, invert = false;
  double slope = 1, intercept = 0, window_center = 0, window_width = 0;
  float scale = 1, mean[kMostChannels] = {}, deviation[kMostChannels] = {1, 1, 1, 1}, padding = 0;
  double spacing[3] = {}, out_spacing[3] = {};
};

// Source index = result index * factor + offset, for slice, row, column.
struct ImageMap {
  double factor[3], offset[3];
};

struct ImagePlan {
  ImageOptions options;
  ResampleJob job;            // data too
  int64_t at[3] = {};         // where in the result its values begin: slice, row, column
  int64_t extent[3] = {};     // of the result
  int64_t channels = 1;       // of the result
  Tensor result;              // without data
  bool has_padding() const;
  ImageMap map() const;
};

// `wanted`: dtype f32, f16 or u8, rank and extents, -1 where the source or the spacing tells. At most `elements` in each of the two.
// Fails with invalid_argument, and limit.
ImagePlan plan_image(const ImageOptions& options, const Tensor& source, const Tensor& wanted, int64_t elements);
// Fills plan.result, dense at `out`. Scratch is charged to the account that is current.
void prepare_image(const ImagePlan& plan, const Work& work, std::byte* out);

}  // namespace prm
