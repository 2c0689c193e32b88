// The op cases on Google Benchmark: on every instruction set of this machine, one thread, beside the machine's ceilings.
#include "bench_ops.h"

#include <cstring>

#include "base/error.h"
#include "support/cache_rows.h"
#include "support/random.h"

namespace prm::bench {

OpRun::OpRun(const Graph& graph, const std::string& isa, const Map<String, int64_t>& extents)
    : device(open_cpu(isa)) {
  PlanOptions options;
  options.device = device.get();
  options.bounds = extents;
  plan = std::make_shared<Plan>(make_plan(graph, options));
  weights = std::make_unique<WeightPool>(account, nullptr);
  weight_bytes = weights->reserve(*plan).held;
  weights->fill(*plan, {});
  state = std::make_unique<PlanState>(plan);
  state->allocate(*weights, account);
  for (const auto& [name, value] : extents) bindings.push_back({plan->symbol(name), value});
}

void OpRun::fill_inputs() {
  test::Random random(1);
  for (const auto& [name, index] : plan->io) {
    if (plan->values[size_t(index)].place != Place::input) continue;
    Tensor& tensor = state->io(name);
    if (tensor.dtype == DType::i32) {
      auto first = counts_from.find(name);
      for (int64_t i = 0; i < tensor.count(); ++i) tensor.as<int32_t>()[i] = int32_t(i) + (first == counts_from.end() ? 0 : first->second);
      continue;
    }
    std::vector<float> row(size_t(tensor.cols()));
    for (int64_t r = 0; r < tensor.rows(); ++r) {
      for (float& value : row) value = random.uniform();
      std::vector<std::byte> bytes = test::cache_rows(tensor.dtype, row);
      std::memcpy(tensor.row<std::byte>(r), bytes.data(), bytes.size());
    }
  }
}

void OpRun::run_once() {
  if (Status status = state->run(bindings, {}); status != Status::ok) fail(status, "the run was not ok");
}

void measure(benchmark::State& state, OpRun& run, const Amounts& amounts) {
  run.fill_inputs();
  run.run_once();
  for (auto _ : state) {
    run.run_once();
    benchmark::ClobberMemory();
  }
  auto rate = [&](const char* name, double amount) {
    if (amount > 0) state.counters[name] = benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
  };
  rate("GB/s", amounts.bytes / 1e9);
  rate("GMAC/s", (amounts.int8_macs + amounts.float_macs) / 1e9);
  rate("share_read", amounts.bytes / 1e9 / ceilings().read_gbs);
  rate("share_int8", 2 * amounts.int8_macs / 1e9 / ceilings().int8_gops);
  rate("share_fma", 2 * amounts.float_macs / 1e9 / ceilings().fma_gflops);
}

const Ceilings& ceilings() {
  static const Ceilings found = probe_ceilings(1);
  return found;
}

}  // namespace prm::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const Ceilings& found = prm::bench::ceilings();
  benchmark::AddCustomContext("read_gbs_probe", std::to_string(found.read_gbs));
  benchmark::AddCustomContext("int8_gops_probe", std::to_string(found.int8_gops));
  benchmark::AddCustomContext("fma_gflops_probe", std::to_string(found.fma_gflops));
  prm::bench::add_conv_cases();
  prm::bench::add_matmul_cases();
  prm::bench::add_rowwise_cases();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
