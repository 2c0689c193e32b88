#include "runtime/engine.h"

#include <new>

namespace prm {

namespace {

template <class T>
struct ServiceAllocator {
  using value_type = T;
  MemoryService service;
  explicit ServiceAllocator(const MemoryService& from) : service(from) {}
  template <class U>
  ServiceAllocator(const ServiceAllocator<U>& other) : service(other.service) {}
  T* allocate(size_t n) {
    void* memory = service.take(n * sizeof(T), alignof(T), MemoryKind::objects);
    if (!memory) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t n) noexcept { service.give(memory, n * sizeof(T), alignof(T), MemoryKind::objects); }
  template <class U>
  bool operator==(const ServiceAllocator<U>& other) const {
    return service.user == other.service.user && service.alloc == other.service.alloc;
  }
};

ThreadPool make_pool(MemoryAccount& account, const EngineOptions& options) {
  AccountScope ours(account);
  return options.host.help.help ? ThreadPool(options.host.help, options.spin_us) : ThreadPool(options.threads, options.spin_us);
}

}  // namespace

Engine::Engine(const EngineOptions& options)
    : host(options.host), limits(options.limits), account(host.memory, options.max_host_bytes), max_device_bytes(options.max_device_bytes),
      pool(make_pool(account, options)), call_scratch(kCallScratchBytes, account, MemoryKind::scratch, "short calls") {
  AccountScope ours(account);
  plugin_folder = options.plugin_folder;
}

Work work_of(Engine& engine, const Control& control) {
  Work work;
  work.control = control;
  work.pool = &engine.pool;
  return work;
}

ShortCall::ShortCall(Engine& engine) : account_(engine.account), turn_(engine.call_turn, std::try_to_lock) {
  if (turn_.owns_lock()) scratch_.emplace(engine.call_scratch);
}

EnginePtr make_engine(const EngineOptions& options) {
  return std::allocate_shared<Engine>(ServiceAllocator<Engine>(options.host.memory), options);
}

}  // namespace prm
