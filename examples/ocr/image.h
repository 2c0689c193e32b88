// A picture in memory.
#pragma once
#include <cstdint>
#include <vector>

struct Image {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]

  Image() = default;
  Image(int64_t w, int64_t h) : width(w), height(h), rgb(size_t(w * h * 3)) {}
  uint8_t* at(int64_t x, int64_t y) { return rgb.data() + (y * width + x) * 3; }
  const uint8_t* at(int64_t x, int64_t y) const { return rgb.data() + (y * width + x) * 3; }
};
