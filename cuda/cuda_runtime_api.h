// CUDA's runtime, or the emulator's twin of it. cuda_device.cpp uses nothing else of either.
#pragma once

#ifdef PREMISE_CUDA_EMULATED
#include "emulator/runtime_twins.h"
#else
#include <cuda_runtime.h>
#endif
