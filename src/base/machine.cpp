#include "base/machine.h"

#include <cstdint>
#include <cstring>

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
  f.crc32 = c & (1u << 20);
  bool osxsave = c & (1u << 27), fma = c & (1u << 12), f16c = c & (1u << 29);
  uint64_t saved = osxsave ? read_xcr0() : 0;  // bits 1, 2: SSE and AVX registers; 5 to 7: masks and the 512-bit ones
  if ((saved & 6) != 6) return f;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return f;
  f.avx2 = (b & (1u << 5)) && fma && f16c;
  constexpr unsigned kFoundation = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
  f.avx512 = f.avx2 && (b & kFoundation) == kFoundation && (c & (1u << 11)) && (saved & 0xe0) == 0xe0;
  constexpr unsigned kTiles = 1u << 24 | 1u << 25;  // AMX-TILE, AMX-INT8
  f.amx = f.avx512 && (d & kTiles) == kTiles && (saved & 0x60000) == 0x60000;
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

}  // namespace prm
