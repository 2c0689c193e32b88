// An op's kernels against its reference and against the scalar ones, on every instruction set.
#pragma once
#include <cmath>

#include "support/catch.h"
#include "support/isas.h"
#include "support/random.h"
#include "support/run_graph.h"

namespace prm::test {

inline std::vector<float> uniform(int64_t n, Random& random, float amplitude = 1) {
  std::vector<float> out;
  for (int64_t i = 0; i < n; ++i) out.push_back(amplitude * random.uniform());
  return out;
}

inline std::vector<float> floats(const std::vector<std::byte>& bytes) {
  std::vector<float> out(bytes.size() / 4);
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

// Compares each ISA with the reference (bound(i, truth)) and with the scalar bytes, also in cut, reversed work.
template <class Bound>
void check_kernels(const Graph& graph, const GraphRun& run, Bound bound, const std::vector<std::string>& isas = test_isas()) {
  BareDevice bare;
  std::vector<float> truth = floats(run_graph(graph, bare, run));
  std::vector<std::byte> scalar = run_graph(graph, *open_cpu("scalar"), run);
  for (const std::string& isa : isas) {
    auto device = open_cpu(isa);
    Plan plan;
    std::vector<std::byte> bytes = run_graph(graph, *device, run, {}, &plan);
    INFO(isa);
    CHECK(plan.fallbacks == 0);
    CHECK((bytes == scalar));
    ThreadPool pool(1, 10);
    Work work;
    work.pool = &pool, work.cut = 1, work.reverse = true;
    CHECK((run_graph(graph, *device, run, work) == scalar));
    std::vector<float> got = floats(bytes);
    size_t wrong = 0;
    for (size_t i = 0; i < got.size(); ++i) wrong += !(std::fabs(double(got[i]) - double(truth[i])) <= bound(i, std::fabs(double(truth[i]))));
    CHECK(wrong == 0);
  }
}

}  // namespace prm::test
