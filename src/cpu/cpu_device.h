// The CPU as a device: one table of kernels per instruction set, chosen at run time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "graph/device.h"

namespace prm {

// isa: "scalar", "avx2", "avx512", "amx" (as avx512, with AMX where it helps; only who names it gets it: base/machine.h, permit_tiles), in builds with tests "emu512", or empty for the best that this CPU has. Fails with device_unavailable, naming what is missing.
std::unique_ptr<Device> open_cpu(const std::string& isa);
const char* cpu_isa(const Device& cpu);          // of a device that open_cpu made
std::vector<std::string> available_isas();       // on this CPU, without being asked for by name; the best last

}  // namespace prm
