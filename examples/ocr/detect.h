// Where on a picture lines of text are.
#pragma once
#include "geometry.h"
#include "network.h"

struct Found {
  Box box;  // in pixels of the picture; may reach a little beyond its edges
  float score;
};

std::vector<Found> detect_lines(const Network& detector, const Image& image, const premise::control& control);
