#include "broken_lines.h"

#include <algorithm>

namespace {

constexpr double kSameHeight = 2;  // the greater over the smaller
constexpr double kTall = 1.5;      // height over width

struct Span {
  double first, last;
};

double common(Span a, Span b) { return std::min(a.last, b.last) - std::max(a.first, b.first); }

Span extent_of(const Box& box, Point direction) {
  Span span{dot(box[0], direction), dot(box[0], direction)};
  for (Point p : box) span = {std::min(span.first, dot(p, direction)), std::max(span.last, dot(p, direction))};
  return span;
}

Point down_of(const Rectangle& r) { return {-r.across.y, r.across.x}; }

// One goes on where the other ends, in the direction `along`.
bool go_on(const Box& a, const Box& b, Point along, double smaller_height) {
  Point over{-along.y, along.x};
  return common(extent_of(a, along), extent_of(b, along)) > 0 && common(extent_of(a, over), extent_of(b, over)) > smaller_height / 2;
}

bool are_alike(double a, double b) { return std::max(a, b) <= kSameHeight * std::min(a, b); }
bool is_tall(const Rectangle& r) { return r.height >= kTall * r.width; }
bool is_wide(const Rectangle& r) { return r.width >= kTall * r.height; }

bool are_one_line(const Rectangle& a, const Rectangle& b) {
  const Rectangle& longer = std::max(a.width, a.height) >= std::max(b.width, b.height) ? a : b;
  if (are_alike(a.height, b.height) && go_on(corners(a), corners(b), longer.across, std::min(a.height, b.height))) return true;
  // Text that runs down or up the page; lines below each other are none.
  bool runs_down = (is_tall(a) || is_tall(b)) && !is_wide(a) && !is_wide(b);
  return runs_down && are_alike(a.width, b.width) && go_on(corners(a), corners(b), down_of(longer), std::min(a.width, b.width));
}

Region joined(const Region& a, const Region& b) {
  Box first = corners(a.rectangle), second = corners(b.rectangle);
  std::vector<Point> points(first.begin(), first.end());
  points.insert(points.end(), second.begin(), second.end());
  return {smallest_rectangle(std::move(points)), std::max(a.score, b.score)};
}

}  // namespace

void join_broken_lines(std::vector<Region>& regions, double growth) {
  for (size_t i = 0; i < regions.size(); ++i)
    for (size_t j = i + 1; j < regions.size();) {
      if (!are_one_line(grown_to_line(regions[i].rectangle, growth), grown_to_line(regions[j].rectangle, growth))) {
        ++j;
        continue;
      }
      regions[i] = joined(regions[i], regions[j]);
      regions.erase(regions.begin() + std::ptrdiff_t(j));
      j = i + 1;  // the longer piece may reach those before
    }
}
