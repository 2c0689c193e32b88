// The one file reader: a file of the system's, of the host's own file service, or lent in memory. Files are read, never
// mapped: one that is truncated or lost while it is in use is a status, not a signal. `bytes` is the file's range of
// addresses, so that views into it (names, tensors) are plain pointers; behind it lie only the parts that were loaded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/limits.h"

namespace prm {

// The host's files (prm_host); `open` null: the system's. Non-zero answers become status callback.
struct FileService {
  void* user = nullptr;
  int32_t (*open)(void* user, const char* name, int32_t mode, void** file, uint64_t* size) = nullptr;
  int32_t (*read)(void* user, void* file, uint64_t offset, void* data, size_t size) = nullptr;
  int32_t (*close)(void* user, void* file, int32_t keep) = nullptr;
  const void* (*map)(void* user, void* file, uint64_t offset, size_t size) = nullptr;
};

// Is shown what is read of a file, by the threads that read.
struct ReadWatch {
  virtual void saw(uint64_t offset, std::span<const std::byte> bytes) = 0;

 protected:
  ~ReadWatch() = default;
};

struct FileBytes {
  std::span<const std::byte> bytes;
  String name;           // for messages: the path, or "memory"
  bool in_memory = true;  // all of `bytes` may be read
  bool one_reader = false;  // read() by one thread at a time
  mutable ReadWatch* watch = nullptr;  // set and unset while nothing is read

  virtual ~FileBytes() = default;
  // Makes [offset, offset + size) of `bytes` readable while the file lives; charged to the account of open_file.
  virtual void load(uint64_t /*offset*/, uint64_t /*size*/) const {}
  // Copies a part that need not be loaded. Both fail with io or callback, naming the file and the offset.
  void read(uint64_t offset, size_t size, std::byte* to) const {
    copy(offset, size, to);
    if (watch) watch->saw(offset, {to, size});
  }

 protected:
  virtual void copy(uint64_t offset, size_t size, std::byte* to) const;
};
using FilePtr = std::shared_ptr<const FileBytes>;

// Fails with not_found (no such file) or io (a folder, no permission, a device), naming the path. The account must outlive
// the file. One of more than limits.file_bytes: limit.
FilePtr open_file(const FileService& service, const char* path, MemoryAccount& account, const Limits& limits = {});
// A file in a folder, for a path that somebody else wrote. The path must be plain; no part of it may be a link, and the file
// may have no second name (both could lead out of the folder), which fails with io. A host's service is given folder and path
// as one name, and answers for its own links. `folder` ends with '/'.
FilePtr open_file_inside(const FileService& service, std::string_view folder, std::string_view path, MemoryAccount& account,
                         const Limits& limits = {});
// Whether a path can only lie inside the folder it is relative to, on every system: names between single '/', none of them
// "." or "..", without '\\', ':' and control characters.
bool is_plain_path(std::string_view path);
// The folder in which a file lies, with '/' or what the path has at its end; "./" where it names none.
String folder_of_file(std::string_view path);
// Whether a path is a folder: one that ends with '/' is; the system is asked of others, a host's service can not be.
bool is_folder(const FileService& service, std::string_view path);
FilePtr borrow_memory(const void* data, size_t size, std::string_view name, const Limits& limits = {});

}  // namespace prm
