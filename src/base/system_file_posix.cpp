#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

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

struct Handle {
  int fd;
  ~Handle() {
    if (fd >= 0) close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

// A file that was opened: it must be a regular one.
struct stat examine(const Handle& file, std::string_view path) {
  struct stat info;
  if (fstat(file.fd, &info)) fail_system(path, "examine");
  if (!S_ISREG(info.st_mode))
    fail_about(Status::io, path, "{}: is {}, not a regular file: give the path of a model file", path, S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
  return info;
}

[[noreturn]] void refuse_link(std::string_view path, const char* what) {
  fail_about(Status::io, path, "{}: is {}, which a model's file may not lead to: put the file itself into the model's folder", path, what);
}

// Opens one name in an open folder, which may be no link.
int open_step(int folder, const std::string& name, int flags, std::string_view path) {
  int fd = openat(folder, name.c_str(), flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd >= 0) return fd;
  int code = errno;
  struct stat info;
  if (!fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) && S_ISLNK(info.st_mode)) refuse_link(path, "a symbolic link");
  errno = code;
  fail_system(path, "open");
}

size_t whole_units(size_t size) { return (size + kAddressUnit - 1) / kAddressUnit * kAddressUnit; }

}  // namespace

SystemHandle open_system_file(const char* path, uint64_t& size) {
  Handle file{open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) fail_system(path, "open");
  size = uint64_t(examine(file, path).st_size);
  return file.release();
}

SystemHandle open_system_file_inside(const char* folder, std::string_view path, uint64_t& size) {
  std::string whole = folder;
  Handle at{open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (at.fd < 0) fail_system(folder, "open");
  for (;;) {
    size_t end = path.find('/');
    std::string name(path.substr(0, end));
    whole += name;
    Handle next{open_step(at.fd, name, end == path.npos ? 0 : O_DIRECTORY, whole)};
    std::swap(at.fd, next.fd);
    if (end == path.npos) break;
    whole += '/';
    path.remove_prefix(end + 1);
  }
  struct stat info = examine(at, whole);
  if (info.st_nlink > 1) refuse_link(whole, "a file with more than one name (a hard link)");
  size = uint64_t(info.st_size);
  return at.release();
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
