// Files and addresses of Windows: paths are UTF-8 and may be longer than MAX_PATH.
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/system_file.h"
#include "base/windows_text.h"

namespace prm {

namespace {

[[noreturn]] void fail_system(std::string_view path, const char* what, uint64_t offset = 0) {
  DWORD code = GetLastError();
  bool missing = code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
  Error error(missing ? Status::not_found : Status::io, "", path);
  error.system_code = int32_t(code);
  error.file_offset = offset;
  error.message = missing ? format_message("{}: no such file: check the path", path)
                          : format_message("{}: cannot {}: {}", path, what, system_message(code));
  throw error;
}

// The path as the system takes it. One that is too long for MAX_PATH goes in the form that has no limit: absolute, \\?\.
std::wstring system_path(std::string_view path) {
  std::wstring wide = to_wide(path);
  if (wide.empty()) fail_about(Status::io, path, "{}: cannot open: the path is not well-formed UTF-8", path);
  if (wide.starts_with(LR"(\\?\)")) return wide;
  DWORD size = GetFullPathNameW(wide.c_str(), 0, nullptr, nullptr);
  std::wstring full(size, L'\0');
  size = GetFullPathNameW(wide.c_str(), size, full.data(), nullptr);
  if (!size || size >= full.size()) fail_system(path, "open");
  full.resize(size);
  if (full.size() < MAX_PATH - 12) return wide;
  return full.starts_with(LR"(\\)") ? LR"(\\?\UNC)" + full.substr(1) : LR"(\\?\)" + full;
}

struct Handle {
  HANDLE handle;
  explicit Handle(HANDLE from) : handle(from) {}
  Handle(Handle&& from) noexcept : handle(std::exchange(from.handle, INVALID_HANDLE_VALUE)) {}
  ~Handle() {
    if (handle != INVALID_HANDLE_VALUE) CloseHandle(handle);
  }
  SystemHandle release() { return SystemHandle(std::exchange(handle, INVALID_HANDLE_VALUE)); }
};

// Others may read and delete a file, not write to it. The flag lets a folder be opened, and be named in the refusal.
Handle open_path(std::string_view path, DWORD flags) {
  Handle file(CreateFileW(system_path(path).c_str(), GENERIC_READ, FILE_SHARE_READ | (flags ? 0 : FILE_SHARE_DELETE), nullptr, OPEN_EXISTING,
                          FILE_FLAG_BACKUP_SEMANTICS | flags, nullptr));
  if (file.handle == INVALID_HANDLE_VALUE) fail_system(path, "open");
  return file;
}

// A file that was opened: it must be a regular one.
BY_HANDLE_FILE_INFORMATION examine(const Handle& file, std::string_view path) {
  BY_HANDLE_FILE_INFORMATION info{};
  bool is_disk = GetFileType(file.handle) == FILE_TYPE_DISK;
  if (is_disk && !GetFileInformationByHandle(file.handle, &info)) fail_system(path, "examine");
  bool is_folder = info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
  if (!is_disk || is_folder)
    fail_about(Status::io, path, "{}: is {}, not a regular file: give the path of a model file", path, is_folder ? "a folder" : "a device or pipe");
  return info;
}

[[noreturn]] void refuse_link(std::string_view path, const char* what) {
  fail_about(Status::io, path, "{}: is {}, which a model's file may not lead to: put the file itself into the model's folder", path, what);
}

size_t whole_units(size_t size) { return (size + kAddressUnit - 1) / kAddressUnit * kAddressUnit; }

}  // namespace

SystemHandle open_system_file(const char* path, uint64_t& size) {
  Handle file = open_path(path, 0);
  BY_HANDLE_FILE_INFORMATION info = examine(file, path);
  size = uint64_t(info.nFileSizeHigh) << 32 | info.nFileSizeLow;
  return file.release();
}

SystemHandle open_system_file_inside(const char* folder, std::string_view path, uint64_t& size) {
  std::string whole = folder;
  std::vector<Handle> held;  // folders on the way: while they are open they cannot be replaced
  for (;;) {
    size_t end = path.find('/');
    whole += path.substr(0, end);
    Handle next = open_path(whole, FILE_FLAG_OPEN_REPARSE_POINT);
    BY_HANDLE_FILE_INFORMATION info{};
    if (GetFileType(next.handle) == FILE_TYPE_DISK && !GetFileInformationByHandle(next.handle, &info)) fail_system(whole, "examine");
    if (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) refuse_link(whole, "a link");
    if (end == path.npos) {
      info = examine(next, whole);
      if (info.nNumberOfLinks > 1) refuse_link(whole, "a file with more than one name (a hard link)");
      size = uint64_t(info.nFileSizeHigh) << 32 | info.nFileSizeLow;
      return next.release();
    }
    held.push_back(std::move(next));
    whole += '/';
    path.remove_prefix(end + 1);
  }
}

bool is_system_folder(const char* path) noexcept {
  try {
    DWORD attributes = GetFileAttributesW(system_path(path).c_str());
    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
  } catch (...) {
    return false;  // opening it will tell why
  }
}

void close_system_file(SystemHandle file) noexcept {
  if (file != kNoFile) CloseHandle(HANDLE(file));
}

// The offset goes with each call, so that threads may share the handle.
void read_system_file(SystemHandle file, std::string_view name, uint64_t offset, size_t size, std::byte* to) {
  while (size > 0) {
    OVERLAPPED at{};
    at.Offset = DWORD(offset);
    at.OffsetHigh = DWORD(offset >> 32);
    DWORD n = 0, wanted = DWORD(size < (1u << 30) ? size : 1u << 30);
    if (!ReadFile(HANDLE(file), to, wanted, &n, &at) && GetLastError() != ERROR_HANDLE_EOF) fail_system(name, "read", offset);
    if (n == 0) {
      Error error(Status::io, format_message("{}: ends at {} while it is read: it was truncated after it was opened", name, offset), name);
      error.file_offset = offset;
      throw error;
    }
    to += n, offset += n, size -= n;
  }
}

std::byte* reserve_addresses(size_t size) noexcept {
  return static_cast<std::byte*>(VirtualAlloc(nullptr, whole_units(size), MEM_RESERVE, PAGE_NOACCESS));
}

bool commit_addresses(std::byte* begin, size_t size) noexcept { return VirtualAlloc(begin, size, MEM_COMMIT, PAGE_READWRITE) != nullptr; }

void release_addresses(std::byte* begin, size_t) noexcept { VirtualFree(begin, 0, MEM_RELEASE); }

}  // namespace prm
