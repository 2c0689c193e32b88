#include "draw.h"

#include <algorithm>

namespace {

constexpr uint8_t kRed[3] = {230, 30, 30};

void draw_dot(Image& image, Point at, int64_t radius) {
  int64_t x0 = std::llround(at.x), y0 = std::llround(at.y);
  for (int64_t y = std::max<int64_t>(y0 - radius, 0); y <= std::min(y0 + radius, image.height - 1); ++y)
    for (int64_t x = std::max<int64_t>(x0 - radius, 0); x <= std::min(x0 + radius, image.width - 1); ++x) std::copy_n(kRed, 3, image.at(x, y));
}

}  // namespace

void draw_box(Image& image, const Box& box) {
  int64_t radius = std::max(image.width, image.height) / 1000;
  for (size_t i = 0; i < 4; ++i) {
    Point from = box[i], side = box[(i + 1) % 4] - from;
    auto steps = int64_t(std::ceil(length(side))) + 1;
    for (int64_t step = 0; step <= steps; ++step) draw_dot(image, from + side * (double(step) / double(steps)), radius);
  }
}
