#include "base/threads.h"

#include <system_error>

#include "base/float_state.h"
#include "base/machine.h"
#include "base/wake.h"

namespace prm {

ThreadPool::ThreadPool(int threads, int spin_us) : spin_ns_(spin_us < 0 ? 0 : int64_t(spin_us) * 1000) {
  try {
    threads_.reserve(size_t(threads));
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  } catch (const std::system_error&) {
    int alive = this->threads();
    join();
    fail(Status::out_of_memory, "the system refused thread {} of {}: use fewer threads", alive + 1, threads);
  } catch (...) {
    join();
    throw;
  }
}

ThreadPool::ThreadPool(const HelpService& service, int spin_us) : ThreadPool(0, spin_us) { service_ = service; }

void ThreadPool::notice_fork() noexcept {
  process_.check([this] {
    for (std::thread& t : threads_) ::new (&t) std::thread;  // neither joined nor detached: there is no such thread
    threads_.clear();
  });
}

ThreadPool::~ThreadPool() {
  notice_fork();
  join();
}

void ThreadPool::join() noexcept {
  stop_.store(true);
  epoch_.fetch_add(2);
  wake_all(epoch_);
  for (std::thread& t : threads_) t.join();
  threads_.clear();
}

void ThreadPool::take_chunks() noexcept {
  for (;;) {
    int64_t i = next_.fetch_add(1, std::memory_order_relaxed);
    if (i >= job_.chunks || job_.control->check() != Status::ok) return;
    job_.fn(job_.context, i);
  }
}

// Spins while a step is under way, then sleeps until the epoch moves on from `seen`.
int ThreadPool::await_job(int seen) noexcept {
  int64_t until = 0;
  for (int turn = 0;; ++turn) {
    int now = epoch_.load(std::memory_order_acquire);
    if (now != seen) return now;
    bool spin = spin_ns_ && steps_.load(std::memory_order_relaxed) > 0;
    if (spin && (turn & 63) == 0) {
      int64_t t = now_ns();
      if (!until) until = t + spin_ns_;
      spin = t < until;
    }
    if (!spin) wait_while(epoch_, seen);
    else pause_cpu();
  }
}

// Waits for the epoch after `seen` and takes part where it is a job; false when the pool is stopped.
bool ThreadPool::serve_job(int& seen) noexcept {
  int now = await_job(seen);
  if (stop_.load()) return false;
  seen = now;
  if (!(now & 1)) return true;
  inside_.fetch_add(1);
  if (epoch_.load() == now) take_chunks();  // else the job was closed before we came in
  if (inside_.fetch_sub(1) == 1) wake_one(inside_);
  return true;
}

void ThreadPool::serve() noexcept {
  FloatState ours;
  int seen = 0;
  while (serve_job(seen)) {}
}

void ThreadPool::run(int64_t chunks, ChunkFn fn, void* context, const Control& control) noexcept {
  std::unique_lock<std::mutex> lock(busy_, std::defer_lock);
  bool alone = threads_.empty() && !lending_.load(std::memory_order_relaxed);
  if (alone || !lock.try_lock()) {
    for (int64_t i = 0; i < chunks && control.check() == Status::ok; ++i) fn(context, i);
    return;
  }
  job_ = {fn, context, chunks, &control};
  next_.store(0, std::memory_order_relaxed);
  epoch_.fetch_add(1);
  wake_all(epoch_);
  take_chunks();
  epoch_.fetch_add(1);
  int64_t until = 0;
  for (int turn = 0; int n = inside_.load(); ++turn) {
    if ((turn & 63) == 0) {
      int64_t t = now_ns();
      if (!until) until = t + spin_ns_;
      if (t >= until) {
        wait_while(inside_, n);
        continue;
      }
    }
    pause_cpu();
  }
}

// A step on the host's threads: the first that comes runs the body, the others serve its jobs until it is done.
struct ThreadPool::Team {
  ThreadPool& pool;
  void (*body)(void*);
  void* context;
  std::atomic<bool> led{false}, done{false};

  void enter() noexcept {
    FloatState ours;
    if (!led.exchange(true)) {
      body(context);
      done.store(true);
      pool.epoch_.fetch_add(2);  // those that sleep see that it is over
      wake_all(pool.epoch_);
      return;
    }
    for (int seen = pool.epoch_.load() & ~1; !done.load();) pool.serve_job(seen);
  }
};

void ThreadPool::run_step(void (*body)(void*), void* context) {
  notice_fork();
  std::unique_lock<std::mutex> lent(lent_, std::defer_lock);
  steps_.fetch_add(1, std::memory_order_relaxed);
  if (service_.help && service_.helpers > 0 && lent.try_lock()) {
    Team team{*this, body, context};
    lending_.store(true);
    {
      HostFloatState theirs;
      service_.help(service_.user, [](void* raw) { static_cast<Team*>(raw)->enter(); }, &team, service_.helpers);
    }
    if (!team.led.load()) team.enter();
    lending_.store(false);
  } else {
    body(context);
  }
  steps_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace prm
