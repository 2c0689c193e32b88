// What Windows grants.
#include <windows.h>

#include <bit>
#include <cstdint>

#include "base/machine.h"
#include "base/threads.h"

namespace prm {

int64_t process_id() noexcept { return 1; }  // there is no fork

bool permit_tiles() noexcept { return false; }  // not tried there

namespace {
// A job that caps the rate gives it in 1/10000 of all the machine's cores.
int job_cores(int machine_cores) {
  JOBOBJECT_CPU_RATE_CONTROL_INFORMATION rate{};
  if (!QueryInformationJobObject(nullptr, JobObjectCpuRateControlInformation, &rate, sizeof rate, nullptr)) return 0;
  constexpr DWORD kCapped = JOB_OBJECT_CPU_RATE_CONTROL_ENABLE | JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP;
  if ((rate.ControlFlags & kCapped) != kCapped || rate.CpuRate > 10000) return 0;
  return int((int64_t(rate.CpuRate) * machine_cores + 9999) / 10000);
}
}  // namespace

void prefer_large_pages(void*, size_t) noexcept {}  // they need a privilege that a guest has not

int granted_cores() {
  int machine_cores = int(GetActiveProcessorCount(ALL_PROCESSOR_GROUPS)), cores = machine_cores;
  DWORD_PTR granted = 0, all = 0;  // both 0 in a process that spans several groups of 64 cores
  if (GetProcessAffinityMask(GetCurrentProcess(), &granted, &all) && granted) cores = std::popcount(uint64_t(granted));
  int capped = job_cores(machine_cores);
  if (capped > 0 && capped < cores) cores = capped;
  return cores < 1 ? 1 : cores;
}

}  // namespace prm
