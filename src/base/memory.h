// Memory accounts and aligned buffers. Every large allocation (weights, caches, scratch) is charged to an account.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace prm {

struct MemoryAccount {
  std::atomic<uint64_t> held{0}, peak{0};
  void take(uint64_t bytes) noexcept;
  void give(uint64_t bytes) noexcept { held.fetch_sub(bytes); }
};

inline constexpr size_t kAlignment = 64;  // of every buffer and of every value in an arena

// Owns `size` bytes, 64-byte aligned, contents unspecified.
class Buffer {
 public:
  Buffer() = default;
  // Fails with out_of_memory, naming `what` and the bytes.
  Buffer(size_t size, MemoryAccount& account, const std::string& what);
  ~Buffer();
  Buffer(Buffer&& other) noexcept { *this = static_cast<Buffer&&>(other); }
  Buffer& operator=(Buffer&& other) noexcept;
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  MemoryAccount* account_ = nullptr;
};

}  // namespace prm
