#include "base/memory.h"

#include <new>
#include <utility>

#include "base/error.h"
#include "base/float_state.h"
#include "base/machine.h"

namespace prm {

namespace {
// Weights are written whole and stay: on large pages they come, are read and go back much faster.
constexpr size_t kLargePage = size_t(2) << 20;
bool wants_large_pages(size_t size, MemoryKind kind) { return kind == MemoryKind::weights && size >= kLargePage; }
std::align_val_t system_alignment(size_t size, size_t align, MemoryKind kind) { return std::align_val_t(wants_large_pages(size, kind) ? kLargePage : align); }
}  // namespace

const char* memory_kind_name(MemoryKind kind) noexcept {
  switch (kind) {
    case MemoryKind::objects: return "objects";
    case MemoryKind::weights: return "weights";
    case MemoryKind::cache: return "cache";
    case MemoryKind::scratch: return "scratch";
    case MemoryKind::tensors: return "tensors";
  }
  return "unknown";
}

void* MemoryService::take(size_t size, size_t align, MemoryKind kind) const noexcept {
  if (alloc) {
    HostFloatState theirs;
    return alloc(user, size, align, int32_t(kind));
  }
  void* memory = ::operator new(size, system_alignment(size, align, kind), std::nothrow);
  if (memory && wants_large_pages(size, kind)) prefer_large_pages(memory, size);
  return memory;
}

void MemoryService::give(void* memory, size_t size, size_t align, MemoryKind kind) const noexcept {
  if (!alloc) return ::operator delete(memory, system_alignment(size, align, kind));
  HostFloatState theirs;
  release(user, memory, size, int32_t(kind));
}

void MemoryAccount::charge(uint64_t bytes, MemoryKind kind, std::string_view what) {
  uint64_t now = held_.load(), then;
  do {
    then = now + bytes;
    if (limit_ == 0 || (then >= now && then <= limit_)) continue;
    Error error(Status::over_budget,
                format_message("{} ({}) needs {} bytes, {} of the budget of {} are free: raise {}, or {}", what, memory_kind_name(kind), bytes, limit_ - now, limit_,
                               words_->limit, words_->advice),
                std::string(what));
    error.needed_bytes = bytes;
    error.available_bytes = limit_ - now;
    throw error;
  } while (!held_.compare_exchange_weak(now, then));
  if (parent_) {
    try {
      parent_->charge(bytes, kind, what);
    } catch (...) {
      held_.fetch_sub(bytes);
      throw;
    }
  }
  by_kind_[int(kind)].fetch_add(bytes);
  uint64_t top = peak_.load();
  while (then > top && !peak_.compare_exchange_weak(top, then)) {}
}

void MemoryAccount::discharge(uint64_t bytes, MemoryKind kind) noexcept {
  by_kind_[int(kind)].fetch_sub(bytes);
  held_.fetch_sub(bytes);
  if (parent_) parent_->discharge(bytes, kind);
}

void* MemoryAccount::allocate(size_t size, size_t align, MemoryKind kind, std::string_view what) {
  charge(size, kind, what);
  void* memory = service_.take(size ? size : 1, align, kind);
  if (memory) return memory;
  discharge(size, kind);
  bool is_hosts = service_.alloc && words_ == &kHostWords;
  Error error(words_->refused, format_message("{} ({}) needs {} bytes, which {} refused: {}", what, memory_kind_name(kind), size, is_hosts ? "the host's allocator" : words_->giver, words_->advice),
              std::string(what));
  error.needed_bytes = size;
  throw error;
}

void MemoryAccount::release(void* memory, size_t size, size_t align, MemoryKind kind) noexcept {
  service_.give(memory, size ? size : 1, align, kind);
  discharge(size, kind);
}

Buffer::Buffer(size_t size, MemoryAccount& account, MemoryKind kind, std::string_view what)
    : data_(static_cast<std::byte*>(account.allocate(size, kAlignment, kind, what))), size_(size), account_(&account), kind_(kind) {}

Buffer::~Buffer() {
  if (data_) account_->release(data_, size_, kAlignment, kind_);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(account_, other.account_);
  std::swap(kind_, other.kind_);
  return *this;
}

}  // namespace prm
