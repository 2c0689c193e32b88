// Memory: who holds how much, of what kind, within which bound. Every byte that the library takes is charged to an account
// before it is asked for: buffers by name and kind, containers through the allocator of base/containers.h.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace prm {

// Values of PRM_MEMORY_* in premise.h.
enum class MemoryKind : int32_t { objects, weights, cache, scratch, tensors };
inline constexpr int kMemoryKinds = 5;
const char* memory_kind_name(MemoryKind kind) noexcept;

// Where memory comes from: the host's functions, or the system's where `alloc` is null.
struct MemoryService {
  void* user = nullptr;
  void* (*alloc)(void* user, size_t size, size_t align, int32_t kind) = nullptr;
  void (*release)(void* user, void* memory, size_t size, int32_t kind) = nullptr;

  void* take(size_t size, size_t align, MemoryKind kind) const noexcept;  // null: refused
  void give(void* memory, size_t size, size_t align, MemoryKind kind) const noexcept;
};

// What an account's failures speak of.
struct MemoryWords {
  Status refused;
  const char *limit, *giver;  // the option that bounds it; who has the memory
  const char* advice;
};
inline constexpr MemoryWords kHostWords{Status::out_of_memory, "max_host_bytes", "the system", "use a smaller context or model"};
inline constexpr MemoryWords kDeviceWords{Status::out_of_device_memory, "max_device_bytes", "the device", "use fewer device_layers, or a smaller context or model"};

// Bytes held now and at most, within a limit (0 = none). An account inside another charges both. Any thread.
class MemoryAccount {
 public:
  MemoryAccount() = default;
  MemoryAccount(const MemoryService& service, uint64_t limit, MemoryAccount* parent = nullptr, const MemoryWords& words = kHostWords)
      : service_(service), limit_(limit), parent_(parent), words_(&words) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // Fails with over_budget, naming `what` and both figures; nothing is then charged.
  void charge(uint64_t bytes, MemoryKind kind, std::string_view what);
  void discharge(uint64_t bytes, MemoryKind kind) noexcept;
  // Charged memory. Fails with over_budget or out_of_memory, naming `what` and the bytes.
  void* allocate(size_t size, size_t align, MemoryKind kind, std::string_view what);
  void release(void* memory, size_t size, size_t align, MemoryKind kind) noexcept;

  uint64_t held() const noexcept { return held_.load(); }
  uint64_t peak() const noexcept { return peak_.load(); }
  uint64_t held(MemoryKind kind) const noexcept { return by_kind_[int(kind)].load(); }
  uint64_t limit() const noexcept { return limit_; }
  const MemoryService& service() const noexcept { return service_; }

 private:
  MemoryService service_;
  uint64_t limit_ = 0;
  MemoryAccount* parent_ = nullptr;
  const MemoryWords* words_ = &kHostWords;
  std::atomic<uint64_t> held_{0}, peak_{0}, by_kind_[kMemoryKinds] = {};
};

inline constexpr size_t kAlignment = 64;  // of every buffer and of every value in an arena

// Owns `size` bytes, 64-byte aligned, contents unspecified.
class Buffer {
 public:
  Buffer() = default;
  // `what` is for messages: "packed weights", and of which tensor.
  Buffer(size_t size, MemoryAccount& account, MemoryKind kind, std::string_view what);
  ~Buffer();
  Buffer(Buffer&& other) noexcept { *this = static_cast<Buffer&&>(other); }
  Buffer& operator=(Buffer&& other) noexcept;
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  MemoryAccount* account_ = nullptr;
  MemoryKind kind_ = MemoryKind::objects;
};

}  // namespace prm
