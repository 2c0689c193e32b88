// Facts about a machine -> what is well, what is not, and what to do about it. Nothing here asks the system.
#pragma once
#include <string>
#include <vector>

#include "doctor_facts.h"
#include "doctor_needs.h"

enum class State { pass, warn, fail };

struct Check {
  std::string id;
  State state = State::pass;
  std::string found, need;
  std::string fix;  // one line; "" where the state is pass
};

enum class Require { nothing, cpu, cuda };

std::vector<Check> check_machine(const MachineFacts& machine, Require require);

// Its parts.
std::vector<Check> check_host(const HostFacts& host);
std::vector<Check> check_gpu(const GpuStackFacts& gpu, Require require);

// How bad it is that something of a GPU's is not there, or there and not usable. Premise runs on the CPU without any, so that what is
// missing fails where CUDA is required alone.
struct Severity {
  State missing = State::pass, broken = State::warn;
};
Severity severity_of(const GpuStackFacts& gpu, Require require);
bool has_gpu(const GpuStackFacts& gpu);
const std::vector<GpuFacts>& gpus_of(const GpuStackFacts& gpu);  // as CUDA counts them, else NVML

std::vector<Check> check_drivers(const GpuStackFacts& gpu, Severity severity);
std::vector<Check> check_devices(const GpuStackFacts& gpu, Severity severity);

Check check_library(const LibraryNeed& need, const std::vector<LibraryFacts>& files, Severity severity);
Check check_cudnn(const std::vector<LibraryFacts>& files, Severity severity);
Check check_nccl(const std::vector<LibraryFacts>& files, size_t gpus, Severity severity);
// Two majors of one library where the loader finds both.
Check check_majors(const GpuStackFacts& gpu);
// What is wrong with a file that does not load or answer, and how to mend it. No change when it does.
bool check_loading(const LibraryFacts& file, const std::string& package, State broken, Check& check);
