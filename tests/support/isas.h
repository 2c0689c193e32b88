// Which instruction sets a test runs on: the one that PREMISE_ISA names, else all that this CPU has.
#pragma once
#include <cstdlib>
#include <string>
#include <vector>

#include "cpu/cpu_device.h"

namespace prm::test {

inline std::vector<std::string> test_isas() {
  const char* named = std::getenv("PREMISE_ISA");
  return named && *named ? std::vector<std::string>{named} : available_isas();
}

}  // namespace prm::test
