#include "detect.h"

#include <algorithm>

#include "regions.h"

namespace {

constexpr int64_t kMostSide = 960;  // pixels that the network sees: more finds smaller letters, and takes longer
constexpr int64_t kStep = 32;       // its extents are multiples

int64_t to_step(double extent) { return std::max<int64_t>(std::llround(extent / kStep), 1) * kStep; }

}  // namespace

std::vector<Found> detect_lines(const Network& detector, const Image& image, const premise::control& control) {
  double scale = std::min(1.0, double(kMostSide) / double(std::max(image.width, image.height)));
  Batch batch(1, to_step(double(image.height) * scale), to_step(double(image.width) * scale), PRM_RESAMPLE_OPENCV_LINEAR);
  detector.put(batch, 0, image, batch.width, control);
  Answer map = detector.run(batch, 4, control);
  if (map.shape[2] != batch.height || map.shape[3] != batch.width || map.shape[1] != 1) detector.fail_other_kind();

  double scale_x = double(image.width) / double(batch.width), scale_y = double(image.height) / double(batch.height);
  std::vector<Found> found;
  for (const Region& region : find_regions(map.values.data(), batch.width, batch.height)) {
    Found line{corners(region.rectangle), region.score};
    for (Point& p : line.box) p = {(p.x + 0.5) * scale_x - 0.5, (p.y + 0.5) * scale_y - 0.5};
    found.push_back(line);
  }
  return found;
}
