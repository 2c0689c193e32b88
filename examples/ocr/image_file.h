// Pictures on the disk: PNG, JPEG and PPM in, PNG and PPM out.
#pragma once
#include <string>

#include "image.h"

// At most 64 megapixels and 256 MiB; what is transparent is seen on white. Throws Failure.
Image read_image(const std::string& path);

// The name's ending tells the kind: .png or .ppm. Throws Failure.
void write_image(const std::string& path, const Image& image);

// Whether write_image() knows the name's ending.
bool can_write(const std::string& path);
