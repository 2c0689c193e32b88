// Values between places: GridSample, AffineGrid, RoiAlign.
#include "models/onnx_lists.h"
#include "ops/sampling.h"

namespace prm {

namespace {

void import_grid_sample(OnnxCall& c) {
  GridSampleAttr attr = {};
  attr.rank = c.shape(0).rank - 2;
  if (attr.rank > kMaxSpatial) c.unsupported("more than 3 spatial dimensions");
  std::string_view mode = c.text("mode", c.version < 20 ? "bilinear" : "linear"), padding = c.text("padding_mode", "zeros");
  bool cubic = mode == "cubic" || mode == "bicubic", linear = mode == "linear" || mode == "bilinear";
  c.need(cubic || linear || mode == "nearest", "mode is none of its values");
  c.need(padding == "zeros" || padding == "border" || padding == "reflection", "padding_mode is none of its values");
  attr.kind = cubic ? SampleKind::cubic : linear ? SampleKind::linear : SampleKind::nearest;
  attr.padding = padding == "zeros" ? SamplePadding::zeros : padding == "border" ? SamplePadding::border : SamplePadding::reflection;
  attr.align_corners = c.integer("align_corners", 0) != 0;
  c.out(0, c.add(kGridSample, attr, {c.in(0), c.in(1)}));
}

void import_affine_grid(OnnxCall& c) {
  AffineGridAttr attr = {};
  Vector<int64_t> size = c.integers(1, "extents of the grid");
  c.need(size.size() == 4 || size.size() == 5, "its size is neither [N, C, H, W] nor [N, C, D, H, W]");
  c.need(c.shape(0).rank == 3 && (!c.shape(0)[0].literal() || c.shape(0)[0] == Dim(size[0])), "its size has other batches than theta");
  attr.rank = int32_t(size.size()) - 2;
  for (int i = 0; i < attr.rank; ++i) {
    attr.extent[i] = size[size_t(i) + 2];
    c.need(attr.extent[i] >= 0, "an extent of the grid is below 0");
  }
  attr.align_corners = c.integer("align_corners", 0) != 0;
  c.out(0, c.add(kAffineGrid, attr, {c.in(0)}));
}

void import_roi_align(OnnxCall& c) {
  RoiAlignAttr attr = {};
  int64_t height = c.integer("output_height", 1), width = c.integer("output_width", 1), samples = c.integer("sampling_ratio", 0);
  c.need(height > 0 && height <= INT32_MAX && width > 0 && width <= INT32_MAX, "its output has no height or width, or too large ones");
  c.need(samples >= 0, "sampling_ratio is below 0");
  if (samples > 256) c.unsupported("a sampling_ratio above 256");
  attr.height = int32_t(height), attr.width = int32_t(width), attr.samples = int32_t(samples);
  std::string_view mode = c.text("mode", "avg"), place = c.text("coordinate_transformation_mode", c.version < 16 ? "output_half_pixel" : "half_pixel");
  c.need(mode == "avg" || mode == "max", "mode is none of its values");
  c.need(place == "half_pixel" || place == "output_half_pixel", "coordinate_transformation_mode is none of its values");
  attr.maximum = mode == "max", attr.half_pixel = place == "half_pixel";
  attr.scale = float(c.real("spatial_scale", 1));
  c.out(0, c.add(kRoiAlign, attr, {c.in(0), c.in(1), c.in(2)}));
}

constexpr OnnxOperator kOperators[] = {
    {"GridSample", import_grid_sample},
    {"AffineGrid", import_affine_grid},
    {"RoiAlign", import_roi_align},
};

}  // namespace

std::span<const OnnxOperator> onnx_sampling() { return kOperators; }

}  // namespace prm
