#include <windows.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "doctor_probe.h"
#include "system.h"

MachineFacts probe_machine(const ProbeOptions& options) {
  MachineFacts machine;
  HostFacts& host = machine.host;
  machine.not_checked = {"os_kernel",          "cpu_amx",    "cgroup_cpu",  "cgroup_memory",  "numa",
                         "huge_pages",         "gpu_driver", "cuda_driver", "nvml",           "gpu_permissions",
                         "cuda_runtime",       "cublas",     "cudnn",       "nccl",           "library_majors",
                         "compute_capability", "gpu_memory", "gpu_ecc",     "gpu_throttling", "gpu_mig"};
  host.cores = int(std::thread::hardware_concurrency());
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  if (GlobalMemoryStatusEx(&memory)) host.memory = memory.ullTotalPhys, host.available_memory = memory.ullAvailPhys;
  host.folder = options.folder;
  if (!disk_space(options.folder, host.disk, host.free_disk)) host.disk_error = std::strerror(errno);
  probe_engine(host);
  return machine;
}
