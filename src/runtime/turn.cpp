#include "runtime/turn.h"

#include <chrono>

#include "base/error.h"

namespace prm {

namespace {

thread_local constinit TurnHold* innermost = nullptr;
std::atomic<uint64_t> last_label{0};

}  // namespace

// Circles are found by labels (Mitchell and Merritt, 1984). Whoever begins to wait puts a new label, the largest so far, on the
// turns that it holds, and takes over a larger one that it sees on the turn it waits for. So labels run round a circle against the
// direction of waiting, and the largest, and no other, comes back to where it began. Nobody follows a pointer to another's turn.
class Labels {
 public:
  Labels() {
    if (innermost) show(own_ = ++last_label);
  }
  ~Labels() { show(0); }
  Labels(const Labels&) = delete;
  Labels& operator=(const Labels&) = delete;

  void look_at(const Turn& awaited) {
    if (!own_) return;  // who holds nothing is in no circle
    uint64_t seen = awaited.label.load();
    if (seen == own_ && shown_ == own_)
      fail_about(Status::invalid_state, "model", "calls made in callbacks wait for each other's models in a circle: this one was refused, so that the others go on");
    if (seen > shown_) show(seen);
  }

 private:
  void show(uint64_t label) {
    shown_ = label;
    for (TurnHold* hold = innermost; hold; hold = hold->outer_) hold->turn_.label.store(label);
  }
  uint64_t own_ = 0, shown_ = 0;
};

TurnHold::TurnHold(Turn& turn, const Control& control) : turn_(turn), outer_(innermost) {
  turn.process.check([&] {
    turn.is_lost = !turn.mutex.try_lock();
    if (!turn.is_lost) turn.mutex.unlock();
  });
  if (turn.is_lost) fail(Status::invalid_state, "a call was under way on the model when the process forked: open the model again in the child");
  control.require();
  {
    Labels labels;
    while (!turn.mutex.try_lock_for(std::chrono::milliseconds(1))) {
      control.require();
      labels.look_at(turn);
    }
  }
  innermost = this;
}

TurnHold::~TurnHold() {
  innermost = outer_;
  turn_.mutex.unlock();
}

}  // namespace prm
