#include "image/taps.h"

#include <algorithm>
#include <cmath>

#include "base/numeric.h"

namespace prm {

void Taps::end_result() {
  most = std::max(most, int64_t(index.size()) - begin.back());
  begin.push_back(int64_t(index.size()));
}

namespace {

void add(Taps& taps, int64_t index, double weight) {
  taps.index.push_back(int32_t(index));
  taps.weight.push_back(weight);
}
void add_clamped(Taps& taps, const ResizedAxis& axis, int64_t index, double weight) {
  add(taps, std::clamp<int64_t>(index, 0, axis.source - 1), weight);
}

// Pillow walks from centre to centre by additions, and their rounding is part of what it does.
void nearest_taps(const ResizedAxis& axis, Taps& taps) {
  double step = double(axis.source) / double(axis.result), at = step * 0.5;
  for (int64_t i = 0; i < axis.begin + axis.count; ++i, at += step) {
    if (i < axis.begin) continue;
    add_clamped(taps, axis, int64_t(at), 1);
    taps.end_result();
  }
}

// ---- Pillow: filters that grow with the step, so that nothing is skipped when an image shrinks.

struct PilFilter {
  double support;
  double (*at)(double x);
};
double pil_bilinear(double x) { return std::fabs(x) < 1 ? 1 - std::fabs(x) : 0; }
double pil_bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}
// Of a sine of ours: the C library's, which Pillow takes, is another on each system. They differ by 1e-16, which no float shows.
double sinc(double x) {
  constexpr double kPi = 3.14159265358979323846;
  double cosine, sine;
  cos_sin(x * kPi, cosine, sine);
  return x == 0 ? 1 : sine / (x * kPi);
}
double pil_lanczos(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

PilFilter pil_filter(Resampling how) {
  if (how == Resampling::pil_bilinear) return {1, pil_bilinear};
  return how == Resampling::pil_bicubic ? PilFilter{2, pil_bicubic} : PilFilter{3, pil_lanczos};
}

void pil_taps(const PilFilter& filter, const ResizedAxis& axis, const Control& control, Taps& taps) {
  Listener listener(control);
  double step = double(axis.source) / double(axis.result), scale = std::max(step, 1.0), support = filter.support * scale, per = 1 / scale;
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    double center = (double(i) + 0.5) * step, sum = 0;
    int64_t first = std::max<int64_t>(int64_t(center - support + 0.5), 0), end = std::min(int64_t(center + support + 0.5), axis.source);
    for (int64_t k = first; k < end; ++k) {
      add(taps, k, filter.at((double(k) - center + 0.5) * per));
      sum += taps.weight.back();
    }
    for (auto k = size_t(taps.begin.back()); k < taps.weight.size() && sum != 0; ++k) taps.weight[k] /= sum;
    taps.end_result();
    listener.turns(size_t(end - first));
  }
}

// ---- OpenCV: places and weights in float, of a step in double.

double opencv_step(const ResizedAxis& axis) { return 1 / (double(axis.result) / double(axis.source)); }

void opencv_linear_taps(const ResizedAxis& axis, AxisOf which, bool by_area, Taps& taps) {
  double step = opencv_step(axis), inverse = double(axis.result) / double(axis.source);
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    float at = float((double(i) + 0.5) * step - 0.5);
    auto index = int64_t(std::floor(by_area ? double(i) * step : double(at)));
    at = by_area ? float(double(i + 1) - double(index + 1) * inverse) : at - float(index);
    if (by_area) at = at <= 0 ? 0 : at - std::floor(at);
    if (which == AxisOf::columns && (index < 0 || index >= axis.source - 1)) at = 0;  // in rows the border's own weights stay
    add_clamped(taps, axis, index, 1.0f - at);
    add_clamped(taps, axis, index + 1, at);
    taps.end_result();
  }
}

void opencv_cubic_taps(const ResizedAxis& axis, Taps& taps) {
  constexpr float a = -0.75f;
  double step = opencv_step(axis);
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    float x = float((double(i) + 0.5) * step - 0.5);
    auto index = int64_t(std::floor(x));
    x -= float(index);
    float before = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a, here = ((a + 2) * x - (a + 3)) * x * x + 1;
    float next = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
    add_clamped(taps, axis, index - 1, before);
    add_clamped(taps, axis, index, here);
    add_clamped(taps, axis, index + 1, next);
    add_clamped(taps, axis, index + 2, 1.0f - before - here - next);
    taps.end_result();
  }
}

// A result is the mean over its cell; a rim of less than a thousandth is left out.
void opencv_area_taps(const ResizedAxis& axis, Taps& taps) {
  constexpr double kRim = 1e-3;
  double step = opencv_step(axis);
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    double from = double(i) * step, to = from + step, width = std::min(step, double(axis.source) - from);
    auto last = std::min(int64_t(std::floor(to)), axis.source - 1), first = std::min(int64_t(std::ceil(from)), last);
    if (double(first) - from > kRim) add_clamped(taps, axis, first - 1, float((double(first) - from) / width));
    for (int64_t k = first; k < last; ++k) add(taps, k, float(1 / width));
    if (to - double(last) > kRim) add(taps, last, float(std::min(std::min(to - double(last), 1.0), width) / width));
    taps.end_result();
  }
}

// ---- torch.nn.functional.interpolate, align_corners=False: all in float.

float torch_place(const ResizedAxis& axis, int64_t i) { return float(axis.source) / float(axis.result) * (float(i) + 0.5f) - 0.5f; }

void torch_linear_taps(const ResizedAxis& axis, Taps& taps) {
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    float at = std::max(torch_place(axis, i), 0.0f);
    int64_t index = std::min(int64_t(at), axis.source - 1);
    float next = std::min(std::max(at - float(index), 0.0f), 1.0f);
    add(taps, index, 1 - next);
    add_clamped(taps, axis, index + 1, next);
    taps.end_result();
  }
}

float torch_near(float x) { return (1.25f * x - 2.25f) * x * x + 1; }
float torch_far(float x) { return ((-0.75f * x + 3.75f) * x - 6.0f) * x + 3.0f; }

void torch_cubic_taps(const ResizedAxis& axis, Taps& taps) {
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    float at = torch_place(axis, i);
    int64_t index = std::min(int64_t(std::floor(at)), axis.source - 1);
    float t = std::min(std::max(at - float(index), 0.0f), 1.0f), rest = 1 - t;
    add_clamped(taps, axis, index - 1, torch_far(t + 1));
    add_clamped(taps, axis, index, torch_near(t));
    add_clamped(taps, axis, index + 1, torch_near(rest));
    add_clamped(taps, axis, index + 2, torch_far(rest + 1));
    taps.end_result();
  }
}

void same_taps(const ResizedAxis& axis, Taps& taps) {
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    add(taps, i, 1);
    taps.end_result();
  }
}

}  // namespace

Taps make_taps(Resampling how, const ResizedAxis& axis, AxisOf which, AreaRule area, const Control& control) {
  Taps taps;
  taps.begin.reserve(size_t(axis.count) + 1);
  taps.begin.push_back(0);
  if (axis.source == axis.result) return same_taps(axis, taps), taps;
  switch (how) {
    case Resampling::nearest: nearest_taps(axis, taps); break;
    case Resampling::pil_bilinear:
    case Resampling::pil_bicubic:
    case Resampling::pil_lanczos: pil_taps(pil_filter(how), axis, control, taps); break;
    case Resampling::opencv_linear: opencv_linear_taps(axis, which, false, taps); break;
    case Resampling::opencv_area:
      if (area == AreaRule::mean) opencv_area_taps(axis, taps);
      else opencv_linear_taps(axis, which, true, taps);
      break;
    case Resampling::opencv_cubic: opencv_cubic_taps(axis, taps); break;
    case Resampling::torch_linear: torch_linear_taps(axis, taps); break;
    case Resampling::torch_cubic: torch_cubic_taps(axis, taps); break;
  }
  return taps;
}

}  // namespace prm
