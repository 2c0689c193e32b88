// A graph of one op, planned on one instruction set and run again and again on the calling thread.
#pragma once
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "cpu/cpu_device.h"
#include "graph/weight_pool.h"
#include "probe.h"

namespace prm::bench {

struct OpRun {
  std::unique_ptr<Device> device;
  MemoryAccount account;
  std::shared_ptr<Plan> plan;
  std::unique_ptr<WeightPool> weights;
  std::unique_ptr<PlanState> state;
  std::vector<Binding> bindings;
  uint64_t weight_bytes = 0;  // packed; 0 where rows are read plain
  Map<String, int32_t> counts_from;  // first value of an integer input; else 0

  OpRun(const Graph& graph, const std::string& isa, const Map<String, int64_t>& extents);
  // Fills the inputs: floats, and the types of a cache, with numbers in [-1, 1), integers counting up.
  void fill_inputs();
  void run_once();
};

// What one run of a case moves and computes; zero: not shown.
struct Amounts {
  double bytes = 0, int8_macs = 0, float_macs = 0;
};
void measure(benchmark::State& state, OpRun& run, const Amounts& amounts);

const Ceilings& ceilings();  // of one thread
void add_conv_cases();
void add_matmul_cases();
void add_rowwise_cases();

}  // namespace prm::bench
