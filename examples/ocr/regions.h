// From a map of probabilities to boxes: what follows the network in DB (differentiable binarization).
#pragma once
#include <cstdint>
#include <vector>

#include "rectangle.h"

struct Region {
  Rectangle rectangle;  // in pixels of the map
  float score;          // the mean probability inside
};

// The network learned lines that were shrunk by a distance, which their area over their perimeter gives: grows them back.
Rectangle grown_to_line(const Rectangle& middle, double growth);

// map: [height, width], how likely a pixel is in the middle of a line of text. At most 1,000 regions, from the top.
std::vector<Region> find_regions(const float* map, int64_t width, int64_t height);
