#include "base/file.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/float_state.h"
#include "base/system_file.h"

namespace prm {

void FileBytes::copy(uint64_t offset, size_t size, std::byte* to) const { std::memcpy(to, bytes.data() + offset, size); }

namespace {

// A range of addresses into which parts of the file are read unit by unit. Loading is for one thread at a time.
struct LoadedFile : FileBytes {
  MemoryAccount& account;
  mutable Vector<uint8_t> loaded;  // units
  mutable uint64_t charged = 0;

  explicit LoadedFile(MemoryAccount& from) : account(from) { in_memory = false; }
  ~LoadedFile() override {
    if (!bytes.empty()) release_addresses(const_cast<std::byte*>(bytes.data()), bytes.size());
    account.discharge(charged, MemoryKind::objects);
  }
  void reserve(uint64_t size) {
    if (size == 0) return;
    if (size > SIZE_MAX / 2) fail_about(Status::limit, name, "{}: a file of {} bytes is too large for this system's addresses", name, size);
    // The range first: a file may claim any size, and what is noted of each part of it grows with that.
    std::byte* addresses = reserve_addresses(size_t(size));
    if (!addresses) fail_about(Status::out_of_memory, name, "{}: the system has no range of {} addresses left", name, size);
    bytes = {addresses, size_t(size)};
    loaded.assign(size_t(size / kAddressUnit + (size % kAddressUnit != 0)), 0);
  }
  void load(uint64_t offset, uint64_t size) const override {
    if (size == 0) return;
    for (uint64_t unit = offset / kAddressUnit; unit <= (offset + size - 1) / kAddressUnit; ++unit) {
      if (loaded[size_t(unit)]) continue;
      uint64_t begin = unit * kAddressUnit, n = std::min<uint64_t>(kAddressUnit, bytes.size() - begin);
      auto* to = const_cast<std::byte*>(bytes.data()) + begin;
      account.charge(kAddressUnit, MemoryKind::objects, name);
      charged += kAddressUnit;
      if (!commit_addresses(to, kAddressUnit)) fail_about(Status::out_of_memory, name, "{}: the system refused {} bytes", name, kAddressUnit);
      read(begin, size_t(n), to);
      loaded[size_t(unit)] = 1;
    }
  }
};

struct SystemFile : LoadedFile {
  SystemHandle handle = kNoFile;
  using LoadedFile::LoadedFile;
  ~SystemFile() override { close_system_file(handle); }
  void copy(uint64_t offset, size_t size, std::byte* to) const override { read_system_file(handle, name, offset, size, to); }
};

struct HostFile : LoadedFile {
  const FileService service;
  void* file = nullptr;  // NULL is a handle, too
  bool is_open = false;
  HostFile(MemoryAccount& payer, const FileService& from) : LoadedFile(payer), service(from) { one_reader = true; }
  ~HostFile() override {
    if (!is_open || !service.close) return;
    HostFloatState theirs;
    service.close(service.user, file, 0);
  }
  void copy(uint64_t offset, size_t size, std::byte* to) const override {
    HostFloatState theirs;
    require(service.read(service.user, file, offset, to, size), "read", offset);
  }
  void require(int32_t answer, const char* what, uint64_t offset) const {
    if (answer == 0) return;
    Error error(Status::callback, format_message("{}: the host's file service could not {} at {}: it answered {}", name, what, offset, answer), name);
    error.system_code = answer;
    error.file_offset = offset;
    throw error;
  }
};

void require_size(std::string_view name, uint64_t size, const Limits& limits) {
  if (size > limits.file_bytes) fail_about(Status::limit, name, "{}: the file has {} bytes, the limit (file_bytes) is {}", name, size, limits.file_bytes);
}

FilePtr open_host_file(const FileService& service, const char* path, MemoryAccount& account, const Limits& limits) {
  auto file = make_charged<HostFile>(account, service);
  file->name = path;
  uint64_t size = 0;
  HostFloatState theirs;
  file->require(service.open(service.user, path, 0, &file->file, &size), "open it", 0);
  file->is_open = true;
  require_size(path, size, limits);
  const void* lent = service.map && size ? service.map(service.user, file->file, 0, size_t(size)) : nullptr;
  if (!lent) {
    file->reserve(size);
    return file;
  }
  auto memory = make_charged<FileBytes>();
  memory->name = path;
  memory->bytes = {static_cast<const std::byte*>(lent), size_t(size)};
  return {memory.get(), [file, memory](const FileBytes*) {}, ChargedAllocator<FileBytes>()};
}

}  // namespace

FilePtr open_file(const FileService& service, const char* path, MemoryAccount& account, const Limits& limits) {
  if (service.open) return open_host_file(service, path, account, limits);
  auto file = make_charged<SystemFile>(account);
  file->name = path;
  uint64_t size = 0;
  file->handle = open_system_file(path, size);
  require_size(path, size, limits);
  file->reserve(size);
  return file;
}

FilePtr open_file_inside(const FileService& service, std::string_view folder, std::string_view path, MemoryAccount& account,
                         const Limits& limits) {
  String whole = String(folder) + String(path);
  if (!is_plain_path(path)) fail_about(Status::io, whole, "{}: cannot open: this is no plain path inside the folder", whole);
  if (service.open) return open_host_file(service, whole.c_str(), account, limits);
  auto file = make_charged<SystemFile>(account);
  file->name = whole;
  uint64_t size = 0;
  file->handle = open_system_file_inside(String(folder).c_str(), path, size);
  require_size(whole, size, limits);
  file->reserve(size);
  return file;
}

bool is_plain_path(std::string_view path) {
  constexpr size_t kLongest = 4096;
  if (path.empty() || path.size() > kLongest) return false;
  for (char c : path)
    if (uint8_t(c) < 0x20 || c == 0x7f || c == '\\' || c == ':') return false;
  for (size_t at = 0; at <= path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string_view name = path.substr(at, end - at);
    if (name.empty() || name == "." || name == "..") return false;
    at = end + 1;
  }
  return true;
}

String folder_of_file(std::string_view path) {
  size_t last = path.find_last_of(kPathSeparators);
  return last == path.npos ? String("./") : String(path.substr(0, last + 1));
}

bool is_folder(const FileService& service, std::string_view path) {
  return path.ends_with('/') || (!service.open && is_system_folder(String(path).c_str()));
}

FilePtr borrow_memory(const void* data, size_t size, std::string_view name, const Limits& limits) {
  require_size(name, size, limits);
  auto lent = make_charged<FileBytes>();
  lent->bytes = {static_cast<const std::byte*>(data), size};
  lent->name = name;
  return lent;
}

}  // namespace prm
