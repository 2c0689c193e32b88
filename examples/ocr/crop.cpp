#include "crop.h"

#include <algorithm>

namespace {

constexpr int64_t kMostSide = 8192;  // of what is cut out

// The perspective that takes the unit square to a box: x = (a u + b v + c) / (g u + h v + 1), and y likewise.
struct Perspective {
  Point a, b, c;
  double g, h;

  explicit Perspective(const Box& to) {
    Point right = to[1] - to[2], left = to[3] - to[2], skew = to[0] - to[1] + to[2] - to[3];
    double area = cross(right, left);
    g = area != 0 ? cross(skew, left) / area : 0;
    h = area != 0 ? cross(right, skew) / area : 0;
    a = to[1] - to[0] + to[1] * g;
    b = to[3] - to[0] + to[3] * h;
    c = to[0];
  }
  Point operator()(double u, double v) const { return (a * u + b * v + c) * (1 / (g * u + h * v + 1)); }
};

// Between pixels, bilinear; beyond the edges the nearest pixel goes on.
void sample(const Image& image, Point at, uint8_t* rgb) {
  double x = std::clamp(at.x, 0.0, double(image.width - 1)), y = std::clamp(at.y, 0.0, double(image.height - 1));
  auto left = int64_t(x), top = int64_t(y);
  int64_t right = std::min(left + 1, image.width - 1), bottom = std::min(top + 1, image.height - 1);
  double dx = x - double(left), dy = y - double(top);
  for (int c = 0; c < 3; ++c) {
    double above = image.at(left, top)[c] * (1 - dx) + image.at(right, top)[c] * dx;
    double below = image.at(left, bottom)[c] * (1 - dx) + image.at(right, bottom)[c] * dx;
    rgb[c] = uint8_t(above * (1 - dy) + below * dy + 0.5);
  }
}

int64_t to_side(double extent) { return std::clamp<int64_t>(std::llround(extent), 1, kMostSide); }

}  // namespace

Image cut_line(const Image& image, const Box& box) {
  Image line(to_side(width_of(box)), to_side(height_of(box)));
  Perspective perspective(box);
  for (int64_t y = 0; y < line.height; ++y)
    for (int64_t x = 0; x < line.width; ++x)
      sample(image, perspective((double(x) + 0.5) / double(line.width), (double(y) + 0.5) / double(line.height)), line.at(x, y));
  return line;
}

Image turned_half(const Image& image) {
  Image turned(image.width, image.height);
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x) std::copy_n(image.at(x, y), 3, turned.at(image.width - 1 - x, image.height - 1 - y));
  return turned;
}
