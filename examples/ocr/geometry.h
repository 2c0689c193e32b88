// Points and boxes on a picture: x to the right, y down; (0, 0) is the middle of the first pixel.
#pragma once
#include <array>
#include <cmath>

struct Point {
  double x = 0, y = 0;
};

inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline Point operator*(Point a, double factor) { return {a.x * factor, a.y * factor}; }
inline double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline double cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }
inline double length(Point a) { return std::sqrt(dot(a, a)); }

// Corners clockwise: the text's own top left, top right, bottom right, bottom left.
using Box = std::array<Point, 4>;

// The same box of a text that is turned by so many quarters to the right.
inline Box turned(const Box& box, size_t quarters) {
  return {box[quarters % 4], box[(quarters + 1) % 4], box[(quarters + 2) % 4], box[(quarters + 3) % 4]};
}

inline Point middle(const Box& box) { return (box[0] + box[1] + box[2] + box[3]) * 0.25; }
inline double width_of(const Box& box) { return std::fmax(length(box[1] - box[0]), length(box[2] - box[3])); }
inline double height_of(const Box& box) { return std::fmax(length(box[3] - box[0]), length(box[2] - box[1])); }
