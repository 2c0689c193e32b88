// Pictures as inputs of a model: read by stb_image, made into what the model reads by prm_image_prepare.
#pragma once
#include "tensors.h"

struct ImageFlags {
  std::vector<std::string> images;  // NAME=FILE
  std::string fit = "stretch", resample = "pil-bilinear", mean, deviation, size, scale;
  bool swap = false;
};
void add_image_flags(CLI::App& app, ImageFlags& flags);

// Read and checked; the rest needs the model.
struct Pixels {
  std::string name, file;
  Array array;  // [H, W] or [H, W, C], uint8 or uint16
};
std::vector<Pixels> read_images(const ImageFlags& flags);
// Of the model's own shape, behind `specs`.
void prepare_images(const Session& session, const ImageFlags& flags, const std::vector<Pixels>& images, std::vector<InputSpec>& specs);
