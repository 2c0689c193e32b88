// The smallest rectangle around points, at any angle.
#pragma once
#include <vector>

#include "geometry.h"

struct Rectangle {
  Point centre;
  Point across{1, 0};  // of length 1: the direction of the width, at most 45 degrees from level
  double width = 0, height = 0;
};

Rectangle smallest_rectangle(std::vector<Point> points);  // at least one
Rectangle grown(Rectangle by, double distance);           // on each side
Box corners(const Rectangle& rectangle);
