#include "picture_file.h"

#include "arguments.h"
#include "failure.h"

#if PREMISE_HAS_STB
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 65536
#include <stb/stb_image.h>

#include <memory>

Array read_picture(const std::string& path) {
  constexpr size_t kMostBytes = size_t(1) << 30;
  std::string file = read_input(path, kMostBytes);
  auto* bytes = reinterpret_cast<const stbi_uc*>(file.data());
  int size = int(file.size()), width = 0, height = 0, channels = 0;
  auto refuse = [&] { fail_in_file(PRM_STATUS_BAD_FILE, "not a picture that is understood", path, std::string(stbi_failure_reason()) + "; PNG, JPEG, PPM and PGM will do"); };
  if (!stbi_info_from_memory(bytes, size, &width, &height, &channels)) refuse();
  int wanted = channels <= 2 ? 1 : channels;  // the alpha of grey goes
  bool deep = stbi_is_16_bit_from_memory(bytes, size);
  void* raw = deep ? static_cast<void*>(stbi_load_16_from_memory(bytes, size, &width, &height, &channels, wanted))
                   : stbi_load_from_memory(bytes, size, &width, &height, &channels, wanted);
  if (!raw) refuse();
  std::unique_ptr<void, void (*)(void*)> pixels(raw, stbi_image_free);
  Array array;
  array.dtype = deep ? PRM_DTYPE_U16 : PRM_DTYPE_U8;
  array.shape = {height, width};
  if (wanted > 1) array.shape.push_back(wanted);
  array.bytes.assign(static_cast<const char*>(raw), array_bytes(array.dtype, array.shape, path));
  return array;
}
#else
Array read_picture(const std::string& path) {
  fail_with(PRM_STATUS_UNSUPPORTED, "this program reads no pictures", path, "install libstb-dev and build it again, or give --input NAME=FILE.npy");
}
#endif
