// What a model of any kind stands on: its engine, an account inside the engine's, and the turn that calls on it take.
#pragma once
#include <mutex>

#include "base/fork_mark.h"
#include "runtime/engine.h"

namespace prm {

struct ModelHome : ChargedObject {
  EnginePtr engine;
  MemoryAccount account;  // of all that the model holds

  ModelHome(EnginePtr owner, uint64_t limit) : engine(std::move(owner)), account(engine->host.memory, limit, &engine->account) {}
};
using ModelHomePtr = std::shared_ptr<ModelHome>;

// For one call at a time.
class Turn {
 public:
  // Listens to control while it waits. Fails with invalid_state in a child of fork, where another thread's call had it.
  std::unique_lock<std::timed_mutex> wait(const Control& control);

 private:
  std::timed_mutex mutex_;
  ForkMark process_;
  bool is_lost_ = false;
};

// What loading and running a model takes, exactly; the same from a header-only model as from a whole one.
struct MemoryPlan {
  uint64_t host_bytes = 0;    // the engine's high-water mark: this model beside all else that the engine holds now
  uint64_t object_bytes = 0;  // header, tokenizer, graph, plan
  uint64_t weight_bytes = 0, cache_bytes = 0, scratch_bytes = 0;
};

}  // namespace prm
