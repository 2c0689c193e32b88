// The kernels of a CUDA device: what stands between the graph's arguments and the launchers.
#pragma once
#include "graph/device.h"
#include "launchers.h"

namespace prm {

std::span<const Kernel> cuda_kernels();

// Where launches of this thread go, while the device submits.
struct Submission {
  Stream stream;
  void* scratch;  // memory of the device for the length of a launch: attention_scratch_bytes (launchers.h). Null: kernels do without
  size_t scratch_bytes;
};
extern thread_local Submission submitting_to;

}  // namespace prm
