#include "runtime/model_home.h"

#include <chrono>

namespace prm {

std::unique_lock<std::timed_mutex> Turn::wait(const Control& control) {
  process_.check([&] {
    is_lost_ = !mutex_.try_lock();
    if (!is_lost_) mutex_.unlock();
  });
  if (is_lost_) fail(Status::invalid_state, "a call was under way on the model when the process forked: open the model again in the child");
  std::unique_lock<std::timed_mutex> lock(mutex_, std::defer_lock);
  control.require();
  while (!lock.try_lock_for(std::chrono::milliseconds(1))) control.require();
  return lock;
}

}  // namespace prm
