#include "npy_file.h"

#include <fmt/ranges.h>

#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "arguments.h"
#include "failure.h"
#include "system.h"
#include "whole_file.h"

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

namespace {

constexpr struct {
  prm_dtype dtype;
  const char *descr, *name;
  size_t bytes;
} kTypes[] = {
    {PRM_DTYPE_F32, "<f4", "float32", 4}, {PRM_DTYPE_F64, "<f8", "float64", 8}, {PRM_DTYPE_F16, "<f2", "float16", 2}, {PRM_DTYPE_I8, "|i1", "int8", 1},
    {PRM_DTYPE_I16, "<i2", "int16", 2},   {PRM_DTYPE_I32, "<i4", "int32", 4},   {PRM_DTYPE_I64, "<i8", "int64", 8},   {PRM_DTYPE_U8, "|u1", "uint8", 1},
    {PRM_DTYPE_U16, "<u2", "uint16", 2},  {PRM_DTYPE_U32, "<u4", "uint32", 4},  {PRM_DTYPE_U64, "<u8", "uint64", 8},  {PRM_DTYPE_BOOL, "|b1", "bool", 1},
    {PRM_DTYPE_BF16, "|V2", "bfloat16", 2},
};

const auto& type_of(prm_dtype dtype) {
  for (const auto& type : kTypes)
    if (type.dtype == dtype) return type;
  return kTypes[0];
}

[[noreturn]] void fail_npy(const std::string& path, std::string why) { fail_in_file(PRM_STATUS_BAD_FILE, "no array that can be read", path, std::move(why)); }

// What stands behind a key of the header's Python dictionary, up to the next comma outside of parentheses.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& path) {
  size_t at = header.find("'" + std::string(key) + "':");
  if (at == header.npos) fail_npy(path, fmt::format("its header lacks '{}': write it with numpy.save", key));
  std::string_view rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest.substr(0, rest.starts_with('(') ? rest.find(')') + 1 : rest.find_first_of(",}"));
}

prm_dtype read_dtype(std::string_view text, const std::string& path) {
  std::string_view descr = text.size() > 2 && text.front() == '\'' ? text.substr(1, text.size() - 2) : text;
  for (const auto& type : kTypes)
    if (descr == type.descr || (type.bytes == 1 && descr.size() == 3 && descr.substr(1) == std::string_view(type.descr + 1))) return type.dtype;
  fail_npy(path, fmt::format("its type is {}: save it as one of float16 to float64, int8 to uint64 or bool, little-endian", text));
}

std::vector<int64_t> read_shape(std::string_view text, const std::string& path) {
  std::vector<int64_t> shape;
  for (size_t at = 1; at < text.size();) {
    if (text[at] == ' ' || text[at] == ',' || text[at] == ')') {
      ++at;
      continue;
    }
    int64_t extent = -1;
    auto [rest, error] = std::from_chars(text.data() + at, text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0 || shape.size() == PRM_MAX_RANK) fail_npy(path, fmt::format("its shape is {}: at most {} extents are read", text, PRM_MAX_RANK));
    shape.push_back(extent);
    at = size_t(rest - text.data());
  }
  return shape;
}

}  // namespace

size_t dtype_bytes(prm_dtype dtype) { return type_of(dtype).bytes; }
const char* dtype_name(prm_dtype dtype) { return type_of(dtype).name; }

size_t array_bytes(prm_dtype dtype, const std::vector<int64_t>& shape, const std::string& what) {
  size_t bytes = dtype_bytes(dtype);
  for (int64_t extent : shape)
    if (__builtin_mul_overflow(bytes, size_t(extent), &bytes) || bytes > SIZE_MAX / 4)
      fail_with(PRM_STATUS_LIMIT, "too large", what, fmt::format("[{}] has more values than memory could hold", fmt::join(shape, ", ")));
  return bytes;
}

void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* data) { write_npy(path, PRM_DTYPE_F32, shape, data); }

void write_npy(const std::string& path, prm_dtype dtype, const std::vector<int64_t>& shape, const void* data) {
  size_t bytes = array_bytes(dtype, shape, path);
  std::string extents = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");  // a Python tuple
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type_of(dtype).descr, extents);
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
  bool ok = std::fwrite(head.data(), 1, head.size(), file) == head.size() && std::fwrite(data, 1, bytes, file) == bytes;
  int code = errno;
  if (std::fclose(file)) {
    if (ok) code = errno;
    ok = false;
  }
  if (ok) return;
  if (!was_there) remove_file(path);
  fail_system("cannot write", path, code);
}

Array read_npy(const std::string& path) {
  std::string file = read_input(path);
  if (!file.starts_with("\x93NUMPY") || file.size() < 12) fail_npy(path, "it does not begin as .npy files do: write it with numpy.save");
  auto byte = [&](size_t at) { return size_t(static_cast<unsigned char>(file[at])); };
  bool is_first = byte(6) == 1;
  size_t begin = is_first ? 10 : 12, length = byte(8) | byte(9) << 8;
  if (!is_first) length |= byte(10) << 16 | byte(11) << 24;
  if (byte(6) < 1 || byte(6) > 3 || length > file.size() - begin) fail_npy(path, "its header is malformed: write it with numpy.save");
  std::string_view header(file.data() + begin, length);
  Array array;
  array.dtype = read_dtype(value_of(header, "descr", path), path);
  array.shape = read_shape(value_of(header, "shape", path), path);
  if (array.shape.size() > 1 && value_of(header, "fortran_order", path) != "False") fail_npy(path, "it is in column order: save numpy.ascontiguousarray of it");
  size_t bytes = array_bytes(array.dtype, array.shape, path);
  if (file.size() - begin - length != bytes)
    fail_npy(path, fmt::format("{} bytes follow its header, where its shape has {}", file.size() - begin - length, bytes));
  array.bytes = file.substr(begin + length);
  return array;
}
