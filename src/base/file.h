// The one file reader: a file as bytes, mapped from disk or lent by the host.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace prm {

struct FileBytes {
  std::span<const std::byte> bytes;
  std::string name;  // for messages: the path, or "memory"

  virtual ~FileBytes() = default;
  // The pages of [offset, offset + size) will not be read again soon: a mapped file may drop them.
  virtual void forget(uint64_t /*offset*/, uint64_t /*size*/) const noexcept {}
};
using FilePtr = std::shared_ptr<const FileBytes>;

// Fails with not_found (no such file) or io (a folder, no permission, a device), naming the path.
FilePtr map_file(const std::string& path);
FilePtr borrow_memory(const void* data, size_t size, std::string name);

}  // namespace prm
