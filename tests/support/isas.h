// Which instruction sets a test runs on: the one that PREMISE_ISA names, else all that this CPU has.
#pragma once
#include <cstdlib>
#include <string>
#include <vector>

#include "base/machine.h"
#include "cpu/cpu_device.h"
#include "cpu/isa.h"

namespace prm {
extern const CpuIsa kEmu512Isa;  // in builds with tests
}

namespace prm::test {

inline std::vector<std::string> test_isas() {
  const char* named = std::getenv("PREMISE_ISA");
  return named && *named ? std::vector<std::string>{named} : available_isas();
}

// Those that multiply tiles (cpu/amx.cpp): the emulated one, and AMX where the OS grants it.
inline std::vector<std::string> tile_isas() {
  std::vector<std::string> names{"emu512"};
  if (cpu_features().amx && permit_tiles()) names.push_back("amx");
  return names;
}

inline const CpuIsa& isa_named(const std::string& name) {
  return name == "avx512" ? kAvx512Isa : name == "emu512" ? kEmu512Isa : name == "avx2" ? kAvx2Isa : kScalarIsa;
}

}  // namespace prm::test
