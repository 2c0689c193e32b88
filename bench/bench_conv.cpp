#include <fmt/format.h>

#include "bench_ops.h"
#include "support/conv_graph.h"

namespace prm::bench {

namespace {

void run_conv_case(benchmark::State& state, const cases::ConvCase& c, const std::string& isa, const Op& op) {
  test::Random random(7);
  test::ConvGraph made(c, random, op);
  OpRun run(made.graph, isa, {});
  Amounts amounts;
  amounts.bytes = 4.0 * double(made.x_values + made.y_values * (c.more ? 2 : 1)) + double(run.weight_bytes);
  amounts.float_macs = double(made.y_values / ((c.O + 15) / 16 * 16) * c.O) * made.K;
  measure(state, run, amounts);
}

}  // namespace

void add_conv_cases() {
  for (const cases::ConvCase& c : cases::kConv) {
    if (c.tag != cases::Tag::bench) continue;
    for (const std::string& isa : available_isas()) {
      if (isa == "scalar" || isa == "emu512") continue;  // seconds each
      for (const Op* op : {&kConvBlocked, &kConvWinograd}) {
        if (op == &kConvWinograd && !cases::takes_winograd(c)) continue;
        std::string name = fmt::format("{}/C{}/O{}/{}x{}/k{}/s{}/g{}/{}", op->name, c.C, c.O, c.H, c.W, c.k, c.stride, c.group, isa);
        benchmark::RegisterBenchmark(name.c_str(), [&c, isa, op](benchmark::State& state) { run_conv_case(state, c, isa, *op); });
      }
    }
  }
}

}  // namespace prm::bench
