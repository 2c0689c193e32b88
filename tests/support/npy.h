// Reads float32 .npy files of version 1 (numpy's format description), C order.
#pragma once
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace prm::test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<float> read_npy(const std::string& path) {
  std::string bytes = read_file(path);
  uint16_t header = 0;
  if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0) throw std::runtime_error(path + " is no .npy file");
  std::memcpy(&header, bytes.data() + 8, 2);
  if (bytes.find("'<f4'") == std::string::npos || bytes.find("'fortran_order': False") == std::string::npos) throw std::runtime_error(path + " is not float32 in C order");
  std::vector<float> values((bytes.size() - 10 - header) / 4);
  std::memcpy(values.data(), bytes.data() + 10 + header, values.size() * 4);
  return values;
}

inline std::vector<int32_t> read_ids(const std::string& path) {
  std::string text = read_file(path);
  std::vector<int32_t> ids;
  for (size_t at = 0; at < text.size();) {
    size_t used = 0;
    ids.push_back(int32_t(std::stol(text.substr(at), &used)));
    at += used;
    while (at < text.size() && (text[at] == ',' || text[at] == '\n' || text[at] == ' ')) ++at;
  }
  return ids;
}

}  // namespace prm::test
