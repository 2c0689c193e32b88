// What everything that takes time listens to: a cancel flag, an absolute deadline, a progress callback.
#pragma once
#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "base/float_state.h"

namespace prm {

struct Control {
  const std::atomic<bool>* cancel = nullptr;
  const std::atomic<bool>* closing = nullptr;  // of the handle that the call works on
  int64_t deadline_ns = 0;  // absolute on now_ns(); 0 = none
  int32_t (*on_progress)(void* user, const char* stage, uint64_t done, uint64_t total) = nullptr;
  void* user = nullptr;

  Status check() const noexcept {
    if (is_set(cancel) || is_set(closing)) return Status::cancelled;
    return deadline_ns && now_ns() > deadline_ns ? Status::deadline : Status::ok;
  }
  void require() const {
    Status status = check();
    if (status == Status::cancelled && is_set(closing)) fail(status, "cancelled: what the call worked on was closed");
    if (status == Status::cancelled) fail(status, "cancelled: the call's cancel token was fired");
    if (status == Status::deadline) fail(status, "deadline: the call's time is up");
  }
  // Reports and listens; a callback that answers non-zero cancels.
  void progress(const char* stage, uint64_t done, uint64_t total) const {
    if (on_progress && ask_host(stage, done, total)) fail(Status::cancelled, "cancelled by on_progress at '{}'", stage);
    require();
  }

 private:
  static bool is_set(const std::atomic<bool>* flag) noexcept { return flag && flag->load(std::memory_order_relaxed); }
  int32_t ask_host(const char* stage, uint64_t done, uint64_t total) const {
    HostFloatState theirs;
    return on_progress(user, stage, done, total);
  }
};

// For loops of many short turns that are not cut into work: the control is read once in 256.
class Listener {
 public:
  explicit Listener(const Control& control) : control_(control) {}
  void turn() {
    if ((++turns_ & 255) == 0) control_.require();
  }
  // A turn that is worth so many.
  void turns(size_t count) {
    size_t before = turns_;
    turns_ += count;
    if (before >> 8 != turns_ >> 8) control_.require();
  }

 private:
  const Control& control_;
  size_t turns_ = 0;
};

}  // namespace prm
