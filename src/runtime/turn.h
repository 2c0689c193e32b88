// The calls of a model take turns. One that is made in a callback holds the turn of the call around it while it waits for its
// own: where such calls wait for each other in a circle, one of them is refused.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/control.h"
#include "base/fork_mark.h"

namespace prm {

struct Turn {
  std::timed_mutex mutex;
  std::atomic<uint64_t> label{0};  // of what its holder waits for, see turn.cpp; 0: for nothing
  ForkMark process;
  bool is_lost = false;  // it was another thread's when the process forked
};

class TurnHold {
 public:
  // Waits, and listens to control meanwhile. Fails with invalid_state where the turn would never come.
  TurnHold(Turn& turn, const Control& control);
  ~TurnHold();
  TurnHold(const TurnHold&) = delete;
  TurnHold& operator=(const TurnHold&) = delete;

 private:
  friend class Labels;
  Turn& turn_;
  TurnHold* outer_;  // of the same thread
};

}  // namespace prm
