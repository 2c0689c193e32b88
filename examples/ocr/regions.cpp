#include "regions.h"

#include <algorithm>
#include <cmath>

#include "broken_lines.h"

namespace {

constexpr float kInside = 0.3f;       // a pixel belongs to a line
constexpr int64_t kReach = 2;         // from a pixel to the next one of its region
constexpr float kLeastScore = 0.5f;   // a region is one
constexpr double kLeastSide = 3;      // pixels; less is noise
constexpr double kTrained = 1.5;      // the growth that gives the lines as they were marked for the network
constexpr double kGrowth = 2.2;       // letters with more room around them are read better, the spaces between words above all
constexpr size_t kMostRegions = 1000;

struct Map {
  const float* values;
  int64_t width, height;
  float at(int64_t x, int64_t y) const { return values[y * width + x]; }
};

struct Pixel {
  int64_t x, y;
};

// All pixels that hang together with `first`; marks them as taken. A gap of a pixel does not break a line in two.
std::vector<Pixel> take_component(const Map& map, Pixel first, std::vector<bool>& taken) {
  std::vector<Pixel> component{first};
  taken[size_t(first.y * map.width + first.x)] = true;
  for (size_t i = 0; i < component.size(); ++i) {
    Pixel p = component[i];
    for (int64_t y = std::max<int64_t>(p.y - kReach, 0); y <= std::min(p.y + kReach, map.height - 1); ++y)
      for (int64_t x = std::max<int64_t>(p.x - kReach, 0); x <= std::min(p.x + kReach, map.width - 1); ++x) {
        if (taken[size_t(y * map.width + x)] || !(map.at(x, y) > kInside)) continue;
        taken[size_t(y * map.width + x)] = true;
        component.push_back({x, y});
      }
  }
  return component;
}

// The first and the last pixel of each row: all that a rectangle around them depends on.
std::vector<Point> outline(const std::vector<Pixel>& component, int64_t map_width) {
  int64_t top = component[0].y, bottom = top;
  for (Pixel p : component) top = std::min(top, p.y), bottom = std::max(bottom, p.y);
  std::vector<int64_t> first(size_t(bottom - top + 1), map_width), last(size_t(bottom - top + 1), -1);
  for (Pixel p : component) {
    int64_t &left = first[size_t(p.y - top)], &right = last[size_t(p.y - top)];
    left = std::min(left, p.x), right = std::max(right, p.x);
  }
  std::vector<Point> points;
  for (int64_t y = top; y <= bottom; ++y) {
    if (last[size_t(y - top)] < 0) continue;  // a gap
    points.push_back({double(first[size_t(y - top)]), double(y)});
    points.push_back({double(last[size_t(y - top)]), double(y)});
  }
  return points;
}

float mean_inside(const Map& map, const Rectangle& r) {
  Box box = corners(r);
  double left = box[0].x, right = left, top = box[0].y, bottom = top;
  for (Point p : box) left = std::min(left, p.x), right = std::max(right, p.x), top = std::min(top, p.y), bottom = std::max(bottom, p.y);
  double sum = 0;
  int64_t count = 0;
  for (int64_t y = std::max<int64_t>(int64_t(top), 0); y <= std::min(int64_t(std::ceil(bottom)), map.height - 1); ++y)
    for (int64_t x = std::max<int64_t>(int64_t(left), 0); x <= std::min(int64_t(std::ceil(right)), map.width - 1); ++x) {
      Point from_centre = Point{double(x), double(y)} - r.centre;
      if (std::fabs(dot(from_centre, r.across)) > r.width / 2 + 1e-6 || std::fabs(cross(r.across, from_centre)) > r.height / 2 + 1e-6) continue;
      sum += double(map.at(x, y));
      ++count;
    }
  return count ? float(sum / double(count)) : 0;
}

}  // namespace

Rectangle grown_to_line(const Rectangle& middle, double growth) {
  double perimeter = 2 * (middle.width + middle.height);
  return perimeter > 0 ? grown(middle, middle.width * middle.height / perimeter * growth) : middle;
}

std::vector<Region> find_regions(const float* values, int64_t width, int64_t height) {
  Map map{values, width, height};
  std::vector<bool> taken(size_t(width * height));
  std::vector<Region> regions;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width && regions.size() < kMostRegions; ++x) {
      if (taken[size_t(y * width + x)] || !(map.at(x, y) > kInside)) continue;
      Rectangle middle = grown(smallest_rectangle(outline(take_component(map, {x, y}, taken), width)), 0.5);  // pixels are squares, not points
      if (std::min(middle.width, middle.height) < kLeastSide) continue;
      float score = mean_inside(map, middle);
      if (score >= kLeastScore) regions.push_back({middle, score});
    }
  join_broken_lines(regions, kTrained);
  for (Region& region : regions) region.rectangle = grown_to_line(region.rectangle, kGrowth);
  return regions;
}
