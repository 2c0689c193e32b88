// Mixtures of experts: the router's choice, matmuls of chosen experts, their sum; packed like plain, many tokens like each
// alone.
#include <cmath>

#include "ops/experts.h"
#include "passes/passes.h"
#include "support/blocks.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

namespace {

std::vector<int32_t> integers(const std::vector<std::byte>& bytes) {
  std::vector<int32_t> out(bytes.size() / 4);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

Graph router(int64_t E, const RouteAttr& attr, bool weights) {
  Graph g;
  Routes routes = moe_route(g, g.input("logits", DType::f32, {g.symbol("T"), E}), attr, "route");
  g.outputs = {weights ? routes.weights : routes.experts};
  return g;
}

}  // namespace

TEST_CASE("a router takes the likeliest experts, the lowest of equals first, and never one twice") {
  std::vector<float> logits = {1, 3, 2, 3, 0, /**/ 5, 5, 5, 5, 5, /**/ -INFINITY, -1, -INFINITY, -2, -3, /**/ NAN, 1, NAN, 2, 0};
  GraphRun run{{{"T", 4}}, {{"logits", bytes_of(logits)}}, {}};
  std::vector<int32_t> expected = {1, 3, 2, 0, 1, 2, 1, 3, 4};
  BareDevice bare;
  for (Device* device : {static_cast<Device*>(&bare), open_cpu("scalar").release()}) {
    std::vector<int32_t> chosen = integers(run_graph(router(5, {3, 0}, false), *device, run));
    CHECK((std::vector<int32_t>(chosen.begin(), chosen.begin() + 9) == expected));
    for (int j = 9; j < 12; ++j)
      for (int i = 9; i < j; ++i) CHECK((chosen[size_t(j)] >= 0 && chosen[size_t(j)] < 5 && chosen[size_t(i)] != chosen[size_t(j)]));
    if (device != &bare) delete device;
  }
}

TEST_CASE("a router's weights are the softmax over all experts, or add up to one") {
  Random random(21);
  for (int64_t E : {1, 4, 17, 128})
    for (int64_t k : {int64_t(1), std::min<int64_t>(E, 8)})
      for (int32_t renormalize : {0, 1}) {
        INFO("E " << E << " k " << k << " renormalize " << renormalize);
        check_kernels(router(E, {int32_t(k), renormalize, 1.5f}, true), {{{"T", 9}}, {{"logits", bytes_of(uniform(9 * E, random, 6))}}, {}},
                      [](size_t, double size) { return 2e-6 * size + 1e-30; });
      }
  std::vector<float> weights = floats(run_graph(router(3, {2, 1}, true), *open_cpu("scalar"), {{{"T", 1}}, {{"logits", bytes_of(std::vector<float>{0, 0, 0})}}, {}}));
  CHECK((weights == std::vector<float>{0.5f, 0.5f}));
}

TEST_CASE("matmuls of chosen experts keep within their bound, and give the same bytes packed or plain, together or alone") {
  Random random(22);
  struct Case {
    DType type;
    int64_t T, E, k, N, K;
    bool own;  // each expert has its own x
  };
  for (const Case& c : {Case{DType::f32, 3, 4, 2, 5, 33, false}, Case{DType::f32, 9, 3, 2, 32, 64, true}, Case{DType::q8_0, 1, 8, 3, 48, 96, false},
                        Case{DType::q4_k, 40, 4, 2, 16, 512, true}, Case{DType::q8_0, 40, 4, 2, 24, 64, false}, Case{DType::f16, 300, 2, 1, 16, 32, false}}) {
    std::vector<std::byte> weights = random_weights(c.type, c.E * c.N, c.K, 1.0f, random);
    Graph g;
    Dim T = g.symbol("T");
    int64_t columns = c.own ? c.K * c.k : c.K;
    ValueId x = g.input("x", DType::f32, {T, columns}), chosen = g.input("chosen", DType::i32, {T, c.k});
    ValueId w = g.constant("w", Tensor(c.type, {c.E * c.N, c.K}, weights.data()), nullptr);
    g.outputs = {moe_matmul(g, x, w, chosen, c.E, "y")};
    g = quantize_activations(g);
    std::vector<float> values = uniform(c.T * columns, random);
    std::vector<int32_t> experts;
    for (int64_t i = 0; i < c.T * c.k; ++i) experts.push_back(int32_t(random.below(c.E)));
    GraphRun run{{{"T", c.T}}, {{"x", bytes_of(values)}, {"chosen", bytes_of(experts)}}, {}};
    INFO(info(c.type).name << " T " << c.T << " E " << c.E << " k " << c.k << " N " << c.N << " K " << c.K << " own " << c.own);
    check_kernels(g, run, [&](size_t, double) { return 4e-6 * double(c.K); });
    std::vector<std::byte> all = run_graph(g, *open_cpu(test_isas().back()), run);
    GraphRun last{{{"T", 1}},
                  {{"x", bytes_of(std::vector<float>(values.end() - columns, values.end()))}, {"chosen", bytes_of(std::vector<int32_t>(experts.end() - c.k, experts.end()))}},
                  {}};
    CHECK((run_graph(g, *open_cpu("scalar"), last) == std::vector<std::byte>(all.end() - c.k * c.N * 4, all.end())));
  }
}

TEST_CASE("what experts give is added with their weights, a shared one by its gate") {
  Random random(23);
  for (int64_t C : {1, 37, 300})
    for (int64_t k : {1, 3})
      for (bool shared : {false, true}) {
        Graph g;
        Dim T = g.symbol("T");
        ValueId parts = g.input("parts", DType::f32, {T, k * C}), weights = g.input("weights", DType::f32, {T, k});
        GraphRun run{{{"T", 5}}, {{"parts", bytes_of(uniform(5 * k * C, random))}, {"weights", bytes_of(uniform(5 * k, random))}}, {}};
        if (shared) {
          g.outputs = {moe_combine(g, parts, weights, "y", g.input("shared", DType::f32, {T, C}), g.input("gate", DType::f32, {T, 1}))};
          run.inputs["shared"] = bytes_of(uniform(5 * C, random)), run.inputs["gate"] = bytes_of(uniform(5, random, 4));
        } else {
          g.outputs = {moe_combine(g, parts, weights, "y")};
        }
        INFO("C " << C << " k " << k << " shared " << shared);
        check_kernels(g, run, [&](size_t, double) { return 1e-6; });
      }
}

TEST_CASE("the shape rules of experts refuse what does not fit, by name") {
  auto refused = [](const std::function<void(Graph&)>& call, const std::string& why) {
    Graph g;
    try {
      call(g);
    } catch (const Error& error) {
      return error.message.find(why) != std::string::npos;
    }
    return false;
  };
  CHECK(refused([](Graph& g) { moe_route(g, g.input("x", DType::f32, {g.symbol("T"), 4}), {5, 0}, "r"); }, "more experts are used than there are"));
  auto product = [](int64_t columns, int64_t rows, int64_t experts) {
    return [=](Graph& g) {
      Dim T = g.symbol("T");
      moe_matmul(g, g.input("x", DType::f32, {T, columns}), g.input("w", DType::f32, {rows, 32}), g.input("e", DType::i32, {T, 2}), experts, "m");
    };
  };
  CHECK(refused(product(48, 64, 4), "the inner extents differ"));
  CHECK(refused(product(32, 63, 4), "the experts do not divide the rows"));
  CHECK(refused(product(32, 64, 0), "the experts do not divide the rows"));
}
