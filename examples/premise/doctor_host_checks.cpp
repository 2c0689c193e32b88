#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "doctor_checks.h"

namespace {

std::string gigabytes(double bytes) { return fmt::format("{:.1f} GB", bytes / 1e9); }
std::string gigabytes(uint64_t bytes) { return gigabytes(double(bytes)); }

Check check_kernel(const HostFacts& host) {
  Check check{"os_kernel", State::pass, host.kernel.empty() ? "unknown" : "Linux " + host.kernel,
              fmt::format("Linux >= {}.{}", kLeastLinux[0], kLeastLinux[1]), ""};
  int major = 0, minor = 0;
  if (std::sscanf(host.kernel.c_str(), "%d.%d", &major, &minor) != 2) {
    check.state = State::warn;
    check.fix = "mount /proc, which tells the kernel's version";
  } else if (major < kLeastLinux[0] || (major == kLeastLinux[0] && minor < kLeastLinux[1])) {
    check.state = State::fail;
    check.fix =
        fmt::format("the least that works is Linux {}.{}: update the system (Debian 12 and Ubuntu 22.04 are tested)",
                    kLeastLinux[0], kLeastLinux[1]);
  }
  return check;
}

bool has_all(const HostFacts& host, std::initializer_list<const char*> flags) {
  return std::all_of(flags.begin(), flags.end(), [&](const char* flag) { return host.cpu_flags.contains(flag); });
}

// 0 scalar, 1 AVX2, 2 AVX-512.
int vectors_of(const HostFacts& host) {
  if (host.cpu_flags.empty()) return host.isa == "scalar" ? 0 : host.isa == "avx2" ? 1 : 2;
  if (!has_all(host, {"avx2", "fma", "f16c"})) return 0;
  return has_all(host, {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"}) ? 2 : 1;
}

Check check_isa(const HostFacts& host) {
  static constexpr const char* kNames[] = {"neither AVX2 nor AVX-512", "AVX2", "AVX2 and AVX-512 with VNNI"};
  int best = vectors_of(host);
  Check check{"cpu_isa", State::pass, fmt::format("{}; Premise uses {}", kNames[best], host.isa),
              "AVX2 with FMA and F16C", ""};
  bool held_back = !host.isa_wanted.empty() && host.isa != "amx" &&
                   (best == 2 ? host.isa != "avx512" : best == 1 && host.isa != "avx2");
  if (!host.isa_error.empty()) {
    check.state = State::fail;
    check.found = host.isa_error;
    check.fix = "unset PREMISE_ISA: Premise then takes the best that this CPU has";
  } else if (best == 0) {
    check.state = State::warn;
    check.fix =
        "Premise runs, slowly: take a CPU of 2013 or later, or have the virtual machine show all of its CPU (QEMU: "
        "-cpu host)";
  } else if (held_back) {
    check.state = State::warn;
    check.fix = fmt::format("unset PREMISE_ISA: it is {}, and this CPU has better", host.isa_wanted);
  }
  return check;
}

Check check_amx(const HostFacts& host) {
  Check check{"cpu_amx", State::pass, "none", "AMX, for networks of 8 bits only (PREMISE_ISA=amx)", ""};
  if (!host.tiles_there) return check;
  check.found = host.tiles_error.empty() ? "there, and granted: PREMISE_ISA=amx uses it" : host.tiles_error;
  if (host.tiles_error.empty()) return check;
  check.state = State::warn;
  check.fix =
      "the system does not let programs use AMX: take Linux 5.16 or later, and a virtual machine that shows it (QEMU: "
      "-cpu host)";
  return check;
}

Check check_cores(const HostFacts& host) {
  int allowed = host.allowed_cores.empty() ? host.cores : int(host.allowed_cores.size());
  Check check{"cpu_cores", State::pass, fmt::format("{} of {}", allowed, std::max(host.cores, allowed)),
              fmt::format(">= {}", kAmpleCores), ""};
  if (allowed >= kAmpleCores) return check;
  check.state = State::warn;
  check.fix = host.cores > allowed
                  ? "let it run on more cores: taskset -c 0-3 premise ..., docker run --cpuset-cpus=0-3"
                  : "give the machine more cores: speed grows with them";
  return check;
}

Check check_cgroup_cores(const HostFacts& host) {
  Check check{"cgroup_cpu", State::pass, "no limit", fmt::format(">= {} cores, or no limit", kAmpleCores), ""};
  if (host.cgroup_cores < 0) return check;
  check.found = fmt::format("{:.3g} cores", host.cgroup_cores);
  if (host.cgroup_cores >= kAmpleCores) return check;
  check.state = State::warn;
  check.fix =
      "raise the limit of the container or service: docker run --cpus=4, systemd's CPUQuota=400%, limits.cpu in "
      "Kubernetes";
  return check;
}

Check check_memory(const HostFacts& host) {
  Check check{"ram", State::pass, fmt::format("{}, {} free", gigabytes(host.memory), gigabytes(host.available_memory)),
              ">= " + gigabytes(kAmpleMemory), ""};
  if (double(host.memory) >= kAmpleMemory) return check;
  check.state = State::warn;
  check.fix = "add memory, or take models that fit: 'premise plan MODEL' tells what one takes";
  return check;
}

Check check_cgroup_memory(const HostFacts& host) {
  Check check{"cgroup_memory", State::pass, "no limit", fmt::format(">= {}, or no limit", gigabytes(kAmpleMemory)), ""};
  if (!host.cgroup_memory) return check;
  check.found = gigabytes(host.cgroup_memory);
  if (double(host.cgroup_memory) >= kAmpleMemory) return check;
  check.state = State::warn;
  check.fix =
      "raise the limit of the container or service (docker run --memory=16g, MemoryMax=16G), or keep below it by "
      "--max-host-bytes";
  return check;
}

Check check_nodes(const HostFacts& host) {
  Check check{"numa", State::pass,
              fmt::format("{} node{}", std::max<size_t>(host.nodes.size(), 1), host.nodes.size() > 1 ? "s" : ""),
              "one node, or a process kept on one", ""};
  if (host.nodes.size() < 2) return check;
  auto on_one = [&](const std::set<int>& node) {
    return std::includes(node.begin(), node.end(), host.allowed_cores.begin(), host.allowed_cores.end());
  };
  if (!host.allowed_cores.empty() && std::any_of(host.nodes.begin(), host.nodes.end(), on_one)) {
    check.found += ", kept on one";
    return check;
  }
  check.state = State::warn;
  check.fix = "keep a process on one node, whose memory is near: numactl --cpunodebind=0 --membind=0 premise ...";
  return check;
}

Check check_huge_pages(const HostFacts& host) {
  Check check{"huge_pages", State::pass, host.huge_pages.empty() ? "none" : host.huge_pages,
              "transparent huge pages: madvise or always", ""};
  if (host.huge_pages == "madvise" || host.huge_pages == "always") return check;
  check.state = State::warn;
  check.fix = host.huge_pages.empty()
                  ? "take a kernel with CONFIG_TRANSPARENT_HUGEPAGE: weights are read faster from large pages"
                  : "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled";
  return check;
}

Check check_disk(const HostFacts& host) {
  Check check{"disk", State::pass,
              fmt::format("{} of {} free at {}", gigabytes(host.free_disk), gigabytes(host.disk), host.folder),
              fmt::format(">= {} free for models", gigabytes(kAmpleDisk)), ""};
  if (!host.disk_error.empty()) {
    check.state = State::fail;
    check.found = fmt::format("{}: {}", host.folder, host.disk_error);
    check.fix = "give the folder of the models by --folder: it has to be there, and readable";
  } else if (double(host.free_disk) < kAmpleDisk) {
    check.state = double(host.free_disk) < kLeastDisk ? State::fail : State::warn;
    check.fix = fmt::format(
        "free some of it (du -xh {} | sort -h), or keep models on another disk and give it by --folder", host.folder);
  }
  return check;
}

}  // namespace

std::string supported_versions() {
  return fmt::format(
      "x86-64, Linux {}.{}; for GPUs: NVIDIA driver {}, CUDA {}.{}, cuDNN {}, NCCL {}.{}, all of them or later, and "
      "sm_{}",
      kLeastLinux[0], kLeastLinux[1], kLeastDriver, kLeastCuda / 1000, kLeastCuda % 1000 / 10, kCudnnNeed.major,
      kNcclNeed.major, kNcclNeed.minor, fmt::join(kKernelArchitectures, " sm_"));
}

std::vector<Check> check_host(const HostFacts& host) {
  return {check_kernel(host),       check_isa(host),    check_amx(host),           check_cores(host),
          check_cgroup_cores(host), check_memory(host), check_cgroup_memory(host), check_nodes(host),
          check_huge_pages(host),   check_disk(host)};
}

std::vector<Check> check_machine(const MachineFacts& machine, Require require) {
  std::vector<Check> checks = check_host(machine.host);
  for (const Check& check : check_gpu(machine.gpu, require)) checks.push_back(check);
  std::erase_if(checks, [&](const Check& check) { return machine.not_checked.contains(check.id); });
  for (Check& check : checks)
    if (check.state == State::pass) check.fix.clear();
  return checks;
}
