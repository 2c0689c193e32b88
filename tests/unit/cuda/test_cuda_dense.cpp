// Float weights on the emulator: the bytes of the CPU's scalar kernels, whatever the extents.
#include "cuda_case.h"

using namespace prm;
using namespace prm::test;

namespace {

constexpr DType kTypes[] = {DType::f32, DType::f16, DType::bf16};

struct Weights {
  Vector<std::vector<std::byte>> bytes;
  ValueId add(Graph& g, DType type, int64_t N, int64_t K, Random& random) {
    bytes.push_back(random_weights(type, N, K, 1.0f, random));
    return g.constant(format_text("w{}", bytes.size()), Tensor(type, {N, K}, bytes.back().data()), nullptr);
  }
};

void check(const Graph& g, const GraphRun& run) { CHECK(emulated(g, run) == run_graph(g, *open_cpu("scalar"), run)); }

}  // namespace

TEST_CASE("cuda: products of float weights have the bytes of the CPU, for one token and for many") {
  struct Extents {
    int64_t T, N, K;
  };
  for (auto [T, N, K] : {Extents{1, 1, 1}, {1, 33, 70}, {2, 40, 300}, {3, 32, 513}, {4, 31, 896}, {7, 65, 2304}, {8, 5, 64}, {9, 33, 1100}, {33, 34, 40}})
    for (DType type : kTypes) {
      Random random(uint64_t(T * 1000 + N + K));
      Weights weights;
      Graph g;
      g.outputs = {matmul(g, g.input("x", DType::f32, {g.symbol("T"), K}), weights.add(g, type, N, K, random), "y")};
      std::vector<float> x = uniform_floats(T * K, random);
      GraphRun run{{{"T", T}}, {{"x", bytes_of(x)}}, {}};
      std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
      INFO(info(type).name << " T " << T << " N " << N << " K " << K);
      CHECK(emulated(g, run) == truth);
      std::vector<float> last(x.end() - K, x.end());
      CHECK(emulated(g, {{{"T", 1}}, {{"x", bytes_of(last)}}, {}}) == std::vector<std::byte>(truth.end() - N * 4, truth.end()));
    }
}

TEST_CASE("cuda: products of float weights that are no constants, and sums that underflow to minus zero") {
  for (DType type : kTypes) {
    Random random(4);
    Graph g;
    g.outputs = {matmul(g, g.input("x", DType::f32, {9, 300}), g.input("w", type, {35, 300}), "y")};
    check(g, {{}, {{"x", bytes_of(uniform_floats(9 * 300, random))}, {"w", random_weights(type, 35, 300, 1.0f, random)}}, {}});
  }
  std::vector<float> tiny(9 * 33, -1e-30f), w(32 * 33, 1e-30f);
  Graph g;
  g.outputs = {matmul(g, g.input("x", DType::f32, {9, 33}), g.constant("w", Tensor(DType::f32, {32, 33}, w.data()), nullptr), "y")};
  check(g, {{}, {{"x", bytes_of(tiny)}}, {}});
}

TEST_CASE("cuda: groups of float weights and gated pairs have the bytes of the CPU, in every order") {
  for (int64_t T : {1, 10}) {
    Random random(7);
    Weights weights;
    Graph g;
    ValueId x = g.input("x", DType::f32, {T, 600});
    matmul_group(g, x, {weights.add(g, DType::f16, 33, 600, random), weights.add(g, DType::f16, 64, 600, random), weights.add(g, DType::f32, 70, 600, random)}, "group");
    Vector<ValueId> made = g.nodes.back().out;
    ValueId silu = matmul_glu(g, x, weights.add(g, DType::bf16, 70, 600, random), weights.add(g, DType::bf16, 70, 600, random), Gate::silu, "silu");
    ValueId gelu = matmul_glu(g, x, weights.add(g, DType::f32, 70, 600, random), weights.add(g, DType::f32, 70, 600, random), Gate::gelu, "gelu");
    ValueId joined = matmul(g, add(g, add(g, silu, gelu, "sum"), made[2], "sum_all"), weights.add(g, DType::f32, 64, 70, random), "joined");
    ValueId first = matmul(g, made[0], weights.add(g, DType::f32, 64, 33, random), "first");
    g.outputs = {add(g, add(g, joined, first, "two"), made[1], "y")};
    GraphRun run{{}, {{"x", bytes_of(uniform_floats(T * 600, random))}}, {}};
    std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
    in_all_orders([&] { CHECK(emulated(g, run) == truth); });
  }
}

TEST_CASE("cuda: rows of a float table, by itself and shared with the product at the end") {
  for (DType type : kTypes)
    for (bool tied : {false, true}) {
      constexpr int64_t V = 37, C = 700;
      Random random(6);
      Weights weights;
      Graph g;
      ValueId table = weights.add(g, type, V, C, random), rows = embed(g, table, g.input("tokens", DType::i32, {4}), "rows");
      g.outputs = {tied ? matmul(g, rows, table, "y") : rows};
      INFO(info(type).name);
      check(g, {{}, {{"tokens", bytes_of(std::vector<int32_t>{36, 0, 17, 32})}}, {}});
    }
}

TEST_CASE("cuda: tables of angles have the bytes of the CPU, however they are stretched") {
  std::vector<float> factors = {1.0f, 1.5f, 3.25f, 8.0f, 9.5f, 64.0f};
  std::vector<int32_t> positions = {0, 1, 7, 4095, 131071, 12345678, -1, 99, 100, 3};
  for (bool factored : {false, true})
    for (RopeTableAttr attr : {RopeTableAttr{12, 0, 1e4, 1}, RopeTableAttr{12, 0, 1e6, 0.25}, RopeTableAttr{12, 0, 5e5, 0.125, 1, 4, 1.19}}) {
      Graph g;
      ValueId more = factored ? g.constant("factors", Tensor(DType::f32, {6}, factors.data()), nullptr) : -1;
      g.outputs = {rope_table(g, g.input("positions", DType::i32, {10}), attr, "angles", more)};
      check(g, {{}, {{"positions", bytes_of(positions)}}, {}});
    }
}
