#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace prm {

namespace {

struct MappedFile : FileBytes {
  ~MappedFile() override {
    if (!bytes.empty()) munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
  }
  void forget(uint64_t offset, uint64_t size) const noexcept override {
    uint64_t page = uint64_t(sysconf(_SC_PAGESIZE)), begin = (offset + page - 1) / page * page, end = (offset + size) / page * page;
    if (begin < end) madvise(const_cast<std::byte*>(bytes.data()) + begin, size_t(end - begin), MADV_DONTNEED);
  }
};

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

[[noreturn]] void fail_system(const std::string& path, const char* what) {
  int code = errno;
  Error error(code == ENOENT ? Status::not_found : Status::io, "", path);
  error.system_code = code;
  error.message = code == ENOENT ? fmt::format("{}: no such file: check the path", path)
                                 : fmt::format("{}: cannot {}: {}", path, what, std::strerror(code));
  throw error;
}

}  // namespace

FilePtr map_file(const std::string& path) {
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) fail_system(path, "open");
  struct stat info;
  if (fstat(file.fd, &info)) fail_system(path, "examine");
  if (!S_ISREG(info.st_mode))
    fail_about(Status::io, path, "{}: is {}, not a regular file: give the path of a model file", path, S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
  auto mapped = std::make_shared<MappedFile>();
  mapped->name = path;
  if (info.st_size == 0) return mapped;
  void* data = mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) fail_system(path, "map");
  mapped->bytes = {static_cast<const std::byte*>(data), size_t(info.st_size)};
  return mapped;
}

FilePtr borrow_memory(const void* data, size_t size, std::string name) {
  auto lent = std::make_shared<FileBytes>();
  lent->bytes = {static_cast<const std::byte*>(data), size};
  lent->name = std::move(name);
  return lent;
}

}  // namespace prm
