// Cuts a line of text out of a picture and straightens it.
#pragma once
#include "geometry.h"
#include "image.h"

// What is in a box, seen from the front; the box's first corner becomes the top left one.
Image cut_line(const Image& image, const Box& box);
Image turned_half(const Image& image);  // by 180 degrees
