#include "probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "probe_isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace {

// Larger than what a core may call its own; repeated, as decoding repeats the weights.
constexpr size_t kReadBytes = size_t(256) << 20, kHugePage = size_t(2) << 20, kReadUnit = size_t(64) << 10,
                 kReadWindow = size_t(16) << 20;
constexpr int kReadPasses = 3, kComputePasses = 25;
constexpr double kComputeSeconds = 0.002;

std::atomic<uint64_t> sink;  // results are used: no loop is dead

#if defined(__x86_64__)
bool has_avxvnni() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4);
}
#endif

// Those of this CPU; the wider is not always the faster.
std::vector<const ProbeIsa*> machine_probes() {
  std::vector<const ProbeIsa*> isas = {probe_plain()};
#if defined(__x86_64__)
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) isas.push_back(probe_avx2());
  if (avx2 && has_avxvnni()) isas.push_back(probe_avxvnni());
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni")) isas.push_back(probe_avx512());
#endif
  return isas;
}

// Seconds until all threads have run work(thread), from the moment that all are there.
template <class Body> double time_together(int threads, Body body) {
  std::atomic<int> ready{0};
  using Times = std::vector<std::chrono::steady_clock::time_point>;
  Times began = Times(size_t(threads)), ended = began;
  std::atomic<bool> given_up{false};
  auto run = [&](int thread) {
    ++ready;
    while (ready < threads && !given_up) std::this_thread::yield();
    if (given_up) return;
    began[size_t(thread)] = std::chrono::steady_clock::now();
    body(thread);
    ended[size_t(thread)] = std::chrono::steady_clock::now();
  };
  std::vector<std::thread> others;
  std::exception_ptr refused;
  try {
    others.reserve(size_t(threads));
    for (int i = 1; i < threads; ++i) others.emplace_back(run, i);
  } catch (const std::exception&) {
    refused = std::current_exception();
    given_up = true;
  }
  run(0);
  for (std::thread& other : others) other.join();
  if (refused) std::rethrow_exception(refused);
  auto first = *std::min_element(began.begin(), began.end()), last = *std::max_element(ended.begin(), ended.end());
  return std::chrono::duration<double>(last - first).count();
}

struct FreeMemory {
  void operator()(char* data) const { ::operator delete(data, std::align_val_t(kHugePage)); }
};

// Every page is written, by the thread that will read it.
std::unique_ptr<char, FreeMemory> make_buffer(int threads) {
  std::unique_ptr<char, FreeMemory> buffer(static_cast<char*>(::operator new(kReadBytes, std::align_val_t(kHugePage))));
#if defined(__linux__)
  madvise(buffer.get(), kReadBytes, MADV_HUGEPAGE);
#endif
  size_t share = kReadBytes / size_t(threads);
  time_together(threads, [&](int thread) { std::memset(buffer.get() + size_t(thread) * share, thread + 1, share); });
  return buffer;
}

// The buffer is read window by window, so that each is timed alone, and comes round again after all others: a window is
// long gone from a core's own caches, and short enough to be read undisturbed now and then on a machine with company.
void probe_read(const ProbeIsa& isa, const char* buffer, int threads, Ceilings& best) {
  struct Pattern {
    const char* name;
    ProbeReadFn read;
  };
  size_t share = kReadWindow / size_t(threads) / kReadUnit * kReadUnit;
  for (Pattern pattern : {Pattern{"one stream", isa.read_sequential},
                          {"two streams", isa.read_two},
                          {"16 pages at once", isa.read_pages}})
    for (int pass = 0; pass < kReadPasses; ++pass)
      for (size_t window = 0; window < kReadBytes; window += kReadWindow) {
        const char* begin = buffer + window;
        double seconds =
            time_together(threads, [&](int thread) { sink += pattern.read(begin + size_t(thread) * share, share); });
        double gbs = double(share) * threads / seconds / 1e9;
        if (gbs <= best.read_gbs) continue;
        best.read_gbs = gbs;
        best.read_pattern = fmt::format("{} thread{}, {}", threads, threads == 1 ? "" : "s", pattern.name);
      }
}

// 10^9 operations a second, on all threads at once.
double probe_compute(const ProbeCompute& compute, int threads) {
  int64_t rounds = 1000;
  double best = 0;
  while (rounds < int64_t(1) << 40 && time_together(1, [&](int) { sink += compute.run(rounds); }) < kComputeSeconds)
    rounds *= 2;
  for (int pass = 0; pass < kComputePasses; ++pass) {
    double seconds = time_together(threads, [&](int) { sink += compute.run(rounds); });
    best = std::max(best, 2e-9 * double(compute.per_round) * double(rounds) * threads / seconds);
  }
  return best;
}

}  // namespace

Ceilings probe_ceilings(int threads) {
  Ceilings best;
  std::vector<const ProbeIsa*> isas = machine_probes();
  auto buffer = make_buffer(threads);
  for (const ProbeIsa* isa : isas) {
    if (isa == probe_plain() && isas.size() > 1) continue;
    probe_read(*isa, buffer.get(), threads, best);
    if (threads > 1) probe_read(*isa, buffer.get(), 1, best);
    for (const ProbeCompute& compute : isa->int8) {
      double gops = compute.run ? probe_compute(compute, threads) : 0;
      if (gops > best.int8_gops) best.int8_gops = gops, best.int8_kind = compute.kind;
    }
    best.fma_gflops = std::max(best.fma_gflops, probe_compute(isa->fma, threads));
  }
  return best;
}
