// The kernels of a CUDA device: what stands between the graph's arguments and the launchers.
#pragma once
#include "graph/device.h"
#include "launchers.h"

namespace prm {

std::span<const Kernel> cuda_kernels();

// The stream that launches of this thread go into, while the device submits.
extern thread_local Stream submitting_to;

}  // namespace prm
