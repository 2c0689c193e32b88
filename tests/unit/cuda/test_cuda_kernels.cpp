// Kernels of CUDA on the emulator: the bytes of the CPU's scalar kernels, in every order of threads and blocks.
#include "cases/matmul.h"
#include "cuda_case.h"
#include "formats/gguf.h"
#include "models/architecture.h"
#include "quant/format.h"
#include "support/step_model.h"
#include "support/tiny_model.h"

using namespace prm;
using namespace prm::test;

namespace {

Graph quantized_matmul(DType type, int64_t N, int64_t K, std::vector<std::byte>& weights) {
  Graph g;
  ValueId x = g.input("x", DType::f32, {g.symbol("T"), K});
  g.outputs = {matmul(g, x, g.constant("w", Tensor(type, {N, K}, weights.data()), nullptr), "y")};
  return quantize_activations(g);
}

}  // namespace

TEST_CASE("cuda: products of quantized weights have the bytes of the CPU, for one token and for many") {
  auto scalar = open_cpu("scalar");
  int taken = 0;
  for (const cases::MatmulCase& c : cases::kMatmul) {
    if (c.tag != cases::Tag::small || !find_format(c.type)) continue;
    ++taken;
    Random random(uint64_t(c.K * 7 + c.N));
    std::vector<std::byte> weights = random_weights(c.type, c.N, c.K, 1.0f, random);
    std::vector<float> x = uniform_floats(c.T * c.K, random);
    Graph graph = quantized_matmul(c.type, c.N, c.K, weights);
    GraphRun run{{{"T", c.T}}, {{"x", bytes_of(x)}}, {}};
    std::vector<std::byte> truth = run_graph(graph, *scalar, run);
    INFO(info(c.type).name << " T " << c.T << " N " << c.N << " K " << c.K);
    CHECK(emulated(graph, run) == truth);
    std::vector<float> last(x.end() - c.K, x.end());
    CHECK(emulated(graph, {{{"T", 1}}, {{"x", bytes_of(last)}}, {}}) == std::vector<std::byte>(truth.end() - c.N * 4, truth.end()));
  }
  CHECK(taken >= 35);
}

TEST_CASE("cuda: products of the largest values have the bytes of the CPU") {
  for (const QuantFormat* format : quant_formats())
    for (int fill : {0x00, 0xff, 0x7f, 0x80}) {
      Random random(uint64_t(fill) + 1);
      std::vector<std::byte> weights = random_weights(format->type, 16, 512, 1.0f, random, fill);
      std::vector<float> x(9 * 512);
      for (size_t i = 0; i < x.size(); ++i) x[i] = i % 2 ? -3.0f : 3.0f;
      Graph graph = quantized_matmul(format->type, 16, 512, weights);
      GraphRun run{{{"T", 9}}, {{"x", bytes_of(x)}}, {}};
      INFO(info(format->type).name << " filled with " << fill);
      CHECK(emulated(graph, run) == run_graph(graph, *open_cpu("scalar"), run));
    }
}

TEST_CASE("cuda: products are the same in every order of threads and blocks") {
  Random random(3);
  std::vector<std::byte> weights = random_weights(DType::q4_k, 37, 2304, 1.0f, random);
  std::vector<float> x = uniform_floats(9 * 2304, random);
  Graph graph = quantized_matmul(DType::q4_k, 37, 2304, weights);
  GraphRun run{{{"T", 9}}, {{"x", bytes_of(x)}}, {}};
  std::vector<std::byte> truth = run_graph(graph, *open_cpu("scalar"), run);
  in_all_orders([&] { CHECK(emulated(graph, run) == truth); });
}

TEST_CASE("cuda: ops of rows have the bytes of the CPU") {
  Random random(5);
  for (int64_t T : {1, 5})
    for (int64_t C : {32, 96, 640}) {
      Graph g;
      std::vector<float> gain = uniform_floats(C, random), head_gain = uniform_floats(32, random), bias = uniform_floats(C, random);
      ValueId x = g.input("x", DType::f32, {T, C}), table = g.input("table", DType::f32, {T, 24}), index = g.input("index", DType::i32, {3});
      ValueId y = rms_norm(g, x, g.constant("gain", Tensor(DType::f32, {C}, gain.data()), nullptr), 1e-5f, "norm");
      y = rms_norm(g, y, g.constant("heads", Tensor(DType::f32, {32}, head_gain.data()), nullptr), 1e-6f, "heads_norm");
      y = add(g, y, g.constant("bias", Tensor(DType::f32, {C}, bias.data()), nullptr), "biased");
      y = rope(g, y, table, {32, Pairing::halves}, "halves");
      y = rope(g, y, table, {32, Pairing::neighbours}, "neighbours");
      ValueId silu = glu(g, y, x, Gate::silu, "silu"), gelu = glu(g, x, y, Gate::gelu, "gelu");
      y = soft_cap(g, scale(g, add(g, silu, gelu, "sum"), 3.5f, "scaled"), 2.0f, "capped");
      g.outputs = {select_rows(g, y, index, "rows")};
      std::vector<int32_t> rows = {int32_t(T - 1), 0, int32_t(T / 2)};
      GraphRun run{{}, {{"x", bytes_of(uniform_floats(T * C, random, 4))}, {"table", bytes_of(uniform_floats(T * 24, random))}, {"index", bytes_of(rows)}}, {}};
      std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
      INFO("T " << T << " C " << C);
      in_all_orders([&] { CHECK(emulated(g, run) == truth); });
    }
}

TEST_CASE("cuda: activations that are not finite, tiny or zero are quantized as on the CPU") {
  for (DType type : {DType::a8, DType::a8k}) {
    std::vector<float> x(4 * 512, 0.0f);
    x[3] = NAN, x[600] = INFINITY, x[1100] = 1e-38f, x[1600] = -2.5f, x[1601] = 1.0f;
    Graph g;
    g.outputs = {quantize(g, g.input("x", DType::f32, {4, 512}), type, "q")};
    GraphRun run{{}, {{"x", bytes_of(x)}}, {}};
    CHECK(emulated(g, run) == run_graph(g, *open_cpu("scalar"), run));
  }
}

TEST_CASE("cuda: rows of a table of every format are the CPU's floats") {
  for (const QuantFormat* format : quant_formats()) {
    constexpr int64_t V = 37, C = 512;
    Random random(6);
    std::vector<std::byte> table = random_weights(format->type, V, C, 1.0f, random);
    Graph g;
    g.outputs = {embed(g, g.constant("table", Tensor(format->type, {V, C}, table.data()), nullptr), g.input("tokens", DType::i32, {4}), "y")};
    GraphRun run{{}, {{"tokens", bytes_of(std::vector<int32_t>{36, 0, 17, 15})}}, {}};
    INFO(info(format->type).name);
    CHECK(emulated(g, run) == run_graph(g, *open_cpu("scalar"), run));
  }
}

TEST_CASE("cuda: a whole model has the bytes of the CPU, over rows and over a paged cache") {
  std::vector<TinyModel> models = {{.arch = "qwen2", .types = {DType::q8_0, DType::q5_0, DType::q4_k, DType::q6_k, DType::q4_0}},
                                   {.arch = "gemma3", .layers = 7, .width = 256, .heads = 2, .kv_heads = 1, .head_dim = 128, .ffn = 256, .types = {DType::q4_k}}};
  for (const TinyModel& tiny : models) {
    StepModel m(tiny, "scalar", DType::f32, 16, 0);
    constexpr int64_t T = 19;
    std::vector<int32_t> tokens = some_tokens(T, m.V, 4), positions, slots, sequence(size_t(T), 0), pages = {2, 0};
    for (int32_t i = 0; i < T; ++i) positions.push_back(i), slots.push_back(pages[size_t(i / 16)] * 16 + i % 16);
    GraphRun run{{{"T", T}}, {{"tokens", bytes_of(tokens)}, {"positions", bytes_of(positions)}}, {}};
    INFO(tiny.arch);
    CHECK(emulated(m.graph, run) == run_graph(m.graph, *m.device, run));
    for (DType cache : {DType::f32, DType::f16, DType::bf16}) {
      Graph paged = add_cache(m.graph, cache, 16);
      GraphRun step = run;
      step.extents = {{"T", T}, {"S", 1}, {"M", 2}, {"P", 3}};
      step.inputs["slot"] = bytes_of(slots), step.inputs["sequence"] = bytes_of(sequence), step.inputs["page_table"] = bytes_of(pages);
      CHECK(emulated(paged, step) == run_graph(paged, *m.device, step));
    }
  }
}
