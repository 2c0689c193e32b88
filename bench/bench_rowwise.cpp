#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench_ops.h"
#include "cases/rowwise.h"
#include "ops/ops.h"

namespace prm::bench {

namespace {

void run_norm_case(benchmark::State& state, const cases::RowCase& c, const std::string& isa) {
  std::vector<float> gain(size_t(c.D), 0.5f);
  Graph graph;
  ValueId x = graph.input("x", DType::f32, {graph.symbol("T"), c.C});
  graph.outputs = {
      rms_norm(graph, x, graph.constant("gain", Tensor(DType::f32, {c.D}, gain.data()), nullptr), 1e-6f, "y")};
  OpRun run(graph, isa, {{"T", c.T}});
  Amounts amounts;
  amounts.bytes = 8.0 * double(c.T) * double(c.C);
  measure(state, run, amounts);
}

void run_glu_case(benchmark::State& state, const cases::RowCase& c, const std::string& isa) {
  Graph graph;
  Dim T = graph.symbol("T");
  graph.outputs = {
      glu(graph, graph.input("gate", DType::f32, {T, c.C}), graph.input("up", DType::f32, {T, c.C}), Gate::gelu, "y")};
  OpRun run(graph, isa, {{"T", c.T}});
  Amounts amounts;
  amounts.bytes = 12.0 * double(c.T) * double(c.C);
  measure(state, run, amounts);
}

void run_attention_case(benchmark::State& state, const cases::AttentionCase& c, const std::string& isa) {
  Graph graph;
  Dim T = graph.symbol("T");
  ValueId q = graph.input("q", DType::f32, {T, c.H * c.D}), k = graph.input("k", DType::f32, {T, c.G * c.D}),
          v = graph.input("v", DType::f32, {T, c.G * c.D});
  AttentionAttr attr{int32_t(c.D), int32_t(c.window), float(1.0 / std::sqrt(double(c.D)))};
  graph.outputs = {attention(graph, q, k, v, graph.input("positions", DType::i32, {T}), attr, "y")};
  OpRun run(graph, isa, {{"T", c.T}});
  Amounts amounts;
  for (int64_t t = 1; t <= c.T; ++t)  // scores and values of every head
    amounts.float_macs += 2.0 * double(c.H * c.D) * double(c.window ? std::min(t, c.window) : t);
  measure(state, run, amounts);
}

void run_decode_case(benchmark::State& state, const cases::DecodeCase& c, const std::string& isa) {
  constexpr int64_t kPage = 256;
  Graph graph;
  Dim T = graph.symbol("T"), S = graph.symbol("S"), M = graph.symbol("M"), P = graph.symbol("P");
  ValueId q = graph.input("q", DType::f32, {T, c.H * c.D}), k = graph.input("k", c.cache, {P, kPage, c.G * c.D}),
          v = graph.input("v", c.cache, {P, kPage, c.G * c.D});
  ValueId positions = graph.input("positions", DType::i32, {T}), sequence = graph.input("sequence", DType::i32, {T});
  AttentionAttr attr{int32_t(c.D), 0, float(1.0 / std::sqrt(double(c.D)))};
  graph.outputs = {
      attention_paged(graph, q, k, v, positions, sequence, graph.input("table", DType::i32, {S, M}), attr, "y")};
  int64_t pages = (c.keys + kPage - 1) / kPage;
  OpRun run(graph, isa, {{"T", 1}, {"S", 1}, {"M", pages}, {"P", pages}});
  run.counts_from["positions"] = int32_t(c.keys - 1);
  Amounts amounts;
  amounts.float_macs = 2.0 * double(c.H * c.D) * double(c.keys);
  amounts.bytes = 2.0 * double(Tensor(c.cache, {c.keys, c.G * c.D}).bytes());
  measure(state, run, amounts);
}

template <class Case> void add(std::string name, const Case& c, const std::string& isa,
                               void (*run)(benchmark::State&, const Case&, const std::string&)) {
  benchmark::RegisterBenchmark((name + "/" + isa).c_str(),
                               [&c, isa, run](benchmark::State& state) { run(state, c, isa); });
}

}  // namespace

void add_rowwise_cases() {
  for (const std::string& isa : available_isas()) {
    for (const cases::RowCase& c : cases::kRows) {
      add(fmt::format("rms_norm/T{}/C{}/D{}", c.T, c.C, c.D), c, isa, run_norm_case);
      add(fmt::format("glu/T{}/C{}", c.T, c.C), c, isa, run_glu_case);
    }
    for (const cases::AttentionCase& c : cases::kAttention)
      add(fmt::format("attention/T{}/H{}/G{}/D{}/window{}", c.T, c.H, c.G, c.D, c.window), c, isa, run_attention_case);
    for (const cases::DecodeCase& c : cases::kDecode)
      add(fmt::format("attention_decode/{}/keys{}/H{}/G{}/D{}", info(c.cache).name, c.keys, c.H, c.G, c.D), c, isa, run_decode_case);
  }
}

}  // namespace prm::bench
