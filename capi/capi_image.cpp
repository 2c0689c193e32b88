// Images and volumes.
#include <algorithm>
#include <cmath>

#include "capi/capi.h"
#include "image/prepare.h"

namespace prm {

namespace {

constexpr uint32_t kImageFlags = PRM_IMAGE_CHANNELS_LAST | PRM_IMAGE_SWAP_RED_BLUE | PRM_IMAGE_INVERT | PRM_IMAGE_VOLUME;

void require_finite(double value, const char* name) {
  if (!std::isfinite(value)) fail_about(Status::invalid_argument, name, "options.{} is {}, expected a number", name, value);
}

void read_spacing(const double* from, const char* name, double* to) {
  for (int i = 0; i < 3; ++i) {
    require_finite(from[i], name);
    if (from[i] < 0) fail_about(Status::invalid_argument, name, "options.{}[{}] is {}, expected mm above 0, or 0", name, i, from[i]);
    to[i] = from[i];
  }
}

ImageOptions read_image_options(const prm_image_options* given) {
  prm_image_options from = read_options(given, "options");
  if (from.flags & ~kImageFlags) fail_about(Status::unsupported, "flags", "options.flags has bits that this library does not know: {:#x}", from.flags & ~kImageFlags);
  if (from.resample < 0 || from.resample >= kResamplings) fail_about(Status::invalid_argument, "resample", "options.resample is {}, expected 0 to {}", from.resample, kResamplings - 1);
  if (from.fit < PRM_FIT_STRETCH || from.fit > PRM_FIT_CROP) fail_about(Status::invalid_argument, "fit", "options.fit is {}, expected 0 to 2", from.fit);
  ImageOptions options;
  options.resample = Resampling(from.resample);
  options.fit = Fit(from.fit);
  options.is_volume = from.flags & PRM_IMAGE_VOLUME;
  options.channels_last = from.flags & PRM_IMAGE_CHANNELS_LAST;
  options.swap_red_blue = from.flags & PRM_IMAGE_SWAP_RED_BLUE;
  options.invert = from.flags & PRM_IMAGE_INVERT;
  for (auto [value, name] : {std::pair(from.slope, "slope"), {from.intercept, "intercept"}, {from.window_center, "window_center"}, {from.window_width, "window_width"},
                             {double(from.scale), "scale"}, {double(from.padding), "padding"}})
    require_finite(value, name);
  require_argument(from.window_width >= 0, "window_width", "is below 0");
  require_argument(!options.invert || from.window_width > 0, "flags", "PRM_IMAGE_INVERT needs a window: set window_center and window_width");
  options.slope = from.slope == 0 ? 1 : from.slope;
  options.intercept = from.intercept;
  options.window_center = from.window_center;
  options.window_width = from.window_width;
  options.scale = from.scale == 0 ? 1 : from.scale;
  options.padding = from.padding;
  for (int c = 0; c < kMostChannels; ++c) {
    require_finite(double(from.mean[c]), "mean");
    require_finite(double(from.deviation[c]), "deviation");
    options.mean[c] = from.mean[c];
    options.deviation[c] = from.deviation[c] == 0 ? 1 : from.deviation[c];
  }
  read_spacing(from.spacing, "spacing", options.spacing);
  read_spacing(from.out_spacing, "out_spacing", options.out_spacing);
  return options;
}

Tensor read_image(const prm_tensor* image) {
  require_argument(image, "image", "is NULL");
  Tensor source = describe_input(*image, "image");
  bool known = source.dtype == DType::u8 || source.dtype == DType::u16 || source.dtype == DType::i16 || source.dtype == DType::f32;
  require_argument(known, "image", "dtype is not U8, U16, I16 or F32");
  require_data(*image, source, "image");
  return source;
}

Tensor read_wanted(const prm_tensor* out) {
  require_argument(out, "out", "is NULL");
  require_argument(out->rank >= 2 && out->rank <= 5, "out", "rank is not 2 to 5");
  require_argument(out->dtype == PRM_DTYPE_ANY || out->dtype == PRM_DTYPE_F32 || out->dtype == PRM_DTYPE_F16 || out->dtype == PRM_DTYPE_U8, "out",
                   "dtype is not ANY, F32, F16 or U8");
  require_plain(*out, "out");
  require_argument(std::all_of(out->stride, out->stride + PRM_MAX_RANK, [](int64_t stride) { return stride == 0; }), "out", "strides are not all 0");
  Tensor wanted;
  wanted.dtype = out->dtype == PRM_DTYPE_ANY ? DType::f32 : *dense_dtype(out->dtype);
  for (int i = 0; i < out->rank; ++i) wanted.dim[wanted.rank++] = out->shape[i];
  return wanted;
}

void require_room_apart(const prm_tensor& image, const Tensor& source, const ImagePlan& plan, prm_tensor& out) {
  uint64_t capacity = out.data ? out.bytes : 0, need = plan.result.bytes();
  if (capacity < need) {
    describe_output(plan.result, plan.result.dtype, out);
    fail_too_small(need, format_message("the image needs {} bytes, the buffer has {}", need, capacity), "out");
  }
  auto from = reinterpret_cast<uintptr_t>(image.data), to = reinterpret_cast<uintptr_t>(out.data);
  require_argument(from + source.bytes() <= to || to + need <= from, "out", "data overlaps the image: give it memory of its own");
}

}  // namespace

}  // namespace prm

using namespace prm;

prm_status prm_image_prepare(prm_engine* engine, const prm_tensor* image, const prm_image_options* options, const prm_control* control, prm_tensor* out,
                             prm_image_map* map) try {
  FloatState ours;
  EngineUse use(engine, "engine");
  Listening listen(control, use);
  Engine& e = *use->engine;
  Tensor source = read_image(image);
  ImagePlan plan = plan_image(read_image_options(options), source, read_wanted(out), int64_t(e.limits.image_elements));
  require_room_apart(*image, source, plan, *out);
  AccountScope account(e.account);
  prepare_image(plan, work_of(e, listen.control), static_cast<std::byte*>(out->data));
  describe_output(plan.result, plan.result.dtype, *out);
  if (!map) return PRM_STATUS_OK;
  ImageMap back = plan.map();
  std::copy_n(back.factor, 3, map->factor);
  std::copy_n(back.offset, 3, map->offset);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
