// What was found out about a machine, in plain values: probes fill it in, checks read it.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

enum class Loading { loaded, unloadable, crashed, hung };

// One file of a library that was found.
struct LibraryFacts {
  std::string file, path;     // libcudart.so.13, and where it lies
  Loading loading = Loading::loaded;
  std::string why;            // the loader's words, the signal, the step that does not return
  int major = -1, minor = -1; // -1: it does not say
  int built_for = -1;         // the major of CUDA that a library over it was built for
  bool searched = true;       // the loader looks there
};

struct GpuFacts {
  std::string name;
  int capability = 0;               // compute capability times ten; 0 = not known
  int error = 0;                    // of NVML, when it does not give the device out
  uint64_t memory = 0, free_memory = 0;
  bool ecc = false;
  uint64_t ecc_new = 0, ecc_ever = 0;  // errors that were not corrected: since the driver was loaded, and in the GPU's life
  bool rows_pending = false, rows_failed = false;  // memory rows to be replaced
  uint64_t throttling = 0;          // NVML's reasons, a bit each
  bool mig = false;
};

// What answers for the driver: libcuda.so.1, libnvidia-ml.so.1.
struct DriverFacts {
  std::vector<LibraryFacts> files;  // none, or the one
  int init = 0;                     // what cuInit or nvmlInit said; 0 = good
  int cuda_version = 0;             // 13000 = 13.0; 0 = not known
  std::string version;              // of the driver
  std::vector<GpuFacts> gpus;
};

struct NodeFacts {
  std::string path;
  int error = 0;  // errno of opening it
};

struct HostFacts {
  std::string kernel;
  std::string cpu;
  std::set<std::string> cpu_flags;       // as Linux spells them; none: not known
  std::string isa_wanted;                // PREMISE_ISA
  std::string isa, isa_error;            // what the engine uses, or why it cannot be opened
  bool tiles_there = false;              // AMX
  std::string tiles_error;               // why an engine with them cannot be opened
  int cores = 0;                         // 0: not known
  std::set<int> allowed_cores;           // by affinity
  std::vector<std::set<int>> nodes;      // cores of each NUMA node that has any
  double cgroup_cores = -1;              // < 0: no limit
  uint64_t cgroup_memory = 0;            // 0: no limit
  uint64_t memory = 0, available_memory = 0;
  std::string huge_pages;                // always, madvise, never; "": this kernel has none
  std::string folder;
  uint64_t disk = 0, free_disk = 0;
  std::string disk_error;
};

struct GpuStackFacts {
  bool looked_for = false;
  std::vector<std::string> adapters;     // NVIDIA's, on the PCI bus
  std::string module_version;            // the driver in the kernel
  std::vector<NodeFacts> nodes;
  DriverFacts cuda, nvml;
  std::vector<LibraryFacts> runtime, cublas, cudnn, nccl;
  std::string visible;                   // CUDA_VISIBLE_DEVICES
  bool visible_is_set = false;
};

struct MachineFacts {
  HostFacts host;
  GpuStackFacts gpu;
  std::set<std::string> not_checked;     // ids of checks that nothing is known for on this system
};
