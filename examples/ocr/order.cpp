#include "order.h"

#include <algorithm>

namespace {

// The way that most text runs, one of four, and in it the mean of all lines by their length.
Point direction_of(const std::vector<Line>& lines) {
  Point sums[4];
  for (const Line& line : lines) {
    Point way = line.box[1] - line.box[0];
    bool level = std::fabs(way.x) >= std::fabs(way.y);
    Point& sum = sums[level ? (way.x > 0 ? 0 : 1) : (way.y > 0 ? 2 : 3)];
    sum = sum + way;
  }
  Point most = *std::max_element(sums, sums + 4, [](Point a, Point b) { return length(a) < length(b); });
  return length(most) > 0 ? most * (1 / length(most)) : Point{1, 0};
}

}  // namespace

void put_in_order(std::vector<Line>& lines) {
  Point across = direction_of(lines);
  auto down_of = [&](const Line& line) { return cross(across, middle(line.box)); };
  auto across_of = [&](const Line& line) { return dot(across, middle(line.box)); };
  std::stable_sort(lines.begin(), lines.end(), [&](const Line& a, const Line& b) { return down_of(a) < down_of(b); });
  int row = 0;
  for (auto first = lines.begin(); first != lines.end(); ++row) {
    // Of one row are those whose middles are less than half of the smaller height below the first one's.
    auto end = first + 1;
    while (end != lines.end() && down_of(*end) - down_of(*first) < std::min(height_of(first->box), height_of(end->box)) / 2) ++end;
    std::stable_sort(first, end, [&](const Line& a, const Line& b) { return across_of(a) < across_of(b); });
    for (; first != end; ++first) first->row = row;
  }
}
