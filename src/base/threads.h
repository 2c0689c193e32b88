// The one thread pool, and Work: what a kernel gets to split itself with. Results must not depend on how work is cut;
// tests vary threads, grain and order.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/control.h"

namespace prm {

// Cores that affinity and the cgroup's CPU quota grant to this process; at least 1.
int granted_cores();

using ChunkFn = void (*)(void* context, int64_t chunk);

// Threads of ours beside the caller. One job at a time; a second caller that finds the pool busy works alone. Between
// steps nothing spins; inside a step (see Step) a waiting thread spins at most spin_us and then sleeps.
class ThreadPool {
 public:
  ThreadPool(int threads, int spin_us);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return int(threads_.size()); }
  // Calls fn(context, i) for each i in [0, chunks), on the caller and up to threads() others; returns when all are done.
  // Stops handing out chunks when `control` says so.
  void run(int64_t chunks, ChunkFn fn, void* context, const Control& control) noexcept;

  // While one lives, waiting threads may spin.
  struct Step {
    explicit Step(ThreadPool* pool) : pool_(pool) {
      if (pool_) pool_->steps_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Step() {
      if (pool_) pool_->steps_.fetch_sub(1, std::memory_order_relaxed);
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    ThreadPool* pool_;
  };

 private:
  struct Job {
    ChunkFn fn = nullptr;
    void* context = nullptr;
    int64_t chunks = 0;
    const Control* control = nullptr;
  };
  void serve() noexcept;
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
  std::vector<std::thread> threads_;
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
};

}  // namespace prm
