// What a model of any kind stands on: its engine, an account inside the engine's, and one inside the accelerator's.
#pragma once
#include <optional>

#include "graph/plan.h"
#include "runtime/engine.h"

namespace prm {

struct ModelHome : ChargedObject {
  EnginePtr engine;
  MemoryAccount account;  // of all that the model holds in the host's memory
  Device* accelerator;    // of the engine's; null: none
  std::optional<MemoryAccount> device_account;

  ModelHome(EnginePtr owner, uint64_t limit, Device* beside = nullptr, uint64_t device_limit = 0)
      : engine(std::move(owner)), account(engine->host.memory, limit, &engine->account), accelerator(beside) {
    if (beside) device_account.emplace(beside->memory()->service(), device_limit, beside->memory(), kDeviceWords);
  }
  MemoryAccounts accounts() { return {account, device_account ? &*device_account : nullptr}; }
};
using ModelHomePtr = std::shared_ptr<ModelHome>;

// What loading and running a model takes, exactly; the same from a header-only model as from a whole one.
struct MemoryPlan {
  uint64_t host_bytes = 0;    // the engine's high-water mark: this model beside all else that the engine holds now
  uint64_t object_bytes = 0;  // header, tokenizer, graph, plan
  uint64_t weight_bytes = 0, cache_bytes = 0, scratch_bytes = 0;  // of the host's memory
  uint64_t device_bytes = 0;  // in the accelerator's memory
};

}  // namespace prm
