#include "rectangle.h"

#include <algorithm>
#include <utility>

namespace {

Point turned_right(Point a) { return {-a.y, a.x}; }

// The corners of the convex hull, without those on a straight side (Andrew's monotone chain).
std::vector<Point> hull_of(std::vector<Point> points) {
  std::sort(points.begin(), points.end(), [](Point a, Point b) { return a.x < b.x || (a.x == b.x && a.y < b.y); });
  std::vector<Point> hull;
  auto add_side = [&](auto first, auto last) {
    size_t start = hull.size();
    for (auto p = first; p != last; ++p) {
      while (hull.size() >= start + 2 && cross(hull.back() - hull[hull.size() - 2], *p - hull.back()) <= 0) hull.pop_back();
      hull.push_back(*p);
    }
    hull.pop_back();  // the next side begins with it
  };
  if (points.size() < 3) return points;
  add_side(points.begin(), points.end());
  add_side(points.rbegin(), points.rend());
  return hull;
}

// The rectangle around the points with a side in the direction `across`.
Rectangle around(const std::vector<Point>& points, Point across) {
  Point down = turned_right(across);
  double left = dot(points[0], across), right = left, top = dot(points[0], down), bottom = top;
  for (Point p : points) {
    left = std::min(left, dot(p, across)), right = std::max(right, dot(p, across));
    top = std::min(top, dot(p, down)), bottom = std::max(bottom, dot(p, down));
  }
  return {across * ((left + right) / 2) + down * ((top + bottom) / 2), across, right - left, bottom - top};
}

// The same rectangle, its width being the side that is nearer to level.
Rectangle levelled(Rectangle r) {
  if (std::fabs(r.across.x) < std::fabs(r.across.y)) {
    r.across = turned_right(r.across);
    std::swap(r.width, r.height);
  }
  if (r.across.x < 0) r.across = r.across * -1;
  return r;
}

}  // namespace

// One side of the smallest rectangle lies on a side of the hull.
Rectangle smallest_rectangle(std::vector<Point> points) {
  std::vector<Point> hull = hull_of(std::move(points));
  Rectangle best = around(hull, {1, 0});
  for (size_t i = 0; i < hull.size(); ++i) {
    Point side = hull[(i + 1) % hull.size()] - hull[i];
    if (length(side) == 0) continue;
    Rectangle next = around(hull, side * (1 / length(side)));
    if (next.width * next.height < best.width * best.height) best = next;
  }
  return levelled(best);
}

Rectangle grown(Rectangle by, double distance) {
  by.width += 2 * distance;
  by.height += 2 * distance;
  return by;
}

Box corners(const Rectangle& r) {
  Point half_width = r.across * (r.width / 2), half_height = turned_right(r.across) * (r.height / 2);
  return {r.centre - half_width - half_height, r.centre + half_width - half_height, r.centre + half_width + half_height, r.centre - half_width + half_height};
}
