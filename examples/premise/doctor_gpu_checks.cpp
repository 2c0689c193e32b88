#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "doctor_checks.h"

namespace {

constexpr const char* kDriverPackage = "the NVIDIA driver 580 or later";
constexpr const char* kContainer = "in a container, start it with --gpus all (nvidia-container-toolkit)";
// What cuInit and nvmlInit give, where it says what to do (CUresult, nvmlReturn_t).
enum { kCudaStub = 34, kCudaNoDevice = 100, kCudaNotReady = 802, kCudaMismatch = 803, kCudaCompat = 804, kCudaUnknown = 999 };
enum { kNvmlNoPermission = 4, kNvmlNoDriver = 9, kNvmlLost = 15, kNvmlMismatch = 18 };

std::string dotted_cuda(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

const std::vector<GpuFacts>& gpus_of(const GpuStackFacts& gpu) { return gpu.cuda.gpus.empty() ? gpu.nvml.gpus : gpu.cuda.gpus; }

bool works(const DriverFacts& driver) { return !driver.files.empty() && driver.files[0].loading == Loading::loaded && driver.init == 0; }

Check check_adapter(const GpuStackFacts& gpu, Severity severity) {
  Check check{"gpu", State::pass, "none", "an NVIDIA GPU; without one Premise runs on the CPU", ""};
  std::vector<std::string> names;
  for (const GpuFacts& one : gpus_of(gpu)) names.push_back(one.name.empty() ? "no name" : one.name);
  if (names.empty()) names = gpu.adapters;
  if (!names.empty()) check.found = fmt::format("{}", fmt::join(names, ", "));
  if (has_gpu(gpu)) return check;
  check.state = severity.missing;
  check.fix = fmt::format("run on the CPU (without --require cuda), or put in an NVIDIA GPU of sm_{} or later; {}", kKernelArchitectures[0], kContainer);
  return check;
}

std::string driver_version(const GpuStackFacts& gpu) { return gpu.nvml.version.empty() ? gpu.module_version : gpu.nvml.version; }

Check check_driver(const GpuStackFacts& gpu, Severity severity) {
  Check check{"gpu_driver", State::pass, "none", fmt::format(">= {}", kLeastDriver), ""};
  std::string version = driver_version(gpu), install = fmt::format("install {} (Debian, Ubuntu: nvidia-driver-580) and reboot", kDriverPackage);
  bool differ = !gpu.module_version.empty() && !gpu.nvml.version.empty() && gpu.module_version != gpu.nvml.version;
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (!version.empty()) check.found = version;
  if (gpu.cuda.cuda_version) check.found += fmt::format(", CUDA up to {}", dotted_cuda(gpu.cuda.cuda_version));
  if (differ || gpu.nvml.init == kNvmlMismatch) {
    check.state = severity.broken;
    check.found = fmt::format("{} in the kernel, its libraries of another version{}", gpu.module_version.empty() ? "one" : gpu.module_version,
                              gpu.nvml.version.empty() ? "" : " (" + gpu.nvml.version + ")");
    check.fix = "reboot: the driver was updated under the running kernel";
  } else if (version.empty()) {
    check.state = severity.missing;
    check.fix = install + "; " + kContainer;
  } else if (major < kLeastDriver) {
    check.state = severity.broken;
    check.fix = fmt::format("driver {} is too old; the least that works is {}, which runs CUDA {}: {}", version, kLeastDriver, dotted_cuda(kLeastCuda), install);
  }
  return check;
}

std::string cuda_fix(const GpuStackFacts& gpu) {
  switch (gpu.cuda.init) {
    case kCudaStub: return "this libcuda.so.1 is for linking only: take the toolkit's folder 'stubs' out of LD_LIBRARY_PATH";
    case kCudaNoDevice:
      if (gpu.visible_is_set) return fmt::format("CUDA_VISIBLE_DEVICES='{}' hides all GPUs: unset it, or name one of 'nvidia-smi -L'", gpu.visible);
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
    check.fix = gpu.visible_is_set ? fmt::format("CUDA_VISIBLE_DEVICES='{}' hides all GPUs: unset it", gpu.visible) : "make a MIG instance, or turn MIG off: see 'nvidia-smi -L'";
  }
  return check;
}

std::string nvml_fix(int code) {
  if (code == kNvmlNoPermission) return fmt::format("let this user open /dev/nvidiactl (sudo usermod -aG video $USER, or sudo chmod a+rw /dev/nvidia*); {}", kContainer);
  if (code == kNvmlNoDriver) return "load the driver: sudo modprobe nvidia; if it does not load, install the NVIDIA driver 580 or later for this kernel";
  if (code == kNvmlMismatch) return "reboot: the driver was updated under the running kernel";
  if (code == kNvmlLost) return "the GPU has fallen off the bus: look at 'sudo dmesg | grep -i xid', then switch the machine off and on";
  return "look at 'sudo dmesg | grep -i nvrm', then reboot";
}

Check check_nvml(const GpuStackFacts& gpu, Severity severity) {
  Check check{"nvml", State::pass, "none", "libnvidia-ml.so.1", ""};
  if (gpu.nvml.files.empty()) {
    check.state = severity.missing;
    check.fix = fmt::format("install {}, whose libnvidia-ml.so.1 is missing (Debian: libnvidia-ml1); {}", kDriverPackage, kContainer);
    return check;
  }
  if (!check_loading(gpu.nvml.files[0], kDriverPackage, severity.broken, check)) return check;
  check.found = gpu.nvml.files[0].path;
  int error = gpu.nvml.init;
  for (const GpuFacts& one : gpu.nvml.gpus) error = error ? error : one.error;
  if (!error) return check;
  check.state = severity.broken;
  check.found += error == kNvmlNoPermission ? ": no permission" : error == kNvmlLost ? ": a GPU is lost" : fmt::format(": error {}", error);
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
                        : fmt::format("sudo chmod a+rw {}, or join the group that has it (ls -l {}); {}", node.path, node.path, kContainer);
    return check;
  }
  check.found = gpu.nodes.empty() ? "none" : "can be opened";
  if (!gpu.nodes.empty()) return check;
  check.state = std::min(severity.missing, State::warn);
  check.fix = "mend gpu_driver first: no driver is loaded that would have them";
  return check;
}

bool has_kernels(int capability) {
  return std::any_of(std::begin(kKernelArchitectures), std::end(kKernelArchitectures), [&](int built) { return built / 10 == capability / 10 && built <= capability; });
}

Check check_capability(const GpuStackFacts& gpu, Severity severity) {
  Check check{"compute_capability", State::pass, "none", fmt::format("sm_{}", fmt::join(kKernelArchitectures, " sm_")), ""};
  std::vector<std::string> found;
  size_t served = 0;
  int other = 0;
  for (const GpuFacts& one : gpus_of(gpu)) {
    if (!one.capability) continue;
    found.push_back(fmt::format("sm_{}", one.capability));
    if (has_kernels(one.capability)) ++served;
    else other = one.capability;
  }
  if (found.empty()) {
    check.state = std::min(severity.missing, State::warn);
    check.fix = "mend cuda_driver and nvml first: they tell it";
    return check;
  }
  check.found = fmt::format("{}", fmt::join(found, ", "));
  if (!other) return check;
  check.state = served ? State::warn : severity.broken;
  bool old = other < kKernelArchitectures[0];
  check.fix = old ? fmt::format("a GPU of sm_{} is too old; the least that works is sm_{} (A100, RTX 30 and later): {}", other, kKernelArchitectures[0], served ? "choose another by CUDA_VISIBLE_DEVICES" : "run on the CPU")
                  : fmt::format("this release has no kernels for sm_{}: {}", other, served ? "choose another GPU by CUDA_VISIBLE_DEVICES" : "run on the CPU, or use a later release");
  return check;
}

// A check of each GPU by NVML, whose worst finding stands.
template <class Look> Check check_each(const GpuStackFacts& gpu, Severity severity, const char* id, const char* need, const Look& look) {
  Check check{id, State::pass, "none", need, ""};
  std::vector<std::string> found;
  for (size_t i = 0; i < gpu.nvml.gpus.size(); ++i) {
    if (gpu.nvml.gpus[i].error) continue;
    Check one = look(gpu.nvml.gpus[i], i);
    found.push_back(fmt::format("GPU {}: {}", i, one.found));
    if (one.state > check.state) check.state = one.state, check.fix = one.fix;
  }
  if (!found.empty()) {
    check.found = fmt::format("{}", fmt::join(found, ", "));
    return check;
  }
  check.state = std::min(severity.missing, State::warn);
  check.fix = "mend nvml first: it tells this";
  return check;
}

Check look_at_memory(const GpuFacts& one, size_t index) {
  Check check;
  check.found = fmt::format("{:.1f} of {:.1f} GB free", double(one.free_memory) / 1e9, double(one.memory) / 1e9);
  if (!one.memory || (one.free_memory >= one.memory / 10 && one.free_memory >= 1'000'000'000)) return check;
  check.state = State::warn;
  check.fix = fmt::format("end what holds the memory of GPU {} (nvidia-smi lists it), or choose another GPU by CUDA_VISIBLE_DEVICES", index);
  return check;
}

Check look_at_ecc(const GpuFacts& one, size_t index, State broken) {
  Check check;
  check.found = one.ecc || one.ecc_new || one.ecc_ever ? fmt::format("{} uncorrected errors, {} ever", one.ecc_new, one.ecc_ever) : "off, or this GPU has none";
  if (one.rows_pending) check.found += ", rows to be replaced";
  if (one.rows_failed) check.found += ", a row that cannot be replaced";
  if (one.rows_failed) check = {"", broken, check.found, "", fmt::format("do not use GPU {}: its memory is failing; have it exchanged", index)};
  else if (one.ecc_new || one.rows_pending)
    check = {"", broken, check.found, "", fmt::format("end what runs on GPU {}, then sudo nvidia-smi -i {} --gpu-reset, or reboot; if errors come back, have it exchanged", index, index)};
  else if (one.ecc_ever) check.state = State::warn, check.fix = fmt::format("watch GPU {}: nvidia-smi -i {} -q -d ECC,ROW_REMAPPER; have it exchanged if the number grows", index, index);
  return check;
}

// Clocks are low for other reasons too, such as idling.
Check look_at_clocks(const GpuFacts& one, size_t index) {
  struct Reason {
    uint64_t bit;
    const char* words;
    const char* fix;
  };
  static constexpr Reason kReasons[] = {
      {0x80, "power brake", "look at the power supply and its cables"},
      {0x40, "too hot (hardware)", "clean its fans and let cooler air in"},
      {0x20, "too hot (software)", "clean its fans and let cooler air in"},
      {0x08, "hardware slowdown", "look at cooling and power supply: nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER"},
      {0x04, "power limit", "raise the limit (sudo nvidia-smi -pl WATTS) where the power supply allows it"},
  };
  Check check;
  check.found = "not throttled";
  for (const Reason& reason : kReasons)
    if (one.throttling & reason.bit)
      return {"", State::warn, std::string("throttled: ") + reason.words, "", fmt::format("GPU {}: {}", index, reason.fix)};
  return check;
}

Check look_at_mig(const GpuFacts& one, size_t index) {
  Check check;
  check.found = one.mig ? "on" : "off";
  if (!one.mig) return check;
  check.state = State::warn;
  check.fix = fmt::format("Premise gets one instance: choose it by CUDA_VISIBLE_DEVICES=MIG-... (nvidia-smi -L), or for the whole GPU sudo nvidia-smi -i {} -mig 0", index);
  return check;
}

}  // namespace

bool has_gpu(const GpuStackFacts& gpu) { return !gpu.adapters.empty() || !gpu.module_version.empty() || !gpus_of(gpu).empty(); }

Severity severity_of(const GpuStackFacts& gpu, Require require) {
  if (require == Require::cuda) return {State::fail, State::fail};
  if (!has_gpu(gpu)) return {State::pass, State::warn};
  return {State::warn, require == Require::cpu ? State::warn : State::fail};
}

std::vector<Check> check_gpu(const GpuStackFacts& gpu, Require require) {
  Severity severity = severity_of(gpu, require);
  if (!gpu.looked_for) {
    if (require != Require::cuda) return {};
    return {{"gpu", State::fail, "not looked for", "Linux", "CUDA is for Linux in this release: leave --require cuda out, and run on the CPU"}};
  }
  std::vector<Check> checks = {check_adapter(gpu, severity), check_driver(gpu, severity), check_cuda(gpu, severity), check_nvml(gpu, severity), check_nodes(gpu, severity)};
  checks.push_back(check_library(kRuntimeNeed, gpu.runtime, severity));
  checks.push_back(check_library(kCublasNeed, gpu.cublas, severity));
  checks.push_back(check_cudnn(gpu.cudnn, severity));
  checks.push_back(check_nccl(gpu.nccl, gpus_of(gpu).size(), severity));
  checks.push_back(check_majors(gpu));
  checks.push_back(check_capability(gpu, severity));
  checks.push_back(check_each(gpu, severity, "gpu_memory", "a tenth of it free, and 1 GB", look_at_memory));
  checks.push_back(check_each(gpu, severity, "gpu_ecc", "no uncorrected errors", [&](const GpuFacts& one, size_t i) { return look_at_ecc(one, i, severity.broken); }));
  checks.push_back(check_each(gpu, severity, "gpu_throttling", "full clocks under load", look_at_clocks));
  checks.push_back(check_each(gpu, severity, "gpu_mig", "off, or an instance chosen", look_at_mig));
  return checks;
}
