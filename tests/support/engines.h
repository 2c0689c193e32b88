// Engines for tests that go in below the C ABI.
#pragma once
#include <string>

#include "cpu/cpu_device.h"
#include "runtime/engine.h"

namespace prm::test {

inline EnginePtr open_test_engine(const std::string& isa, int threads) {
  EngineOptions options;
  options.threads = threads;
  options.spin_us = 20;
  EnginePtr engine = make_engine(options);
  engine->device = open_cpu(isa);
  return engine;
}

}  // namespace prm::test
