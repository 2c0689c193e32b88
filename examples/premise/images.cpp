#include "images.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>

#include "failure.h"
#include "picture_file.h"

namespace {

const std::vector<std::string> kFits = {"stretch", "letterbox", "crop"};
const std::vector<std::string> kResamplers = {"nearest", "pil-bilinear", "pil-bicubic", "pil-lanczos", "opencv-linear", "opencv-area", "opencv-cubic", "torch-linear", "torch-cubic"};

int32_t place_in(const std::vector<std::string>& words, const std::string& word) { return int32_t(std::find(words.begin(), words.end(), word) - words.begin()); }

std::vector<std::string> split(const std::string& text, char sign) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(sign, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

float real_of(const std::string& name, const std::string& text) {
  return float(parse_real(name, text, -double(std::numeric_limits<float>::max()), double(std::numeric_limits<float>::max())));
}

// One number for all channels, or one for each.
void read_channels(const std::string& name, const std::string& text, float* to) {
  if (text.empty()) return;
  std::vector<std::string> parts = split(text, ',');
  if (parts.size() > 4) fail_usage("too many numbers", name + " " + text, "give one, or one for each channel: 0.485,0.456,0.406");
  for (size_t c = 0; c < 4; ++c) to[c] = parts.size() == 1 ? real_of(name, parts[0]) : c < parts.size() ? real_of(name, parts[c]) : 0;
}

prm_image_options image_options(const ImageFlags& flags, const Pixels& image) {
  prm_image_options options = PRM_INIT(prm_image_options);
  options.resample = place_in(kResamplers, flags.resample);
  options.fit = place_in(kFits, flags.fit);
  if (flags.swap) options.flags |= PRM_IMAGE_SWAP_RED_BLUE;
  options.scale = !flags.scale.empty() ? real_of("--scale", flags.scale) : image.array.dtype == PRM_DTYPE_U16 ? 1.0f / 65535 : 1.0f / 255;
  read_channels("--mean", flags.mean, options.mean);
  read_channels("--deviation", flags.deviation, options.deviation);
  return options;
}

bool is_channels(int64_t extent) { return extent == 1 || extent == 3 || extent == 4; }

// The shape to prepare, from the model's: [1, C, H, W] or [1, H, W, C], or without the 1. Extents that are open are --size, or the image's own.
std::vector<int64_t> wanted_shape(const Port& port, const ImageFlags& flags, const Pixels& image, bool& channels_last) {
  size_t rank = port.shape.size();
  std::string where = "--image " + image.name;
  if (port.any_shape || rank < 3 || rank > 4 || (rank == 4 && port.shape[0] > 1))
    fail_usage("the input is no image", where, "it is " + describe(port) + ": give [C, H, W] or [H, W, C] with or without a 1 in front, or use --input");
  std::vector<int64_t> shape = port.shape;
  if (rank == 4) shape[0] = 1;
  size_t first = rank - 3;
  channels_last = !is_channels(shape[first]) && is_channels(shape[rank - 1]);
  size_t channels = channels_last ? rank - 1 : first, row = channels_last ? first : first + 1;
  if (shape[channels] < 0) shape[channels] = image.array.shape.size() == 2 ? 1 : 3;
  if (flags.size.empty()) return shape;
  std::vector<std::string> parts = split(flags.size, 'x');
  if (parts.size() != 2) fail_usage("no size", "--size " + flags.size, "give HEIGHTxWIDTH, such as 224x224");
  for (size_t i = 0; i < 2; ++i) {
    int64_t extent = parse_count("--size " + flags.size, parts[i], 1, 1 << 20);
    if (shape[row + i] >= 0 && shape[row + i] != extent) fail_usage("the model has a size of its own", "--size " + flags.size, "leave it out: the input is " + describe(port));
    shape[row + i] = extent;
  }
  return shape;
}

Array prepared(const Session& session, const ImageFlags& flags, const Pixels& image, const Port& port) {
  prm_image_options options = image_options(flags, image);
  bool channels_last = false;
  std::vector<int64_t> shape = wanted_shape(port, flags, image, channels_last);
  if (channels_last) options.flags |= PRM_IMAGE_CHANNELS_LAST;
  prm_tensor from = {}, out = {};
  from.data = const_cast<char*>(image.array.bytes.data());
  from.bytes = image.array.bytes.size();
  from.dtype = image.array.dtype;
  from.rank = int32_t(image.array.shape.size());
  std::copy(image.array.shape.begin(), image.array.shape.end(), from.shape);
  out.dtype = port.dtype;
  out.rank = int32_t(shape.size());
  std::copy(shape.begin(), shape.end(), out.shape);
  prm_control control = make_control();
  Array array;
  prm_status status = prm_image_prepare(session.engine.get(), &from, &options, &control, &out, nullptr);
  if (status == PRM_STATUS_BUFFER_TOO_SMALL) {
    array.bytes.resize(size_t(out.bytes));
    out.data = array.bytes.data();
    status = prm_image_prepare(session.engine.get(), &from, &options, &control, &out, nullptr);
  }
  check(status, image.file);
  array.dtype = out.dtype;
  array.shape.assign(out.shape, out.shape + out.rank);
  return array;
}

}  // namespace

void add_image_flags(CLI::App& app, ImageFlags& flags) {
  app.add_option("--image", flags.images, "An input that is a picture: NAME=FILE, a PNG, JPEG, PPM or PGM file")->type_name("NAME=FILE")->allow_extra_args(false);
  add_choice(app, "--fit", flags.fit, kFits, {}, "How pictures come into the model's size");
  app.add_option("--resample", flags.resample, "How pixels between pixels are made: as Pillow, OpenCV or torch do it (default: pil-bilinear)")->check(CLI::IsMember(kResamplers))->type_name("HOW");
  app.add_option("--size", flags.size, "Size of pictures where the model leaves it open (default: their own)")->type_name("HxW");
  app.add_option("--scale", flags.scale, "Pixels times this (default: 1/255, of 16 bit 1/65535)")->type_name("NUMBER");
  app.add_option("--mean", flags.mean, "Then less this: one number, or one for each channel")->type_name("A,B,C");
  app.add_option("--deviation", flags.deviation, "Then divided by this")->type_name("A,B,C");
  app.add_flag("--bgr", flags.swap, "The model takes blue first");
}

std::vector<Pixels> read_images(const ImageFlags& flags) {
  std::vector<Pixels> images;
  for (const std::string& word : flags.images) {
    size_t equals = word.find('=');
    if (equals == word.npos || equals == 0 || equals + 1 == word.size()) fail_usage("no picture", "--image " + word, "give NAME=FILE, such as data=photo.jpg");
    Pixels image{word.substr(0, equals), word.substr(equals + 1), {}};
    image_options(flags, image);  // numbers that are none, before a file is read
    image.array = read_picture(image.file);
    images.push_back(std::move(image));
  }
  return images;
}

void prepare_images(const Session& session, const ImageFlags& flags, const std::vector<Pixels>& images, std::vector<InputSpec>& specs) {
  std::vector<Port> ports = model_ports(session, PRM_INPUT);
  for (const Pixels& image : images) {
    for (const InputSpec& other : specs)
      if (other.name == image.name) fail_usage("an input twice", "--image " + image.name, "give each input once");
    InputSpec spec{image.name, image.file, {}, true, {}, {}};
    for (const Port& port : ports)
      if (port.name == image.name) spec.array = prepared(session, flags, image, port);
    specs.push_back(std::move(spec));  // one that the model lacks is told with the others
  }
}
