#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "doctor_checks.h"

namespace {

// Nobody tells.
const char* unknown(const GpuStackFacts& gpu) { return has_gpu(gpu) ? "unknown" : "none"; }

bool has_kernels(int capability) {
  return std::any_of(std::begin(kKernelArchitectures), std::end(kKernelArchitectures),
                     [&](int built) { return built / 10 == capability / 10 && built <= capability; });
}

Check check_capability(const GpuStackFacts& gpu, Severity severity) {
  Check check{"compute_capability", State::pass, "none", fmt::format("sm_{}", fmt::join(kKernelArchitectures, " sm_")),
              ""};
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
    check.found = unknown(gpu);
    check.state = std::min(severity.missing, State::warn);
    check.fix = "mend cuda_driver and nvml first: they tell it";
    return check;
  }
  check.found = fmt::format("{}", fmt::join(found, ", "));
  if (!other) return check;
  bool old = other < kKernelArchitectures[0];
  check.state = old && !served ? severity.broken : State::warn;
  check.fix =
      old ? fmt::format("a GPU of sm_{} is too old; the least that works is sm_{} (A100, RTX 30 and later): {}", other,
                        kKernelArchitectures[0], served ? "choose another by CUDA_VISIBLE_DEVICES" : "run on the CPU")
          : fmt::format(
                "this release has no machine code for sm_{} and was not tested on it: the driver translates its kernels when they are first "
                "loaded, which takes a minute; {}",
                other, served ? "choose another GPU by CUDA_VISIBLE_DEVICES" : "use a later release if one has it");
  return check;
}

// A check of each GPU by NVML, whose worst finding stands.
template <class Look>
Check check_each(const GpuStackFacts& gpu, Severity severity, const char* id, const char* need, const Look& look) {
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
  check.found = unknown(gpu);
  check.state = std::min(severity.missing, State::warn);
  check.fix = "mend nvml first: it tells this";
  return check;
}

Check look_at_memory(const GpuFacts& one, size_t index) {
  Check check;
  check.found = one.memory
                    ? fmt::format("{:.1f} of {:.1f} GB free", double(one.free_memory) / 1e9, double(one.memory) / 1e9)
                    : "shared with the CPU";
  if (!one.memory || (one.free_memory >= one.memory / 10 && one.free_memory >= 1'000'000'000)) return check;
  check.state = State::warn;
  check.fix = fmt::format(
      "end what holds the memory of GPU {} (nvidia-smi lists it), or choose another GPU by CUDA_VISIBLE_DEVICES",
      index);
  return check;
}

Check look_at_ecc(const GpuFacts& one, size_t index, State broken) {
  Check check;
  check.found = one.ecc || one.ecc_new || one.ecc_ever
                    ? fmt::format("{} uncorrected errors, {} ever", one.ecc_new, one.ecc_ever)
                    : "off, or this GPU has none";
  if (one.rows_pending) check.found += ", rows to be replaced";
  if (one.rows_failed) check.found += ", a row that cannot be replaced";
  if (one.rows_failed)
    check = {"", broken, check.found, "",
             fmt::format("do not use GPU {}: its memory is failing; have it exchanged", index)};
  else if (one.ecc_new || one.rows_pending)
    check = {"", broken, check.found, "",
             fmt::format("end what runs on GPU {}, then sudo nvidia-smi -i {} --gpu-reset, or reboot; if errors come "
                         "back, have it exchanged",
                         index, index)};
  else if (one.ecc_ever)
    check.state = State::warn,
    check.fix = fmt::format(
        "watch GPU {}: nvidia-smi -i {} -q -d ECC,ROW_REMAPPER; have it exchanged if the number grows", index, index);
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
      return {"", State::warn, std::string("throttled: ") + reason.words, "",
              fmt::format("GPU {}: {}", index, reason.fix)};
  return check;
}

Check look_at_mig(const GpuFacts& one, size_t index) {
  Check check;
  check.found = one.mig ? "on" : "off";
  if (!one.mig) return check;
  check.state = State::warn;
  check.fix = fmt::format(
      "Premise gets one instance: choose it by CUDA_VISIBLE_DEVICES=MIG-... (nvidia-smi -L), or for the whole GPU sudo "
      "nvidia-smi -i {} -mig 0",
      index);
  return check;
}

}  // namespace

std::vector<Check> check_devices(const GpuStackFacts& gpu, Severity severity) {
  auto ecc = [&](const GpuFacts& one, size_t index) { return look_at_ecc(one, index, severity.broken); };
  return {check_capability(gpu, severity),
          check_each(gpu, severity, "gpu_memory", "a tenth of it free, and 1 GB", look_at_memory),
          check_each(gpu, severity, "gpu_ecc", "no uncorrected errors", ecc),
          check_each(gpu, severity, "gpu_throttling", "full clocks under load", look_at_clocks),
          check_each(gpu, severity, "gpu_mig", "off, or an instance chosen", look_at_mig)};
}
