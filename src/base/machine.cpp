#include "base/machine.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/threads.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace prm {

#if defined(__x86_64__)
namespace {
uint64_t read_xcr0() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}
}  // namespace

CpuFeatures cpu_features() {
  CpuFeatures f;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return f;
  bool osxsave = c & (1u << 27), fma = c & (1u << 12), f16c = c & (1u << 29);
  if (!osxsave || (read_xcr0() & 6) != 6) return f;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return f;
  f.avx2 = (b & (1u << 5)) && fma && f16c;
  return f;
}

std::string cpu_name() {
  unsigned words[12] = {};
  for (unsigned i = 0; i < 3; ++i)
    if (!__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3])) return "x86-64";
  char text[49] = {};
  std::memcpy(text, words, 48);
  std::string name(text);
  size_t first = name.find_first_not_of(' '), last = name.find_last_not_of(' ');
  return first == std::string::npos ? "x86-64" : name.substr(first, last - first + 1);
}
#else
CpuFeatures cpu_features() { return {}; }
std::string cpu_name() { return "unknown"; }
#endif

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

int granted_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : int(std::thread::hardware_concurrency());
  int quota = cgroup_cores();
  if (quota > 0 && quota < cores) cores = quota;
  return cores < 1 ? 1 : cores;
}

void advise_huge_pages(void* data, size_t size) noexcept {
  constexpr uintptr_t kHuge = 2u << 20;
  uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + kHuge - 1) / kHuge * kHuge, end = (reinterpret_cast<uintptr_t>(data) + size) / kHuge * kHuge;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}
#else
int granted_cores() {
  unsigned n = std::thread::hardware_concurrency();
  return n ? int(n) : 1;
}
void advise_huge_pages(void*, size_t) noexcept {}
#endif

}  // namespace prm
