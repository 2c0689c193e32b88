// What tests of families of kernels share.
#pragma once
#include "ops/ops.h"
#include "passes/passes.h"
#include "support/blocks.h"
#include "support/catch.h"
#include "support/emulated_cuda.h"
#include "support/random.h"
#include "support/run_graph.h"

namespace prm::test {

inline std::vector<float> uniform_floats(int64_t n, Random& random, float size = 1) {
  std::vector<float> x;
  for (int64_t i = 0; i < n; ++i) x.push_back(size * random.uniform());
  return x;
}

// The bytes of the graph on the emulated device, which has kernels for all of it but `fallbacks` nodes.
inline std::vector<std::byte> emulated(const Graph& graph, const GraphRun& run, int64_t fallbacks = 0) {
  EmulatedCuda device;
  Plan plan;
  std::vector<std::byte> bytes = run_graph(graph, device, run, {}, &plan);
  CHECK(plan.fallbacks == fallbacks);
  return bytes;
}

}  // namespace prm::test
