#include "ops/sampling.h"

#include <cmath>

#include "tensor/dense.h"

namespace prm {

namespace {

// ---- grid_sample -----------------------------------------------------------------------------------------------------

void infer_grid_sample(ShapeRule& r) {
  auto attr = r.at<GridSampleAttr>();
  r.need(r.inputs() == 2 && is_dense(r.x(0).dtype) && is_float(r.x(1).dtype), "needs x and a grid of floats");
  r.need(attr.rank >= 1 && attr.rank <= kMaxSpatial, "needs 1 to 3 spatial dimensions");
  const Shape x = r.shape(0), grid = r.shape(1);
  r.need(x.rank == attr.rank + 2 && grid.rank == x.rank, "needs x [N, C, spatial...] and a grid [N, out..., spatial dimensions]");
  r.need(x[0] == grid[0] && grid[-1] == Dim(attr.rank), "the grid has other batches or coordinates than x");
  Shape y{x.dims[0], x.dims[1]};
  for (int i = 0; i < attr.rank; ++i) y.dims[y.rank++] = grid[1 + i];
  r.out = {{r.x(0).dtype, y}};
}

Cost cost_grid_sample(const OpArgs& a) {
  auto attr = a.at<GridSampleAttr>();
  double taps = attr.kind == SampleKind::nearest ? 1 : attr.kind == SampleKind::linear ? 2 : 4;
  return cost_of_values(a, 2 * std::pow(taps, attr.rank));
}

// What one dimension takes of x; index -1: nothing.
struct SampleTaps {
  int count = 0;
  int64_t index[4];
  double weight[4];
};

// To and fro between the ends.
double reflected(double p, double low, double high) {
  double range = high - low;
  if (!(range > 0)) return low;
  if (p >= low && p <= high) return p;
  double past = p < low ? low - p : p - high, rest = std::fmod(past, range);
  bool even = std::fmod(std::floor(past / range), 2) == 0;
  return even == (p < low) ? low + rest : high - rest;
}

struct SampleAxis {
  int64_t extent;
  SampleKind kind;
  SamplePadding padding;
  bool align;

  double low() const { return align ? 0 : -0.5; }
  double high() const { return align ? double(extent) - 1 : double(extent) - 0.5; }
  double place(double given) const {
    double d = double(extent), p = align ? (given + 1) / 2 * (d - 1) : ((given + 1) * d - 1) / 2;
    if (!(p > -1e9)) p = -1e9;  // NaN as well
    p = std::min(p, d + 1e9);
    if (kind == SampleKind::nearest) p = nearest(p);
    if (p >= low() && p <= high()) return p;
    if (padding == SamplePadding::border) return std::clamp(p, 0.0, std::max(d - 1, 0.0));
    return padding == SamplePadding::reflection ? reflected(p, low(), high()) : p;
  }
  int64_t index(int64_t i) const {
    if (extent == 0) return -1;
    if (padding == SamplePadding::zeros) return i >= 0 && i < extent ? i : -1;
    if (padding == SamplePadding::reflection) i = int64_t(reflected(double(i), low(), high()));
    return std::clamp<int64_t>(i, 0, extent - 1);
  }
  SampleTaps taps(double given) const {
    SampleTaps t;
    double p = place(given), base = std::floor(p), part = p - base;
    auto add = [&](int64_t at, double weight) { t.index[t.count] = index(at), t.weight[t.count++] = weight; };
    int64_t first = int64_t(base);
    if (kind == SampleKind::nearest) {
      add(int64_t(p), 1);
    } else if (kind == SampleKind::linear) {
      add(first, 1 - part), add(first + 1, part);
    } else {
      constexpr double c = -0.75;
      auto far = [&](double d) { return ((c * d - 5 * c) * d + 8 * c) * d - 4 * c; };
      auto near = [&](double d) { return ((c + 2) * d - (c + 3)) * d * d + 1; };
      add(first - 1, far(part + 1)), add(first, near(part)), add(first + 1, near(1 - part)), add(first + 2, far(2 - part));
    }
    return t;
  }
};

template <class T>
double sample(const T* plane, const int64_t* extent, const SampleTaps* taps) {
  double sum = 0;
  for (int i = 0; i < taps[0].count; ++i)
    for (int j = 0; j < taps[1].count; ++j)
      for (int k = 0; k < taps[2].count; ++k) {
        int64_t deep = taps[0].index[i], high = taps[1].index[j], wide = taps[2].index[k];
        double weight = taps[0].weight[i] * taps[1].weight[j] * taps[2].weight[k];
        if (deep < 0 || high < 0 || wide < 0 || weight == 0) continue;
        sum += weight * double(Dense<T>::load(plane[(deep * extent[1] + high) * extent[2] + wide]));
      }
  return sum;
}

void reference_grid_sample(const OpArgs& a) {
  auto attr = a.at<GridSampleAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  int64_t extent[3] = {1, 1, 1}, points = 1, plane = 1;
  int lacks = kMaxSpatial - attr.rank;
  for (int i = 0; i < attr.rank; ++i) extent[i + lacks] = x.dim[2 + i], points *= y.dim[2 + i], plane *= x.dim[2 + i];
  visit_dense(x.dtype, [&]<class T>() {
    for (int64_t n = 0; n < y.dim[0]; ++n)
      for (int64_t point = 0; point < points; ++point) {
        SampleTaps taps[3];
        for (int i = 0; i < 3; ++i) {
          if (i < lacks) taps[i].count = 1, taps[i].index[0] = 0, taps[i].weight[0] = 1;
          else taps[i] = SampleAxis{extent[i], attr.kind, attr.padding, attr.align_corners != 0}.taps(load_value(a.x(1), (n * points + point) * attr.rank + 2 - i));
        }
        for (int64_t c = 0; c < y.dim[1]; ++c) {
          int64_t at = n * y.dim[1] + c;
          y.as<T>()[at * points + point] = from_double<T>(sample(x.as<T>() + at * plane, extent, taps));
        }
      }
  });
}

// ---- affine_grid -----------------------------------------------------------------------------------------------------

void infer_affine_grid(ShapeRule& r) {
  auto attr = r.at<AffineGridAttr>();
  r.need(r.inputs() == 1 && is_float(r.x(0).dtype) && (attr.rank == 2 || attr.rank == 3), "needs theta of floats and 2 or 3 dimensions");
  r.need(r.shape(0).rank == 3 && r.shape(0)[1] == Dim(attr.rank) && r.shape(0)[2] == Dim(attr.rank + 1), "needs theta [N, rank, rank + 1]");
  Shape y{r.shape(0)[0]};
  for (int i = 0; i < attr.rank; ++i) y.dims[y.rank++] = attr.extent[i];
  y.dims[y.rank++] = attr.rank;
  r.out = {{r.x(0).dtype, y}};
}

Cost cost_affine_grid(const OpArgs& a) { return cost_of_values(a, 8); }

double grid_coordinate(int64_t i, int64_t extent, bool align) {
  if (align) return extent > 1 ? 2 * double(i) / double(extent - 1) - 1 : 0;
  return (2 * double(i) + 1) / double(extent) - 1;
}

void reference_affine_grid(const OpArgs& a) {
  auto attr = a.at<AffineGridAttr>();
  int64_t extent[3] = {1, 1, 1}, at = 0;
  for (int i = 0; i < attr.rank; ++i) extent[i + kMaxSpatial - attr.rank] = attr.extent[i];
  for (int64_t n = 0; n < a.y().dim[0]; ++n)
    for (int64_t o[3] = {}; o[0] < extent[0]; ++o[0])
      for (o[1] = 0; o[1] < extent[1]; ++o[1])
        for (o[2] = 0; o[2] < extent[2]; ++o[2])
          for (int row = 0; row < attr.rank; ++row) {
            int64_t theta = (n * attr.rank + row) * (attr.rank + 1);
            double sum = load_value(a.x(0), theta + attr.rank);
            for (int i = 0; i < attr.rank; ++i) sum += load_value(a.x(0), theta + i) * grid_coordinate(o[2 - i], extent[2 - i], attr.align_corners);
            store_value(a.y(), at++, sum);
          }
}

// ---- roi_align -------------------------------------------------------------------------------------------------------

void infer_roi_align(ShapeRule& r) {
  auto attr = r.at<RoiAlignAttr>();
  r.need(r.inputs() == 3 && is_float(r.x(0).dtype) && r.x(1).dtype == r.x(0).dtype && r.x(2).dtype == DType::i64, "needs x and regions of one float type and images of i64");
  r.need(r.shape(0).rank == 4 && r.shape(1).rank == 2 && r.shape(1)[1] == Dim(4) && r.shape(2).rank == 1 && r.shape(2)[0] == r.shape(1)[0], "needs x [N, C, H, W], regions [R, 4] and images [R]");
  r.need(attr.height > 0 && attr.width > 0 && attr.samples >= 0, "needs a height and a width above 0");
  r.out = {{r.x(0).dtype, {r.shape(1)[0], r.shape(0)[1], attr.height, attr.width}}};
}

Cost cost_roi_align(const OpArgs& a) {
  double samples = std::max(a.at<RoiAlignAttr>().samples, 2);
  return cost_of_values(a, 8 * samples * samples);
}

// Samples of one part of a region along one dimension; those of `first` to `last` - 1 may lie in x, all others do not.
struct RegionAxis {
  int64_t extent;     // of x
  double start, part;  // of the region, of its parts
  double count;       // of samples in a part
  double base = 0;    // of this part
  double first = 0, last = 0;

  double at(double s) const { return base + (s + 0.5) * (part / count); }
  void enter(int64_t index) {
    base = start + double(index) * part;
    first = 0, last = count;
    double step = part / count;
    if (!(count >= 1 && count < 0x1p40 && std::fabs(base) < 0x1p40)) {
      last = 0;
    } else if (step > 0) {
      first = std::clamp(std::floor((-1 - base) / step) - 1, 0.0, count);
      last = std::clamp(std::ceil((double(extent) - base) / step) + 1, first, count);
    }
  }
  // The two values around a sample; false: it lies outside.
  bool neighbours(double s, int64_t* index, double* weight) const {
    double p = at(s);
    if (!(p >= -1 && p <= double(extent)) || extent == 0) return false;
    p = std::max(p, 0.0);
    index[0] = std::min(int64_t(p), extent - 1), index[1] = std::min(index[0] + 1, extent - 1);
    double rest = index[0] == index[1] ? 0 : p - double(index[0]);
    weight[0] = 1 - rest, weight[1] = rest;
    return true;
  }
};

template <class T>
double region_value(const RoiAlignAttr& attr, const RegionAxis& high, const RegionAxis& wide, const T* plane) {
  double sum = 0, most = 0, seen = 0;
  for (double i = high.first; i < high.last; ++i)
    for (double j = wide.first; j < wide.last; ++j) {
      int64_t y[2], x[2];
      double by[2], bx[2];
      if (!high.neighbours(i, y, by) || !wide.neighbours(j, x, bx)) continue;
      for (int corner = 0; corner < 4; ++corner) {
        double value = by[corner >> 1] * bx[corner & 1] * Dense<T>::load(plane[y[corner >> 1] * wide.extent + x[corner & 1]]);
        sum += value;
        most = seen == 0 && corner == 0 ? value : std::max(most, value);
      }
      ++seen;
    }
  double all = high.count >= 1 && wide.count >= 1 ? high.count * wide.count : 0;
  if (attr.maximum) return seen < all ? std::max(most, 0.0) : most;  // samples outside are 0
  return sum / std::max(all, 1.0);
}

RegionAxis region_axis(const RoiAlignAttr& attr, int64_t extent, double from, double to, int32_t parts) {
  double moved = attr.half_pixel ? 0.5 : 0, start = from * double(attr.scale) - moved, size = to * double(attr.scale) - moved - start;
  if (!attr.half_pixel) size = std::max(size, 1.0);
  double part = size / parts;
  return {extent, start, part, attr.samples ? double(attr.samples) : std::ceil(part)};
}

void reference_roi_align(const OpArgs& a) {
  auto attr = a.at<RoiAlignAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  visit_dense(x.dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) {
      for (int64_t r = 0; r < y.dim[0]; ++r) {
        double side[4];
        for (int i = 0; i < 4; ++i) side[i] = Dense<T>::load(a.x(1).as<T>()[r * 4 + i]);
        RegionAxis high = region_axis(attr, x.dim[2], side[1], side[3], attr.height), wide = region_axis(attr, x.dim[3], side[0], side[2], attr.width);
        int64_t image = a.x(2).as<int64_t>()[r];
        bool there = image >= 0 && image < x.dim[0];
        for (int64_t c = 0; c < y.dim[1]; ++c)
          for (int64_t i = 0; i < attr.height; ++i)
            for (int64_t j = 0; j < attr.width; ++j) {
              high.enter(i), wide.enter(j);
              double value = there ? region_value(attr, high, wide, x.as<T>() + (image * x.dim[1] + c) * x.dim[2] * x.dim[3]) : 0;
              y.as<T>()[((r * y.dim[1] + c) * attr.height + i) * attr.width + j] = Dense<T>::store(value);
            }
      }
    }
  });
}

}  // namespace

const Op kGridSample{.name = "grid_sample", .infer = infer_grid_sample, .cost = cost_grid_sample, .reference = reference_grid_sample};
const Op kAffineGrid{.name = "affine_grid", .infer = infer_affine_grid, .cost = cost_affine_grid, .reference = reference_affine_grid};
const Op kRoiAlign{.name = "roi_align", .infer = infer_roi_align, .cost = cost_roi_align, .reference = reference_roi_align};

}  // namespace prm
