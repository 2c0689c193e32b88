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
#include <sys/syscall.h>
#endif

namespace prm {

int64_t process_id() noexcept { return getpid(); }

bool permit_tiles() noexcept {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

#if defined(__linux__)
namespace {
bool read_start(const char* path, char* text, size_t room) {
  std::FILE* file = std::fopen(path, "r");
  if (!file) return false;
  size_t n = std::fread(text, 1, room - 1, file);
  std::fclose(file);
  text[n] = 0;
  return n > 0;
}

// cgroup v2: "max 100000" or "200000 100000" (quota, period, in microseconds); 0: no bound.
int cores_of_group(const char* folder) {
  char path[640], text[64];
  std::snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", folder);
  if (!read_start(path, text, sizeof text) || !std::strncmp(text, "max", 3)) return 0;
  char* rest = nullptr;
  long long quota = std::strtoll(text, &rest, 10), period = std::strtoll(rest, nullptr, 10);
  if (quota <= 0 || period <= 0) return 0;
  long long cores = (quota + period - 1) / period;
  return cores > 4096 ? 4096 : int(cores);
}

// The least of our group's and those around it. "0::/a/b" is v2's line, the last one.
int cgroup_cores() {
  char text[4096] = "", folder[512] = "";
  read_start("/proc/self/cgroup", text, sizeof text);
  const char* line = std::strstr(text, "0::/");
  if (line) std::sscanf(line + 3, "%511[^\n]", folder);
  int least = 0;
  for (;;) {
    int cores = cores_of_group(folder);
    if (cores && (!least || cores < least)) least = cores;
    char* last = std::strrchr(folder, '/');
    if (!last) return least;
    *last = 0;
  }
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
