#include "doctor_checks.h"

const std::vector<GpuFacts>& gpus_of(const GpuStackFacts& gpu) {
  return gpu.cuda.gpus.empty() ? gpu.nvml.gpus : gpu.cuda.gpus;
}

Severity severity_of(const GpuStackFacts& gpu, Require require) {
  if (require == Require::cuda) return {State::fail, State::fail};
  if (!has_gpu(gpu)) return {State::pass, State::warn};
  return {State::warn, require == Require::cpu ? State::warn : State::fail};
}

std::vector<Check> check_gpu(const GpuStackFacts& gpu, Require require) {
  Severity severity = severity_of(gpu, require);
  if (!gpu.looked_for) {
    if (require != Require::cuda) return {};
    return {{"gpu", State::fail, "not looked for", "Linux",
             "CUDA is for Linux in this release: leave --require cuda out, and run on the CPU"}};
  }
  std::vector<Check> checks = check_drivers(gpu, severity);
  checks.push_back(check_library(kRuntimeNeed, gpu.runtime, severity));
  checks.push_back(check_library(kCublasNeed, gpu.cublas, severity));
  checks.push_back(check_cudnn(gpu.cudnn, severity));
  checks.push_back(check_nccl(gpu.nccl, gpus_of(gpu).size(), severity));
  checks.push_back(check_majors(gpu));
  for (const Check& check : check_devices(gpu, severity)) checks.push_back(check);
  return checks;
}
