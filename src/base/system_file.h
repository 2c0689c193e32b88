// What base/file.cpp needs of the operating system: files to read and ranges of addresses. One file per system.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prm {

using SystemHandle = intptr_t;
inline constexpr SystemHandle kNoFile = -1;

// Opens a regular file. Fails with not_found or io, naming the path (UTF-8) and the system's code.
SystemHandle open_system_file(const char* path, uint64_t& size);
// The same of a file in a folder; fails with io where a part of the path is a link or the file has another name (hard link).
SystemHandle open_system_file_inside(const char* folder, std::string_view path, uint64_t& size);
inline constexpr char kPathSeparators[] =
#ifdef _WIN32
    "/\\:";
#else
    "/";
#endif
bool is_system_folder(const char* path) noexcept;
void close_system_file(SystemHandle file) noexcept;
// All of [offset, offset + size), or fails with io.
void read_system_file(SystemHandle file, std::string_view name, uint64_t offset, size_t size, std::byte* to);

inline constexpr size_t kAddressUnit = 256 << 10;  // of committing; a multiple of every system's pages

// Addresses without memory behind them, rounded up to whole units; null when there are none left.
std::byte* reserve_addresses(size_t size) noexcept;
bool commit_addresses(std::byte* begin, size_t size) noexcept;  // puts memory behind whole units
void release_addresses(std::byte* begin, size_t size) noexcept;

}  // namespace prm
