// What Linux grants; of its kin nothing more is asked than the number of cores.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/machine.h"
#include "base/threads.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif

namespace prm {

int64_t process_id() noexcept { return getpid(); }

#if defined(__linux__)
namespace {
// cgroup v2: "max 100000" or "200000 100000" (quota, period, in microseconds).
int cgroup_cores() {
  std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r");
  if (!file) return 0;
  char text[64] = {};
  size_t n = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  if (!n || !std::strncmp(text, "max", 3)) return 0;
  char* rest = nullptr;
  long long quota = std::strtoll(text, &rest, 10), period = std::strtoll(rest, nullptr, 10);
  if (quota <= 0 || period <= 0) return 0;
  long long cores = (quota + period - 1) / period;
  return cores > 4096 ? 4096 : int(cores);
}
}  // namespace

void prefer_large_pages(void* memory, size_t size) noexcept { madvise(memory, size & ~size_t(4095), MADV_HUGEPAGE); }

int granted_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : int(std::thread::hardware_concurrency());
  int quota = cgroup_cores();
  if (quota > 0 && quota < cores) cores = quota;
  return cores < 1 ? 1 : cores;
}
#else
void prefer_large_pages(void*, size_t) noexcept {}

int granted_cores() {
  unsigned n = std::thread::hardware_concurrency();
  return n ? int(n) : 1;
}
#endif

}  // namespace prm
