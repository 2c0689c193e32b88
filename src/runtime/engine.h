// Engine: what models share: the host's services, threads, the device, the memory account.
#pragma once
#include <memory>

#include "base/file.h"
#include "base/log.h"
#include "base/threads.h"
#include "graph/device.h"

namespace prm {

struct HostServices {
  MemoryService memory;
  Log log;
  HelpService help;
  FileService files;
};

struct EngineOptions {
  HostServices host;
  int threads = 0, spin_us = 50;
  uint64_t max_host_bytes = 0;  // 0 = no limit
};

struct Engine {
  HostServices host;
  MemoryAccount account;
  std::unique_ptr<Device> device;  // set by whoever opens the engine
  ThreadPool pool;

  explicit Engine(const EngineOptions& options);
};
using EnginePtr = std::shared_ptr<Engine>;

// The engine itself lies in the host's memory, outside of the account that it holds.
EnginePtr make_engine(const EngineOptions& options);

}  // namespace prm
