#include "npy_file.h"

#include <fmt/ranges.h>

#include <bit>
#include <cerrno>
#include <cstdio>

#include "failure.h"
#include "system.h"
#include "whole_file.h"

static_assert(std::endian::native == std::endian::little, "floats are written as they lie in memory");

void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* data) {
  size_t count = 1;
  for (int64_t extent : shape) count *= size_t(extent);
  std::string extents = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");  // a Python tuple
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", extents);
  constexpr size_t kPreamble = 10;  // magic, version, length; data begins at a multiple of 64
  header.append(63 - (kPreamble + header.size()) % 64, ' ');
  header += '\n';
  auto length = uint16_t(header.size());
  std::string head("\x93NUMPY\x01\x00", 8);
  head += {char(length & 255), char(length >> 8)};
  head += header;

  bool was_there = is_there(path);  // a device, or another's array: not ours to remove
  std::FILE* file = open_file(path, "wb");
  if (!file) fail_system("cannot write", path, errno);
  bool ok = std::fwrite(head.data(), 1, head.size(), file) == head.size() &&
            std::fwrite(data, sizeof(float), count, file) == count;
  int code = errno;
  if (std::fclose(file)) {
    if (ok) code = errno;
    ok = false;
  }
  if (ok) return;
  if (!was_there) remove_file(path);
  fail_system("cannot write", path, code);
}
