// What this machine is and grants: instruction sets, cores. All questions to the OS about it stand here.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace prm {

struct CpuFeatures {
  bool crc32 = false;   // SSE4.2
  bool avx2 = false;    // with FMA and F16C, and the OS saves their registers
  bool avx512 = false;  // F, BW, DQ, VL and VNNI, likewise
  bool amx = false;     // AMX with integers, beside AVX-512; needs permit_tiles()
};
CpuFeatures cpu_features();
std::string cpu_name();

// Asks the OS for the registers of AMX, for all threads, for good; false: it refuses. From then on signals need larger stacks here
// (Linux, Documentation/arch/x86/xstate.rst), so this is done for hosts that ask for it alone.
bool permit_tiles() noexcept;

// Another one in a child of fork; above 0.
int64_t process_id() noexcept;

// A hint, for memory that begins at a large page; where the OS does not take it nothing is lost.
void prefer_large_pages(void* memory, size_t size) noexcept;

inline void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace prm
