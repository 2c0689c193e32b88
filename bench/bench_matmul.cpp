#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bench_ops.h"
#include "cases/matmul.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "support/blocks.h"

namespace prm::bench {

namespace {

// One token reads weights that no cache holds, as decoding does: so many bytes of copies are run through in turn.
constexpr size_t kStreamedBytes = size_t(96) << 20;

int64_t copies_of(const cases::MatmulCase& c, const std::string& isa, size_t matrix_bytes) {
  if (c.T > 1 || isa == "scalar") return 1;
  return std::clamp<int64_t>(int64_t(kStreamedBytes / std::max<size_t>(matrix_bytes, 1)), 1, 256);
}

void run_matmul_case(benchmark::State& state, const cases::MatmulCase& c, const std::string& isa) {
  test::Random random(7);
  std::vector<std::byte> matrix = test::random_weights(c.type, c.N, c.K, 1.0f, random);
  int64_t copies = copies_of(c, isa, matrix.size());
  std::vector<std::byte> data(matrix.size() * size_t(copies));
  Graph graph;
  ValueId x = graph.input("x", DType::f32, {graph.symbol("T"), c.K});
  for (int64_t i = 0; i < copies; ++i) {
    std::byte* at = data.data() + size_t(i) * matrix.size();
    std::memcpy(at, matrix.data(), matrix.size());
    ValueId w = graph.constant(format_text("w{}", i), Tensor(c.type, {c.N, c.K}, at), nullptr);
    graph.outputs.push_back(matmul(graph, x, w, format_text("y{}", i)));
  }
  OpRun run(quantize_activations(std::move(graph)), isa, {{"T", c.T}});
  double macs = double(c.T) * double(c.N) * double(c.K) * double(copies);
  Amounts amounts;
  amounts.bytes = double(run.weight_bytes ? run.weight_bytes : data.size());
  (is_block(c.type) ? amounts.int8_macs : amounts.float_macs) = macs;
  measure(state, run, amounts);
}

}  // namespace

void add_matmul_cases() {
  for (const cases::MatmulCase& c : cases::kMatmul)
    for (const std::string& isa : available_isas()) {
      std::string name = fmt::format("matmul/{}/T{}/N{}/K{}/{}", info(c.type).name, c.T, c.N, c.K, isa);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&c, isa](benchmark::State& state) { run_matmul_case(state, c, isa); });
    }
}

}  // namespace prm::bench
