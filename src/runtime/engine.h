// Engine: what models share: threads, the device, the memory account.
#pragma once
#include <memory>

#include "base/memory.h"
#include "base/threads.h"
#include "graph/device.h"

namespace prm {

struct Engine {
  MemoryAccount account;
  std::unique_ptr<Device> device;
  ThreadPool pool;

  Engine(std::unique_ptr<Device> where, int threads, int spin_us) : device(std::move(where)), pool(threads, spin_us) {}
};
using EnginePtr = std::shared_ptr<Engine>;

}  // namespace prm
