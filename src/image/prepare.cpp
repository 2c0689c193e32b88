#include "image/prepare.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "tensor/dense.h"

namespace prm {

namespace {

constexpr int64_t kMostExtent = 1 << 20;
constexpr const char* kAxes[3] = {"slices", "rows", "columns"};

// Where slices, rows, columns and channels stand in a shape; -1: nowhere.
struct Layout {
  int axis[3] = {-1, -1, -1}, channels = -1;
};

Layout source_layout(const Tensor& t, bool is_volume) {
  if (is_volume && t.rank == 3) return {{0, 1, 2}, -1};
  if (!is_volume && t.rank == 2) return {{-1, 0, 1}, -1};
  if (!is_volume && t.rank == 3) return {{-1, 0, 1}, 2};
  fail_about(Status::invalid_argument, "image", "image: rank is {}, expected {}", t.rank, is_volume ? "3, [D, H, W], as PRM_IMAGE_VOLUME is set" : "2, [H, W], or 3, [H, W, C]");
}

// Extents of 1 in front are batches; then slices of a volume, and channels in front of or behind the rest.
Layout result_layout(const Tensor& t, const ImageOptions& options, int64_t channels) {
  int spatial = options.is_volume ? 3 : 2;
  bool has_channels = t.rank > spatial || channels > 1;
  int used = spatial + (has_channels ? 1 : 0), batch = t.rank - used;
  if (batch < 0 || batch > 1 || (batch == 1 && t.dim[0] != 1 && t.dim[0] != -1))
    fail_about(Status::invalid_argument, "out", "out: rank is {}, expected [{}{}] with or without a 1 in front", t.rank, options.is_volume ? "D, H, W" : "H, W",
               !has_channels ? "" : options.channels_last ? ", C" : " behind C");
  Layout layout;
  int at = batch;
  if (has_channels && !options.channels_last) layout.channels = at++;
  for (int i = 3 - spatial; i < 3; ++i) layout.axis[i] = at++;
  if (has_channels && options.channels_last) layout.channels = at;
  return layout;
}

void require_extent(const char* name, const char* what, int64_t extent) {
  if (extent < 1 || extent > kMostExtent) fail_about(extent < 1 ? Status::invalid_argument : Status::limit, name, "{}: {} {}, expected 1 to {}", name, extent, what, kMostExtent);
}

void require_elements(const char* name, const int64_t extent[3], int64_t channels, int64_t most) {
  auto all = uint64_t(channels);
  for (int i = 0; i < 3; ++i)
    if (!checked_mul(all, uint64_t(extent[i]), all) || all > uint64_t(most))
      fail_about(Status::limit, name, "{}: {} x {} x {} x {} elements are more than limits.image_elements, {}", name, extent[0], extent[1], extent[2], channels, most);
}

// Of an extent that the caller leaves open.
int64_t extent_by_spacing(const ImageOptions& options, int axis, int64_t source) {
  double from = options.spacing[axis], to = options.out_spacing[axis];
  if (from == 0 && to == 0) return source;
  if (from == 0 || to == 0) fail_about(Status::invalid_argument, "spacing", "spacing[{}] is {} and out_spacing[{}] {}: give both, or neither", axis, from, axis, to);
  double wanted = double(source) * from / to;
  if (!(wanted <= double(kMostExtent))) fail_about(Status::limit, "out", "out: {} {} by spacing, at most {} will do", wanted, kAxes[axis], kMostExtent);
  return std::max<int64_t>(1, int64_t(nearest(wanted)));
}

int64_t half_to_even(int64_t n) { return n / 2 + (n % 2 && (n / 2) % 2 ? 1 : 0); }

// Two axes of one image, as it is resized and laid into the result.
void fit_into(Fit fit, ResizedAxis* axis, const int64_t* wanted, int64_t* at) {
  bool first_is_tighter = double(wanted[0]) / double(axis[0].source) < double(wanted[1]) / double(axis[1].source);
  int by = (fit == Fit::letterbox) == first_is_tighter ? 0 : 1;
  double ratio = double(wanted[by]) / double(axis[by].source);
  for (int i = 0; i < 2; ++i) {
    ResizedAxis& a = axis[i];
    if (fit == Fit::letterbox) {
      a.result = i == by ? wanted[i] : std::clamp<int64_t>(int64_t(nearest(double(a.source) * ratio)), 1, wanted[i]);
      a.begin = 0, a.count = a.result, at[i] = (wanted[i] - a.result) / 2;
    } else {
      a.result = i == by ? wanted[i] : std::max(a.source * wanted[by] / axis[by].source, wanted[i]);
      a.begin = half_to_even(a.result - wanted[i]), a.count = wanted[i], at[i] = 0;
    }
  }
}

ResizedAxis stretched(int64_t source, int64_t result) { return {source, result, 0, result}; }

void plan_axes(ImagePlan& plan) {
  Picture& source = plan.job.source;
  plan.job.slice = stretched(source.slices, plan.extent[0]);
  ResizedAxis axis[2] = {stretched(source.rows, plan.extent[1]), stretched(source.columns, plan.extent[2])};
  if (plan.options.fit != Fit::stretch) fit_into(plan.options.fit, axis, plan.extent + 1, plan.at + 1);
  for (int i = 0; i < 2; ++i)
    if (axis[i].result > kMostExtent) fail_about(Status::limit, "out", "out: fit by cropping needs {} {}, at most {} will do", axis[i].result, kAxes[i + 1], kMostExtent);
  plan.job.row = axis[0];
  plan.job.column = axis[1];
  Resampling how = plan.options.resample;
  if (source.slices != plan.extent[0] && how != Resampling::nearest && how != Resampling::torch_linear)
    fail_about(Status::invalid_argument, "resample", "resample: slices are resampled by NEAREST and TORCH_LINEAR alone: give {} slices, or one of these", source.slices);
}

}  // namespace

bool ImagePlan::has_padding() const { return job.row.count != extent[1] || job.column.count != extent[2]; }

ImageMap ImagePlan::map() const {
  ImageMap map;
  const ResizedAxis* axes[3] = {&job.slice, &job.row, &job.column};
  for (int i = 0; i < 3; ++i) {
    double step = double(axes[i]->source) / double(axes[i]->result);
    map.factor[i] = step;
    map.offset[i] = (double(axes[i]->begin - at[i]) + 0.5) * step - 0.5;
  }
  return map;
}

ImagePlan plan_image(const ImageOptions& options, const Tensor& source, const Tensor& wanted, int64_t elements) {
  ImagePlan plan;
  plan.options = options;
  plan.job.how = options.resample;
  Layout from = source_layout(source, options.is_volume);
  int64_t extent[3];
  for (int i = 0; i < 3; ++i) {
    extent[i] = from.axis[i] < 0 ? 1 : source.dim[from.axis[i]];
    require_extent("image", kAxes[i], extent[i]);
  }
  int64_t channels = from.channels < 0 ? 1 : source.dim[from.channels];
  if (channels < 1 || channels > kMostChannels)
    fail_about(Status::invalid_argument, "image", "image: {} channels, expected 1 to {}; [D, H, W] needs PRM_IMAGE_VOLUME", channels, kMostChannels);
  require_elements("image", extent, channels, elements);
  plan.job.source = {source.data, source.dtype, extent[0], extent[1], extent[2], channels};

  Layout to = result_layout(wanted, options, channels);
  plan.result = wanted;
  for (int i = 0; i < wanted.rank; ++i) plan.result.dim[i] = wanted.dim[i] == -1 ? 1 : wanted.dim[i];
  for (int i = 0; i < 3; ++i) {
    plan.extent[i] = to.axis[i] < 0 ? 1 : wanted.dim[to.axis[i]];
    if (plan.extent[i] == -1) plan.extent[i] = extent_by_spacing(options, i, extent[i]);
    require_extent("out", kAxes[i], plan.extent[i]);
    if (to.axis[i] >= 0) plan.result.dim[to.axis[i]] = plan.extent[i];
  }
  plan.channels = to.channels < 0 || wanted.dim[to.channels] == -1 ? channels : wanted.dim[to.channels];
  if (to.channels >= 0) plan.result.dim[to.channels] = plan.channels;
  bool repeats = channels == 1 && plan.channels >= 1 && plan.channels <= kMostChannels, drops_alpha = channels == 4 && plan.channels == 3;
  if (plan.channels != channels && !repeats && !drops_alpha)
    fail_about(Status::invalid_argument, "out", "out: {} channels of an image that has {}: only grey is repeated, and of 4 the last one dropped", plan.channels, channels);
  if (options.swap_red_blue && plan.channels < 3) fail_about(Status::invalid_argument, "flags", "flags: PRM_IMAGE_SWAP_RED_BLUE needs 3 channels or 4, not {}", plan.channels);
  require_elements("out", plan.extent, plan.channels, elements);
  plan_axes(plan);
  return plan;
}

namespace {

// Values of one channel, step by step; each step is rounded to float.
struct Steps {
  const ImageOptions& options;
  bool rescales, windows;
  double low;
  explicit Steps(const ImageOptions& o) : options(o), rescales(o.slope != 1 || o.intercept != 0), windows(o.window_width > 0), low(o.window_center - o.window_width / 2) {}

  float operator()(float value, int64_t channel) const {
    if (rescales) value = float(options.slope * double(value) + options.intercept);
    if (windows) {
      double place = (double(value) - low) / options.window_width;
      value = float(place < 0 ? 0 : place > 1 ? 1 : place);  // NaN stays
      if (options.invert) value = 1 - value;
    }
    return (value * options.scale - options.mean[channel]) / options.deviation[channel];
  }
};

template <class T>
void store(std::byte* out, int64_t index, float value) {
  T stored;
  if constexpr (std::is_same_v<T, uint8_t>) stored = rounded_to<uint8_t>(double(value));
  else stored = Dense<T>::store(value);
  std::memcpy(out + size_t(index) * sizeof(T), &stored, sizeof(T));
}

template <class T>
struct Writer {
  const ImagePlan& plan;
  std::byte* out;
  Steps steps{plan.options};

  // Elements between neighbours.
  int64_t channel_step() const { return plan.options.channels_last ? 1 : plan.extent[0] * plan.extent[1] * plan.extent[2]; }
  int64_t column_step() const { return plan.options.channels_last ? plan.channels : 1; }
  int64_t row_start(int64_t slice, int64_t row) const { return (slice * plan.extent[1] + row) * plan.extent[2] * column_step(); }

  int64_t source_channel(int64_t channel) const {
    if (plan.job.source.channels == 1) return 0;
    return plan.options.swap_red_blue && channel < 3 ? 2 - channel : channel;
  }

  void take(int64_t slice, int64_t row, const float* values) const {
    int64_t C = plan.job.source.channels, at = row_start(slice, row + plan.at[1]) + plan.at[2] * column_step();
    for (int64_t c = 0; c < plan.channels; ++c) {
      const float* from = values + source_channel(c);
      int64_t to = at + c * channel_step(), step = column_step();
      for (int64_t x = 0; x < plan.job.column.count; ++x) store<T>(out, to + x * step, steps(from[x * C], c));
    }
  }
  void pad_columns(int64_t row_at, int64_t begin, int64_t end) const {
    for (int64_t c = 0; c < plan.channels; ++c)
      for (int64_t x = begin; x < end; ++x) store<T>(out, row_at + c * channel_step() + x * column_step(), plan.options.padding);
  }
  void pad(const Work& work) const {
    int64_t H = plan.extent[1], W = plan.extent[2], left = plan.at[2], right = left + plan.job.column.count, top = plan.at[1], bottom = top + plan.job.row.count;
    for (int64_t i = 0; i < plan.extent[0] * H; ++i) {
      work.control.require();
      int64_t row = i % H, at = row_start(i / H, row);
      bool inside = row >= top && row < bottom;
      pad_columns(at, 0, inside ? left : W);
      if (inside) pad_columns(at, right, W);
    }
  }
};

template <class T>
void prepare_as(const ImagePlan& plan, const Work& work, std::byte* out) {
  Writer<T> writer{plan, out};
  if (plan.has_padding()) writer.pad(work);
  resample(plan.job, work, {[](void* context, int64_t slice, int64_t row, const float* values) { static_cast<const Writer<T>*>(context)->take(slice, row, values); }, &writer});
}

}  // namespace

void prepare_image(const ImagePlan& plan, const Work& work, std::byte* out) {
  switch (plan.result.dtype) {
    case DType::f32: return prepare_as<float>(plan, work, out);
    case DType::f16: return prepare_as<Half>(plan, work, out);
    case DType::u8: return prepare_as<uint8_t>(plan, work, out);
    default: fail(Status::internal, "an image of {}", info(plan.result.dtype).name);
  }
}

}  // namespace prm
