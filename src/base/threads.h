// The one thread pool, and Work: what a kernel gets to split itself with. Results must not depend on how work is cut;
// tests vary threads, grain and order.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "base/containers.h"
#include "base/control.h"
#include "base/fork_mark.h"

namespace prm {

// Cores that affinity and the cgroup's CPU quota grant to this process; at least 1.
int granted_cores();

using ChunkFn = void (*)(void* context, int64_t chunk);

// Threads that the host lends: help() runs run(work) on up to `helpers` threads and returns when those have returned.
struct HelpService {
  void* user = nullptr;
  void (*help)(void* user, void (*run)(void* work), void* work, int32_t helpers) = nullptr;
  int32_t helpers = 0;
};

// Threads beside the caller: our own, or lent by the host for the length of a step. One job at a time; a second caller that
// finds the pool busy works alone. Between steps nothing spins; inside a step a waiting thread spins at most spin_us and
// then sleeps.
class ThreadPool {
 public:
  ThreadPool(int threads, int spin_us);
  ThreadPool(const HelpService& service, int spin_us);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return int(threads_.size()); }  // of ours
  int workers() const { return 1 + (service_.help ? service_.helpers : threads()); }  // that a job may have, the caller included
  // Before a child of fork works or looks: it has no threads of ours, and the caller works alone.
  void notice_fork() noexcept;
  // Calls fn(context, i) for each i in [0, chunks), on the caller and the pool's threads; returns when all are done. Stops
  // handing out chunks when `control` says so.
  void run(int64_t chunks, ChunkFn fn, void* context, const Control& control) noexcept;

  // Runs body() with threads at hand: ours may spin meanwhile, the host's are asked for. body() runs once, on the calling
  // thread or on one that the host lends; however late or few the host's threads come, nothing else depends on them.
  template <class Body>
  void during_step(Body&& body) {
    auto call = [](void* raw) { (*static_cast<std::remove_reference_t<Body>*>(raw))(); };
    run_step(call, &body);
  }

 private:
  struct Job {
    ChunkFn fn = nullptr;
    void* context = nullptr;
    int64_t chunks = 0;
    const Control* control = nullptr;
  };
  struct Team;
  void join() noexcept;
  void run_step(void (*body)(void*), void* context);
  void serve() noexcept;
  bool serve_job(int& seen) noexcept;
  void take_chunks() noexcept;
  int await_job(int seen) noexcept;

  std::mutex busy_;
  Job job_;
  std::atomic<int64_t> next_{0};
  std::atomic<int> epoch_{0};   // odd while a job is open
  std::atomic<int> inside_{0};  // workers in the open job
  std::atomic<int> steps_{0};
  std::atomic<bool> stop_{false};
  int64_t spin_ns_;
  Vector<std::thread> threads_;
  ForkMark process_;
  HelpService service_;
  std::mutex lent_;           // held by the step that has the host's threads
  std::atomic<bool> lending_{false};
};

struct Work {
  Control control;
  ThreadPool* pool = nullptr;
  int64_t cut = 0;       // tests: at most so many rows a chunk; 0 = as the kernel asks
  bool reverse = false;  // tests: chunks in descending order

  // fn(begin, end) over [0, n) in chunks of `grain`; returns early when cancelled (the executor asks control afterwards).
  template <class Fn>
  void rows(int64_t n, int64_t grain, Fn&& fn) const {
    if (n <= 0) return;
    if (cut > 0 && grain > cut) grain = cut;
    if (grain < 1) grain = 1;
    struct Context {
      std::remove_reference_t<Fn>* fn;
      int64_t n, grain, chunks;
      bool reverse;
    } context{&fn, n, grain, (n + grain - 1) / grain, reverse};
    ChunkFn one = [](void* raw, int64_t chunk) {
      auto& c = *static_cast<Context*>(raw);
      int64_t begin = (c.reverse ? c.chunks - 1 - chunk : chunk) * c.grain, end = begin + c.grain;
      (*c.fn)(begin, end < c.n ? end : c.n);
    };
    if (pool && context.chunks > 1) return pool->run(context.chunks, one, &context, control);
    for (int64_t i = 0; i < context.chunks; ++i) {
      if (control.check() != Status::ok) return;
      one(&context, i);
    }
  }
  // Has the pool's threads at hand while body() runs.
  template <class Body>
  void during_step(Body&& body) const {
    if (pool) pool->during_step(body);
    else body();
  }
};

}  // namespace prm
