// What a model of any kind stands on: its engine, and an account inside the engine's.
#pragma once
#include "runtime/engine.h"

namespace prm {

struct ModelHome : ChargedObject {
  EnginePtr engine;
  MemoryAccount account;  // of all that the model holds

  ModelHome(EnginePtr owner, uint64_t limit) : engine(std::move(owner)), account(engine->host.memory, limit, &engine->account) {}
};
using ModelHomePtr = std::shared_ptr<ModelHome>;

// What loading and running a model takes, exactly; the same from a header-only model as from a whole one.
struct MemoryPlan {
  uint64_t host_bytes = 0;    // the engine's high-water mark: this model beside all else that the engine holds now
  uint64_t object_bytes = 0;  // header, tokenizer, graph, plan
  uint64_t weight_bytes = 0, cache_bytes = 0, scratch_bytes = 0;
};

}  // namespace prm
