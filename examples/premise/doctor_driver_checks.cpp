#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "doctor_checks.h"

namespace {

constexpr const char* kContainer = "in a container, start it with --gpus all (nvidia-container-toolkit)";
// What cuInit and nvmlInit give, where it says what to do (CUresult, nvmlReturn_t).
enum { kCudaStub = 34, kCudaNoDevice = 100, kCudaNotReady = 802, kCudaMismatch = 803, kCudaCompat = 804 };
enum { kCudaUnknown = 999 };
enum {
  kNvmlNoPermission = 4,
  kNvmlNoDriver = 9,
  kNvmlLost = 15,
  kNvmlResetRequired = 16,
  kNvmlBlocked = 17,
  kNvmlMismatch = 18
};

const std::string kDriverPackage = fmt::format("the NVIDIA driver {} or later", kLeastDriver);

std::string dotted_cuda(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

bool works(const DriverFacts& driver) {
  return !driver.files.empty() && driver.files[0].loading == Loading::loaded && driver.init == 0;
}

Check check_adapter(const GpuStackFacts& gpu, Severity severity) {
  Check check{"gpu", State::pass, "none", "an NVIDIA GPU; without one Premise runs on the CPU", ""};
  std::vector<std::string> names;
  for (const GpuFacts& one : gpus_of(gpu)) names.push_back(one.name.empty() ? "no name" : one.name);
  if (names.empty()) names = gpu.adapters;
  if (!names.empty()) check.found = fmt::format("{}", fmt::join(names, ", "));
  if (has_gpu(gpu)) return check;
  check.state = severity.missing;
  check.fix = fmt::format("run on the CPU (without --require cuda), or put in an NVIDIA GPU of sm_{} or later; {}",
                          kKernelArchitectures[0], kContainer);
  return check;
}

// Every GPU that is known of: a later driver helps none of them.
bool all_too_old(const GpuStackFacts& gpu) {
  const std::vector<GpuFacts>& gpus = gpus_of(gpu);
  auto is_old = [](const GpuFacts& one) { return one.capability && one.capability < kKernelArchitectures[0]; };
  return !gpus.empty() && std::all_of(gpus.begin(), gpus.end(), is_old);
}

Check check_driver(const GpuStackFacts& gpu, Severity severity) {
  Check check{"gpu_driver", State::pass, "none", fmt::format(">= {}", kLeastDriver), ""};
  std::string version = gpu.nvml.version.empty() ? gpu.module_version : gpu.nvml.version;
  std::string install = fmt::format("install {} (Ubuntu: nvidia-driver-{}) and reboot", kDriverPackage, kLeastDriver);
  bool differ = !gpu.module_version.empty() && !gpu.nvml.version.empty() && gpu.module_version != gpu.nvml.version;
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (!version.empty()) check.found = version;
  if (gpu.cuda.cuda_version) check.found += fmt::format(", CUDA up to {}", dotted_cuda(gpu.cuda.cuda_version));
  if (differ || gpu.nvml.init == kNvmlMismatch) {
    check.state = severity.broken;
    check.found = fmt::format("{} in the kernel, its libraries of another version{}",
                              gpu.module_version.empty() ? "one" : gpu.module_version,
                              gpu.nvml.version.empty() ? "" : " (" + gpu.nvml.version + ")");
    check.fix = "reboot: the driver was updated under the running kernel";
  } else if (version.empty() && gpu.cuda.cuda_version >= kLeastCuda) {
    // Windows has the driver, and shows its libcuda to Linux.
    check.found = fmt::format("one of CUDA up to {}", dotted_cuda(gpu.cuda.cuda_version));
  } else if (version.empty()) {
    check.state = severity.missing;
    check.fix = install + "; " + kContainer;
  } else if (major < kLeastDriver) {
    check.state = severity.broken;
    check.fix =
        fmt::format("driver {} is too old; the least that works is {}, which runs CUDA {}: {}", version, kLeastDriver,
                    dotted_cuda(kLeastCuda), all_too_old(gpu) ? "run on the CPU, the GPU is too old as well" : install);
  }
  return check;
}

std::string cuda_fix(const GpuStackFacts& gpu) {
  switch (gpu.cuda.init) {
    case kCudaStub:
      return "this libcuda.so.1 is for linking only: take the toolkit's folder 'stubs' out of LD_LIBRARY_PATH";
    case kCudaNoDevice:
      if (gpu.visible_is_set)
        return fmt::format("CUDA_VISIBLE_DEVICES='{}' hides all GPUs: unset it, or name one of 'nvidia-smi -L'",
                           gpu.visible);
      return fmt::format("'nvidia-smi -L' has to list a GPU; {}", kContainer);
    case kCudaNotReady: return "start the fabric manager: sudo systemctl enable --now nvidia-fabricmanager";
    case kCudaMismatch: return "reboot: the driver was updated under the running kernel";
    case kCudaCompat: return "take the folder of cuda-compat out of LD_LIBRARY_PATH: this GPU does not take it";
    case kCudaUnknown: return "sudo modprobe nvidia-uvm && sudo nvidia-modprobe -u -c 0; if that does not help, reboot";
    default: return "look at 'sudo dmesg | grep -i nvrm', then reboot";
  }
}

Check check_cuda(const GpuStackFacts& gpu, Severity severity) {
  Check check{"cuda_driver", State::pass, "none", fmt::format("libcuda.so.1, CUDA >= {}", dotted_cuda(kLeastCuda)), ""};
  if (gpu.cuda.files.empty()) {
    check.state = severity.missing;
    check.fix = fmt::format("install {}, whose libcuda.so.1 is missing; {}", kDriverPackage, kContainer);
    return check;
  }
  if (!check_loading(gpu.cuda.files[0], kDriverPackage, severity.broken, check)) return check;
  std::string version = gpu.cuda.cuda_version ? "CUDA " + dotted_cuda(gpu.cuda.cuda_version) : "no version";
  check.found = fmt::format("{} in {}", version, gpu.cuda.files[0].path);
  if (gpu.cuda.init) {
    check.state = severity.broken;
    check.found += gpu.cuda.init < 0 ? ", without cuInit" : fmt::format(", cuInit gives {}", gpu.cuda.init);
    check.fix = cuda_fix(gpu);
  } else if (gpu.cuda.cuda_version < kLeastCuda) {
    check.state = severity.broken;
    check.fix = fmt::format("CUDA {} is the least that works: install {}", dotted_cuda(kLeastCuda), kDriverPackage);
  } else if (gpu.cuda.gpus.empty()) {
    check.state = severity.missing;
    check.found += ", no GPU in it";
    check.fix = gpu.visible_is_set ? fmt::format("CUDA_VISIBLE_DEVICES='{}' hides all GPUs: unset it", gpu.visible)
                                   : "make a MIG instance, or turn MIG off: see 'nvidia-smi -L'";
  }
  return check;
}

std::string nvml_fix(int code) {
  if (code == kNvmlNoPermission || code == kNvmlBlocked)
    return fmt::format(
        "let this user open /dev/nvidiactl (sudo usermod -aG video $USER, or sudo chmod a+rw /dev/nvidia*); {}",
        kContainer);
  if (code == kNvmlNoDriver)
    return fmt::format("load the driver: sudo modprobe nvidia; if it does not load, install {}", kDriverPackage);
  if (code == kNvmlMismatch) return "reboot: the driver was updated under the running kernel";
  if (code == kNvmlLost)
    return "the GPU has fallen off the bus: look at 'sudo dmesg | grep -i xid', then switch the machine off and on";
  if (code == kNvmlResetRequired) return "end what runs on the GPU, then sudo nvidia-smi --gpu-reset, or reboot";
  return "look at 'sudo dmesg | grep -i nvrm', then reboot";
}

Check check_nvml(const GpuStackFacts& gpu, Severity severity) {
  Check check{"nvml", State::pass, "none", "libnvidia-ml.so.1", ""};
  if (gpu.nvml.files.empty()) {
    check.state = severity.missing;
    check.fix = fmt::format("install {}, whose libnvidia-ml.so.1 is missing (Debian: libnvidia-ml1); {}",
                            kDriverPackage, kContainer);
    return check;
  }
  if (!check_loading(gpu.nvml.files[0], kDriverPackage, severity.broken, check)) return check;
  check.found = gpu.nvml.files[0].path;
  int error = gpu.nvml.init;
  for (const GpuFacts& one : gpu.nvml.gpus) error = error ? error : one.error;
  if (!error) return check;
  check.state = severity.broken;
  check.found += error == kNvmlNoPermission || error == kNvmlBlocked ? ": no permission"
                 : error == kNvmlLost                                ? ": a GPU is lost"
                                                                     : fmt::format(": error {}", error);
  check.fix = nvml_fix(error);
  return check;
}

Check check_nodes(const GpuStackFacts& gpu, Severity severity) {
  Check check{"gpu_permissions", State::pass, "", "/dev/nvidia* for reading and writing", ""};
  if (works(gpu.cuda) && !gpu.cuda.gpus.empty()) {
    check.found = "CUDA opens the GPU";
    return check;
  }
  for (const NodeFacts& node : gpu.nodes) {
    if (!node.error) continue;
    bool missing = node.error == ENOENT;
    check.state = severity.broken;
    check.found = fmt::format("{}: {}", node.path, std::strerror(node.error));
    check.fix = missing ? fmt::format("sudo nvidia-modprobe -u -c 0 makes it; {}", kContainer)
                        : fmt::format("sudo chmod a+rw {}, or join the group that has it (ls -l {}); {}", node.path,
                                      node.path, kContainer);
    return check;
  }
  check.found = gpu.nodes.empty() ? "none" : "can be opened";
  if (!gpu.nodes.empty()) return check;
  check.state = std::min(severity.missing, State::warn);
  check.fix = "mend gpu_driver first: no driver is loaded that would have them";
  return check;
}

}  // namespace

bool has_gpu(const GpuStackFacts& gpu) {
  return !gpu.adapters.empty() || !gpu.module_version.empty() || !gpus_of(gpu).empty();
}

std::vector<Check> check_drivers(const GpuStackFacts& gpu, Severity severity) {
  return {check_adapter(gpu, severity), check_driver(gpu, severity), check_cuda(gpu, severity),
          check_nvml(gpu, severity), check_nodes(gpu, severity)};
}
