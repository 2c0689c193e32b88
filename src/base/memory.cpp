#include "base/memory.h"

#include <new>
#include <utility>

#include "base/error.h"

namespace prm {

void MemoryAccount::take(uint64_t bytes) noexcept {
  uint64_t now = held.fetch_add(bytes) + bytes, top = peak.load();
  while (now > top && !peak.compare_exchange_weak(top, now)) {}
}

Buffer::Buffer(size_t size, MemoryAccount& account, const std::string& what) : size_(size), account_(&account) {
  data_ = static_cast<std::byte*>(::operator new(size ? size : 1, std::align_val_t(kAlignment), std::nothrow));
  if (!data_) {
    Error error(Status::out_of_memory, fmt::format("{} needs {} bytes, which the system refused: use a smaller context or model", what, size), what);
    error.needed_bytes = size;
    throw error;
  }
  account.take(size);
}

Buffer::~Buffer() {
  if (!data_) return;
  ::operator delete(data_, std::align_val_t(kAlignment));
  account_->give(size_);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(account_, other.account_);
  return *this;
}

}  // namespace prm
