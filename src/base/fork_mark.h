// A fork copies memory and one thread: in the child all others have vanished, with what they held. A mark has the first caller in
// a child repair what they left, before anybody else goes on.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>

#include "base/machine.h"

namespace prm {

class ForkMark {
 public:
  ForkMark() : ForkMark(process_id()) {}
  // 0: the process of the first caller, who has nothing to repair.
  constexpr explicit ForkMark(int64_t process) : process_(process) {}

  template <class Repair>
  void check(Repair&& repair) {
    int64_t mine = process_id(), seen = process_.load(std::memory_order_acquire);
    if (seen == mine || (seen == 0 && process_.compare_exchange_strong(seen, mine))) return;
    if (seen != mine && seen != -mine && process_.compare_exchange_strong(seen, -mine)) {
      repair();
      process_.store(mine, std::memory_order_release);
    }
    while (process_.load(std::memory_order_acquire) != mine) std::this_thread::yield();
  }

 private:
  std::atomic<int64_t> process_;  // whose state this is; negative while its first caller repairs
};

}  // namespace prm
