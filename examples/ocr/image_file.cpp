#include "image_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "failure.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 65536
#include <stb/stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace {

constexpr size_t kMostBytes = size_t(256) << 20;
constexpr int64_t kMostPixels = int64_t(64) << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

std::vector<uint8_t> read_bytes(const std::string& path) {
  FilePtr file(std::fopen(path.c_str(), "rb"));
  if (!file) fail(path, std::string(std::strerror(errno)) + ": give the path of a picture");
  std::vector<uint8_t> bytes;
  uint8_t piece[1 << 16];
  while (size_t count = std::fread(piece, 1, sizeof piece, file.get())) {
    bytes.insert(bytes.end(), piece, piece + count);
    if (bytes.size() > kMostBytes) fail(path, "is larger than 256 MiB: make the picture smaller");
  }
  if (std::ferror(file.get())) fail(path, std::string(std::strerror(errno)) + ": give the path of a picture");
  return bytes;
}

// Grey, colour, with transparency or without: as colours on white.
Image on_white(const uint8_t* rgba, int64_t width, int64_t height) {
  Image image(width, height);
  for (int64_t i = 0; i < width * height; ++i) {
    int alpha = rgba[i * 4 + 3];
    for (int c = 0; c < 3; ++c) image.rgb[size_t(i * 3 + c)] = uint8_t((rgba[i * 4 + c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return image;
}

std::string ending_of(const std::string& path) { return path.size() > 4 ? path.substr(path.size() - 4) : ""; }

void append(void* bytes, void* data, int size) {
  auto* from = static_cast<const uint8_t*>(data);
  static_cast<std::vector<uint8_t>*>(bytes)->insert(static_cast<std::vector<uint8_t>*>(bytes)->end(), from, from + size);
}

std::vector<uint8_t> encode_png(const Image& image) {
  std::vector<uint8_t> bytes;
  int row_bytes = int(image.width) * 3;
  if (!stbi_write_png_to_func(append, &bytes, int(image.width), int(image.height), 3, image.rgb.data(), row_bytes)) bytes.clear();
  return bytes;
}

std::vector<uint8_t> encode_ppm(const Image& image) {
  std::string head = "P6\n" + std::to_string(image.width) + " " + std::to_string(image.height) + "\n255\n";
  std::vector<uint8_t> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), image.rgb.begin(), image.rgb.end());
  return bytes;
}

}  // namespace

Image read_image(const std::string& path) {
  std::vector<uint8_t> bytes = read_bytes(path);
  int width = 0, height = 0, channels = 0;
  if (!stbi_info_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels))
    fail(path, "is no PNG, JPEG or PPM file: convert it to one");
  if (int64_t(width) * height > kMostPixels)
    fail(path, "has " + std::to_string(width) + "x" + std::to_string(height) + " pixels, 64 million are the most: make the picture smaller");
  std::unique_ptr<uint8_t, void (*)(void*)> rgba(stbi_load_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels, 4), stbi_image_free);
  if (!rgba) fail(path, std::string("is damaged (") + stbi_failure_reason() + "): save the picture again");
  return on_white(rgba.get(), width, height);
}

bool can_write(const std::string& path) { return ending_of(path) == ".png" || ending_of(path) == ".ppm"; }

void write_image(const std::string& path, const Image& image) {
  std::vector<uint8_t> bytes = ending_of(path) == ".png" ? encode_png(image) : encode_ppm(image);
  if (bytes.empty()) throw std::bad_alloc();
  FilePtr file(std::fopen(path.c_str(), "wb"));
  if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() || std::fclose(file.release()))
    fail(path, std::string(std::strerror(errno)) + ": name a file that can be written");
}
