// Other resolutions: Resize and Upsample.
#include <algorithm>
#include <cmath>

#include "models/onnx_lists.h"
#include "ops/resize.h"
#include "tensor/dense.h"

namespace prm {

namespace {

struct Resizing {
  ResizeAttr attr = {};
  Shape shape = {};                            // of the output
  double scale[kMaxRank], from[kMaxRank], to[kMaxRank];  // of each dimension
  int axis[kMaxRank], axes = 0;                // dimensions that are resized

  explicit Resizing(const OnnxCall& c) : shape(c.shape(0)) {
    for (int i = 0; i < kMaxRank; ++i) scale[i] = 1, from[i] = 0, to[i] = 1;
    attr.cubic = -0.75f;
  }
};

bool holds_values(const OnnxCall& c, int i) { return c.has(i) && !(c.shape(i).rank == 1 && c.shape(i)[0] == Dim(0)); }

Vector<double> known_numbers(const OnnxCall& c, int i, const char* what) {
  if (!c.is_known(c.in(i))) c.unsupported(format_text("{} that are not known when the model is opened", what));
  Tensor data = c.contents(c.in(i));
  c.need(is_float(data.dtype) && data.rank == 1, format_text("{} are no list of numbers", what));
  Vector<double> numbers;
  for (int64_t j = 0; j < data.count(); ++j) {
    numbers.push_back(load_value(data, j));
    c.need(std::isfinite(numbers.back()), format_text("{} hold a value that is not finite", what));
  }
  return numbers;
}

// x times a scale, rounded down. The product is one of floats, as those are who write scales.
Dim scaled_extent(const OnnxCall& c, Dim x, double scale) {
  DimTable& dims = c.graph().dims;
  if (x.literal()) {
    double extent = std::floor(double(float(x.value) * float(scale)));
    c.need(extent < 0x1p62, "an extent of the output is too large");
    return int64_t(extent);
  }
  int64_t parts = 1;
  while (parts < 1 << 16 && scale * double(parts) != std::floor(scale * double(parts))) parts *= 2;
  double times = scale * double(parts);
  if (times != std::floor(times) || times > 0x1p30) c.unsupported(format_text("scale {} of an extent that is not known when the model is opened", scale));
  return dims.divide(dims.multiply(x, int64_t(times)), parts);
}

void take_scales(const OnnxCall& c, Resizing& r, const Vector<double>& scales) {
  c.need(scales.size() == size_t(r.axes), "scales are not one a dimension");
  for (int i = 0; i < r.axes; ++i) {
    double scale = scales[size_t(i)];
    c.need(scale > 0, "a scale is not above 0");
    r.scale[r.axis[i]] = scale;
    r.shape[r.axis[i]] = scaled_extent(c, c.shape(0)[r.axis[i]], scale);
  }
}

void take_sizes(const OnnxCall& c, Resizing& r, const Vector<int64_t>& sizes) {
  c.need(sizes.size() == size_t(r.axes), "sizes are not one a dimension");
  for (int i = 0; i < r.axes; ++i) {
    c.need(sizes[size_t(i)] >= 0, "a size is below 0");
    r.shape[r.axis[i]] = sizes[size_t(i)];
    r.scale[r.axis[i]] = 0;
  }
  std::string_view policy = c.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || !r.axes) return;
  c.need(policy == "not_larger" || policy == "not_smaller", "keep_aspect_ratio_policy is none of its values");
  double scale = 0;
  for (int i = 0; i < r.axes; ++i) {
    int64_t x = c.extent(c.in(0), r.axis[i]);
    c.need(x > 0 && sizes[size_t(i)] > 0, "an aspect ratio is to be kept that has no extent");
    double one = double(sizes[size_t(i)]) / double(x);
    scale = i == 0 ? one : policy == "not_larger" ? std::min(scale, one) : std::max(scale, one);
  }
  for (int i = 0; i < r.axes; ++i) {
    double extent = std::floor(scale * double(c.extent(c.in(0), r.axis[i])) + 0.5);
    c.need(extent < 0x1p62, "an extent of the output is too large");
    r.scale[r.axis[i]] = scale, r.shape[r.axis[i]] = int64_t(extent);
  }
}

template <class E>
struct Named {
  const char* name;
  E value;
};
template <class E, size_t count>
E choose(const OnnxCall& c, const char* attribute, const Named<E> (&names)[count]) {
  std::string_view given = c.text(attribute, names[0].name);
  for (const Named<E>& one : names)
    if (given == one.name) return one.value;
  c.bad(format_text("{} is none of its values", attribute));
}

constexpr Named<ResizeKind> kKinds[] = {
    {"nearest", ResizeKind::nearest}, {"linear", ResizeKind::linear}, {"cubic", ResizeKind::cubic}, {"bilinear", ResizeKind::linear}};
constexpr Named<ResizePlace> kPlaces[] = {{"half_pixel", ResizePlace::half_pixel},
                                          {"half_pixel_symmetric", ResizePlace::half_pixel_symmetric},
                                          {"pytorch_half_pixel", ResizePlace::half_pixel_or_first},
                                          {"align_corners", ResizePlace::align_corners},
                                          {"asymmetric", ResizePlace::asymmetric},
                                          {"tf_crop_and_resize", ResizePlace::region}};
constexpr Named<ResizeNearest> kNearest[] = {{"round_prefer_floor", ResizeNearest::half_down},
                                             {"round_prefer_ceil", ResizeNearest::half_up},
                                             {"floor", ResizeNearest::floor},
                                             {"ceil", ResizeNearest::ceil}};

void finish(OnnxCall& c, Resizing& r) {
  int64_t rank = c.shape(0).rank, dims[] = {3, rank};
  Vector<double> geometry;
  for (const double* list : {r.scale, r.from, r.to}) geometry.insert(geometry.end(), list, list + rank);
  r.attr.shape = shape_attr(r.shape);
  c.out(0, c.add(kResize, r.attr, {c.in(0), c.constant(DType::f64, dims, geometry.data())}));
}

void read_axes(const OnnxCall& c, Resizing& r) {
  int rank = c.shape(0).rank;
  auto given = c.list("axes");
  bool seen[kMaxRank] = {};
  r.axes = given ? int(std::min<size_t>(given->size(), kMaxRank + 1)) : rank;
  c.need(r.axes <= rank, "it has more axes than x dimensions");
  for (int i = 0; i < r.axes; ++i) {
    r.axis[i] = given ? c.axis((*given)[size_t(i)], rank) : i;
    c.need(!seen[r.axis[i]], "an axis stands twice");
    seen[r.axis[i]] = true;
  }
}

void read_region(const OnnxCall& c, Resizing& r) {
  c.need(c.has(1), "it lacks its region");
  Vector<double> region = known_numbers(c, 1, "ends of the region");
  c.need(region.size() == 2 * size_t(r.axes), "its region is not two numbers a dimension");
  for (int i = 0; i < r.axes; ++i) r.from[r.axis[i]] = region[size_t(i)], r.to[r.axis[i]] = region[size_t(i + r.axes)];
}

// Until version 10 places were those of o / scale, rounded down, and only scales told what to do.
void import_by_scales(OnnxCall& c) {
  Resizing r(c);
  r.axes = c.shape(0).rank;
  for (int i = 0; i < r.axes; ++i) r.axis[i] = i;
  r.attr.kind = choose(c, "mode", kKinds);
  r.attr.place = ResizePlace::asymmetric, r.attr.nearest = ResizeNearest::floor;
  Vector<double> scales;
  if (c.version >= 9) {
    scales = known_numbers(c, 1, "scales");
  } else {
    auto given = c.reals("scales");
    c.need(given.has_value(), "it lacks attribute 'scales'");
    for (float one : *given) scales.push_back(double(one));
    c.need(std::all_of(scales.begin(), scales.end(), [](double one) { return std::isfinite(one); }), "a scale is not finite");
  }
  take_scales(c, r, scales);
  finish(c, r);
}

void import_upsample(OnnxCall& c) {
  c.need(c.version < 10, "the operator was taken out in version 10 of its set");
  import_by_scales(c);
}

void import_resize(OnnxCall& c) {
  if (c.version < 11) return import_by_scales(c);
  Resizing r(c);
  read_axes(c, r);
  r.attr.kind = choose(c, "mode", kKinds);
  r.attr.place = choose(c, "coordinate_transformation_mode", kPlaces);
  r.attr.nearest = choose(c, "nearest_mode", kNearest);
  bool smooth = r.attr.kind != ResizeKind::nearest;
  r.attr.exclude_outside = smooth && c.integer("exclude_outside", 0) != 0;
  r.attr.antialias = smooth && c.integer("antialias", 0) != 0;
  r.attr.cubic = float(c.real("cubic_coeff_a", -0.75));
  r.attr.outside = float(c.real("extrapolation_value", 0));
  if (r.attr.place == ResizePlace::region) read_region(c, r);
  bool scales = holds_values(c, 2), sizes = holds_values(c, 3);
  c.need(scales != sizes || r.axes == 0, "it takes either scales or sizes");
  if (scales) take_scales(c, r, known_numbers(c, 2, "scales"));
  if (sizes) take_sizes(c, r, c.integers(3, "sizes"));
  finish(c, r);
}

constexpr OnnxOperator kOperators[] = {
    {"Resize", import_resize},
    {"Upsample", import_upsample},
};

}  // namespace

std::span<const OnnxOperator> onnx_resize() { return kOperators; }

}  // namespace prm
