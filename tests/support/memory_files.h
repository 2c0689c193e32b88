// A host's files that lie in memory, by path.
#pragma once
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "base/file.h"

namespace prm::test {

struct MemoryFiles {
  std::map<std::string, std::string> files;

  FileService service() { return {this, open, read, close, nullptr}; }

  static int32_t open(void* user, const char* name, int32_t, void** file, uint64_t* size) {
    auto& files = static_cast<MemoryFiles*>(user)->files;
    auto found = files.find(name);
    if (found == files.end()) return 2;
    *file = &found->second;
    *size = found->second.size();
    return 0;
  }
  static int32_t read(void*, void* file, uint64_t offset, void* data, size_t size) {
    auto& bytes = *static_cast<std::string*>(file);
    if (offset > bytes.size() || size > bytes.size() - offset) return 8;
    std::memcpy(data, bytes.data() + offset, size);
    return 0;
  }
  static int32_t close(void*, void*, int32_t) { return 0; }
};

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace prm::test
