// PNG, JPEG and PNM files, decoded.
#pragma once
#include <string>

#include "npy_file.h"

// [H, W] of grey, [H, W, 3] or [H, W, 4]; uint16 where a PNG or PNM file has 16 bit. Throws Failure.
Array read_picture(const std::string& path);
