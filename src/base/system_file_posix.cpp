#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/system_file.h"

namespace prm {

namespace {

[[noreturn]] void fail_system(std::string_view path, const char* what, uint64_t offset = 0) {
  int code = errno;
  Error error(code == ENOENT ? Status::not_found : Status::io, "", path);
  error.system_code = code;
  error.file_offset = offset;
  error.message = code == ENOENT ? format_message("{}: no such file: check the path", path)
                                 : format_message("{}: cannot {}: {}", path, what, std::strerror(code));
  throw error;
}

size_t whole_units(size_t size) { return (size + kAddressUnit - 1) / kAddressUnit * kAddressUnit; }

}  // namespace

SystemHandle open_system_file(const char* path, uint64_t& size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail_system(path, "open");
  struct stat info;
  if (fstat(fd, &info)) {
    int code = errno;
    close(fd);
    errno = code;
    fail_system(path, "examine");
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    fail_about(Status::io, path, "{}: is {}, not a regular file: give the path of a model file", path, S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
  }
  size = uint64_t(info.st_size);
  return fd;
}

bool is_system_folder(const char* path) noexcept {
  struct stat info;
  return !stat(path, &info) && S_ISDIR(info.st_mode);
}

void close_system_file(SystemHandle file) noexcept {
  if (file >= 0) close(int(file));
}

void read_system_file(SystemHandle file, std::string_view name, uint64_t offset, size_t size, std::byte* to) {
  while (size > 0) {
    ssize_t n = pread(int(file), to, size, off_t(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(name, "read", offset);
    if (n == 0) {
      Error error(Status::io, format_message("{}: ends at {} while it is read: it was truncated after it was opened", name, offset), name);
      error.file_offset = offset;
      throw error;
    }
    to += n, offset += uint64_t(n), size -= size_t(n);
  }
}

std::byte* reserve_addresses(size_t size) noexcept {
  void* begin = mmap(nullptr, whole_units(size), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return begin == MAP_FAILED ? nullptr : static_cast<std::byte*>(begin);
}

bool commit_addresses(std::byte* begin, size_t size) noexcept { return mprotect(begin, size, PROT_READ | PROT_WRITE) == 0; }

void release_addresses(std::byte* begin, size_t size) noexcept { munmap(begin, whole_units(size)); }

}  // namespace prm
