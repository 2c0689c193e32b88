// Ops of rows as runs of steps, and mixtures of experts, on the emulator: the bytes of the CPU's scalar kernels.
#include "cuda_case.h"

using namespace prm;
using namespace prm::test;

namespace {

void check(const Graph& g, const GraphRun& run) { CHECK(emulated(g, run) == run_graph(g, *open_cpu("scalar"), run)); }

ValueId constant(Graph& g, const char* name, std::vector<float>& values) { return g.constant(name, Tensor(DType::f32, {int64_t(values.size())}, values.data()), nullptr); }

}  // namespace

TEST_CASE("cuda: a run of steps has the bytes of its ops, whatever the width of a row") {
  EmulatedCuda device;
  for (int64_t C : {32, 96, 1280, 5120, 14336})
    for (DType blocks : {DType::a8, DType::a8k}) {
      if (C % info(blocks).block) continue;
      Random random{uint64_t(C)};
      std::vector<float> gain = uniform_floats(C, random), heads = uniform_floats(32, random), bias = uniform_floats(C, random);
      Graph g;
      constexpr int64_t T = 3;
      ValueId x = g.input("x", DType::f32, {T, C}), table = g.input("table", DType::f32, {T, 24});
      ValueId y = rms_norm(g, add(g, x, constant(g, "bias", bias), "biased"), constant(g, "gain", gain), 1e-5f, "norm");
      y = rope(g, rms_norm(g, y, constant(g, "heads", heads), 1e-6f, "heads_norm"), table, {32, C > 32 ? Pairing::halves : Pairing::neighbours}, "turned");
      g.outputs = {quantize(g, glu(g, scale(g, y, 3.5f, "scaled"), y, C > 96 ? Gate::silu : Gate::gelu, "gated"), blocks, "q")};
      GraphRun run{{}, {{"x", bytes_of(uniform_floats(T * C, random, 4))}, {"table", bytes_of(uniform_floats(T * 24, random))}}, {}};
      std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
      Graph fused = fuse(g, &device);
      INFO("C " << C << " " << info(blocks).name << "\n" << print_graph(fused));
      CHECK(fused.nodes.size() <= 4);
      if (C < 2000) in_all_orders([&] { CHECK(emulated(fused, run) == truth); });
      else CHECK(emulated(fused, run) == truth);
      CHECK(emulated(g, run) == truth);
    }
}

TEST_CASE("cuda: rows that are taken out may be of any type") {
  Random random(8);
  for (auto [type, C] : {std::pair{DType::f32, 8}, {DType::f32, 3}, {DType::f16, 3}, {DType::bf16, 6}, {DType::i32, 5}}) {
    Graph g;
    g.outputs = {select_rows(g, g.input("x", type, {7, C}), g.input("index", DType::i32, {4}), "y")};
    check(g, {{}, {{"x", random_weights(DType::f16, 7, C * (info(type).bytes / 2), 1.0f, random)}, {"index", bytes_of(std::vector<int32_t>{6, 0, 6, 3})}}, {}});
  }
}

TEST_CASE("cuda: the experts of a token are the CPU's, also among equals and for what is no number") {
  for (int64_t E : {1, 7, 33, 130})
    for (bool weights : {false, true}) {
      Random random{uint64_t(E)};
      constexpr int64_t T = 11;
      int64_t used = std::min<int64_t>(E, 6);
      std::vector<float> logits = uniform_floats(T * E, random, 5);
      for (int64_t e = 0; e < E; ++e) {
        logits[size_t(E + e)] = 2, logits[size_t(2 * E + e)] = float(e % 3), logits[size_t(3 * E + e)] = -INFINITY, logits[size_t(4 * E + e)] = NAN;
        if (e == 0 || e == 2) logits[size_t(5 * E + e)] = NAN;
        if (e > 1) logits[size_t(6 * E + e)] = e % 2 ? 0.0f : -0.0f;
        if (e < 4) logits[size_t(7 * E + e)] = INFINITY;
        logits[size_t(8 * E + e)] = float(e);
      }
      Graph g;
      Routes routes = moe_route(g, g.input("logits", DType::f32, {T, E}), {int32_t(used), weights ? 1 : 0, weights ? 2.5f : 1.0f}, "route");
      g.outputs = {weights ? routes.weights : routes.experts};
      GraphRun run{{}, {{"logits", bytes_of(logits)}}, {}};
      std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run), bytes = emulated(g, run);
      INFO("E " << E << " weights " << weights);
      if (!weights) CHECK(bytes == truth);
      for (size_t i = 0; i < truth.size() / 4; ++i) {  // any NaN is as good
        float a = reinterpret_cast<const float*>(truth.data())[i], b = reinterpret_cast<const float*>(bytes.data())[i];
        CHECK(((a != a && b != b) || !std::memcmp(&a, &b, 4)));
      }
    }
}

TEST_CASE("cuda: products of few and of many tokens with the experts that they chose, and their sum") {
  constexpr int64_t E = 3, N = 64, K = 300, used = 2;
  for (int64_t T : {1, 9, 40})
    for (DType type : {DType::f32, DType::f16, DType::bf16}) {
      Random random{uint64_t(T)};
      std::vector<std::byte> first = random_weights(type, E * N, K, 1.0f, random), second = random_weights(type, E * N, N, 1.0f, random);
      Graph g;
      ValueId x = g.input("x", DType::f32, {T, K}), chosen = g.input("chosen", DType::i32, {T, used}), weights = g.input("weights", DType::f32, {T, used});
      ValueId parts = moe_matmul(g, x, g.constant("first", Tensor(type, {E * N, K}, first.data()), nullptr), chosen, E, "parts");
      parts = moe_matmul(g, parts, g.constant("second", Tensor(type, {E * N, N}, second.data()), nullptr), chosen, E, "more");
      g.outputs = {moe_combine(g, parts, weights, "y", g.input("shared", DType::f32, {T, N}), g.input("gate", DType::f32, {T, 1}))};
      std::vector<int32_t> experts;
      for (int64_t t = 0; t < T; ++t) experts.push_back(t < 30 ? 1 : int32_t(t % E)), experts.push_back(t < 30 ? 2 * int32_t(t % 2) : int32_t((t + 1) % E));
      GraphRun run{{}, {{"x", bytes_of(uniform_floats(T * K, random))}, {"chosen", bytes_of(experts)}, {"weights", bytes_of(uniform_floats(T * used, random))},
                        {"shared", bytes_of(uniform_floats(T * N, random))}, {"gate", bytes_of(uniform_floats(T, random))}}, {}};
      std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
      INFO(info(type).name << " T " << T);
      if (type == DType::f16) in_all_orders([&] { CHECK(emulated(g, run) == truth); });
      else CHECK(emulated(g, run) == truth);
    }
}

TEST_CASE("cuda: products of quantized weights of experts, of every format") {
  constexpr int64_t E = 3, N = 48, used = 2;
  for (DType type : {DType::q4_0, DType::q5_1, DType::q8_0, DType::mxfp4, DType::q2_k, DType::q3_k, DType::q4_k, DType::q6_k, DType::iq4_xs})
    for (int64_t T : {1, 21}) {
      int64_t K = info(type).block == 32 ? 288 : 768;
      Random random{uint64_t(T) + 9};
      std::vector<std::byte> weights = random_weights(type, E * N, K, 1.0f, random);
      Graph g;
      ValueId x = g.input("x", DType::f32, {T, T == 1 ? K : used * K});
      g.outputs = {moe_matmul(g, x, g.constant("w", Tensor(type, {E * N, K}, weights.data()), nullptr), g.input("chosen", DType::i32, {T, used}), E, "y")};
      g = quantize_activations(g);
      std::vector<int32_t> chosen;
      for (int64_t t = 0; t < T; ++t) chosen.push_back(t < 15 ? 2 : 1), chosen.push_back(t < 15 ? int32_t(t % 2) : 0);
      GraphRun run{{}, {{"x", bytes_of(uniform_floats(g[x].shape[1].value * T, random))}, {"chosen", bytes_of(chosen)}}, {}};
      std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
      INFO(info(type).name << " T " << T);
      if (type == DType::q4_k) in_all_orders([&] { CHECK(emulated(g, run) == truth); });
      else CHECK(emulated(g, run) == truth);
    }
}
