// A CUDA device: its memory, one stream, and the door through which launches go.
#pragma once
#include <memory>

#include "graph/plugin.h"

namespace prm {

// Null after host.fail(): no driver, one that is too old, no such GPU, a GPU that there are no kernels for, no memory to begin with.
std::unique_ptr<Device> open_cuda(const PluginHost& host);

}  // namespace prm
