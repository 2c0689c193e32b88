// Containers whose memory is charged: the standard ones over one allocator without state. An allocation goes to the account
// that is current on the thread (AccountScope); a small header before each block remembers which, so that it finds its
// way back from any thread. Without a current account memory comes from the system, uncharged (tests, capability reports).
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format_message.h"
#include "base/memory.h"

namespace prm {

// Makes an account current on this thread while it lives. The account must outlive all that was allocated from it.
class AccountScope {
 public:
  explicit AccountScope(MemoryAccount& account) noexcept;
  ~AccountScope();
  AccountScope(const AccountScope&) = delete;
  AccountScope& operator=(const AccountScope&) = delete;

 private:
  MemoryAccount* before_;
};

// While one lives on a thread, containers take their memory from the front of a buffer as long as it lasts, and only then
// from the account: short-lived tables cost nothing. All of them must be gone before the scope ends.
class ScratchScope {
 public:
  explicit ScratchScope(const Buffer& buffer) noexcept;
  ~ScratchScope();
  ScratchScope(const ScratchScope&) = delete;
  ScratchScope& operator=(const ScratchScope&) = delete;

  std::byte *next, *end;

 private:
  ScratchScope* before_;
};

// 16-byte aligned.
void* allocate_object(size_t size);
void release_object(void* object) noexcept;

// Base of what is made with `new`.
struct ChargedObject {
  static void* operator new(size_t size) { return allocate_object(size); }
  static void operator delete(void* object) noexcept { release_object(object); }
};

template <class T>
struct ChargedAllocator {
  using value_type = T;
  static_assert(alignof(T) <= 16);
  ChargedAllocator() = default;
  template <class U>
  ChargedAllocator(const ChargedAllocator<U>&) noexcept {}
  T* allocate(size_t n) {
    if (n > SIZE_MAX / 2 / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(allocate_object(n * sizeof(T)));
  }
  void deallocate(T* object, size_t) noexcept { release_object(object); }
  bool operator==(const ChargedAllocator&) const { return true; }
};

template <class T>
using Vector = std::vector<T, ChargedAllocator<T>>;
using String = std::basic_string<char, std::char_traits<char>, ChargedAllocator<char>>;
template <class K, class V, class Less = std::less<K>>
using Map = std::map<K, V, Less, ChargedAllocator<std::pair<const K, V>>>;

template <class K, class Less = std::less<K>>
using Set = std::set<K, Less, ChargedAllocator<K>>;

template <class T, class... Args>
std::shared_ptr<T> make_charged(Args&&... args) {
  return std::allocate_shared<T>(ChargedAllocator<T>(), std::forward<Args>(args)...);
}

template <class... Args>
String format_text(fmt::format_string<Args...> format, Args&&... args) {
  fmt::memory_buffer text;
  format_into(text, format, fmt::make_format_args(args...));
  return {text.data(), text.size()};
}

}  // namespace prm
