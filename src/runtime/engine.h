// Engine: what models share: the host's services, threads, the device, the memory account.
#pragma once
#include <memory>
#include <mutex>
#include <optional>

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
  uint64_t max_host_bytes = 0, max_device_bytes = 0;  // 0 = no limit; of each device
  String plugin_folder;                               // where accelerators' plug-ins lie; "": beside the library
  Limits limits;
};

struct Engine {
  HostServices host;
  Limits limits;
  MemoryAccount account;
  std::unique_ptr<Device> device;  // set by whoever opens the engine
  uint64_t max_device_bytes;  // of each
  String plugin_folder;
  std::mutex accelerators_turn;
  Map<String, std::unique_ptr<Device>, std::less<>> accelerators;  // by name; opened when the first model asks for one
  ThreadPool pool;
  Buffer call_scratch;  // of one short call at a time
  std::mutex call_turn;

  explicit Engine(const EngineOptions& options);
};
using EnginePtr = std::shared_ptr<Engine>;

// For a call that works on the engine's threads.
Work work_of(Engine& engine, const Control& control);

// The memory of a call that leaves nothing behind (reports, tokens): a scratch that the engine holds, so that such calls
// work under a budget that is used up; what does not fit it, or finds it in use, is charged for the length of the call.
class ShortCall {
 public:
  explicit ShortCall(Engine& engine);

 private:
  AccountScope account_;
  std::unique_lock<std::mutex> turn_;
  std::optional<ScratchScope> scratch_;
};
inline constexpr size_t kCallScratchBytes = 128 << 10;

// The engine itself lies in the host's memory, outside of the account that it holds.
EnginePtr make_engine(const EngineOptions& options);

}  // namespace prm
