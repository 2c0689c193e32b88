// Handles. What a host holds is a number in a pointer's clothes: a slot of one table, its kind, and how often the slot was given
// out. It is looked up, never followed, so that one which was closed, or never was one, is told from the others. A slot counts the calls
// that use it: what is closed meanwhile goes when the last has ended.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace prm {

enum class HandleKind : uint8_t { engine = 1, model, session, cancel };

struct HandleSlot {
  std::atomic<uint64_t> state{0};  // generation, is open, is closing, uses: see handles.cpp
  std::atomic<int> given_back{0};  // how often
  std::atomic<bool> flag{false};   // of a cancel token: fired; of others: closing, which their calls listen to
  HandleKind kind{};
  void* object = nullptr;
};

// Takes the object over; fails with limit where the table is full.
void* open_handle(HandleKind kind, void* object);
// Destroys what the handle stands for: at once, or at the end of the last call that uses it. Nothing happens where it is none.
void close_handle(const void* handle, HandleKind kind) noexcept;
// The same; calls that use it end as cancelled, and it returns when they have ended; in a callback at once.
void cancel_and_close_handle(const void* handle, HandleKind kind) noexcept;
// Destroys an object that is no longer a handle's.
void destroy_object(HandleKind kind, void* object) noexcept;

// Sets the flag of a cancel token; from anywhere, a signal handler too.
void fire_handle(const void* handle) noexcept;

// A handle in the hands of one call.
class AnyUse {
 public:
  // Fails with invalid_argument where it is NULL or no open handle of the kind; `name` is the parameter's.
  AnyUse(const void* handle, HandleKind kind, const char* name);
  ~AnyUse();
  AnyUse(const AnyUse&) = delete;
  AnyUse& operator=(const AnyUse&) = delete;
  void* object() const { return slot_->object; }
  const std::atomic<bool>& flag() const { return slot_->flag; }
  // In a callback of a call that uses it.
  bool is_nested() const noexcept;
  // In a child of fork, once: the uses of this thread count there, too.
  static void count_again() noexcept;

 private:
  HandleSlot* slot_;
  AnyUse* outer_;    // of the same thread
  int64_t process_;  // in which it counts
};

}  // namespace prm
