// Marks on a picture.
#pragma once
#include "geometry.h"
#include "image.h"

// A red outline, of a width that suits the picture.
void draw_box(Image& image, const Box& box);
