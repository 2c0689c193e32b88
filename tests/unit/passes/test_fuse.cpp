// Fusion is neutral: the fused graph gives the bytes of the graph it was made of, on the references, on scalar kernels and on
// every instruction set.
#include "ops/ops.h"
#include "support/check_kernels.h"
#include "support/tiny_graphs.h"

using namespace prm;
using namespace prm::test;

namespace {

std::vector<TinyModel> tiny_models() {
  std::vector<DType> quantized = {DType::q8_0, DType::q5_0, DType::q4_k, DType::q6_k, DType::q4_0};
  std::vector<TinyModel> models;
  models.push_back({.arch = "qwen2", .types = quantized});
  models.push_back({.arch = "qwen2", .layers = 1, .width = 256, .ffn = 296, .types = {DType::q8_0, DType::f16}, .tied = true});
  models.push_back({.arch = "gemma3", .layers = 7, .width = 256, .heads = 2, .kv_heads = 1, .head_dim = 128, .ffn = 256, .types = quantized});
  models.push_back({.arch = "gemma3", .layers = 1, .width = 256, .heads = 4, .kv_heads = 2, .head_dim = 32, .ffn = 512, .types = {DType::q4_k}});
  models.push_back({.arch = "qwen2", .layers = 1, .width = 96, .heads = 6, .kv_heads = 3, .head_dim = 16, .ffn = 100, .types = {DType::f32, DType::f16, DType::bf16}, .tied = true});
  models.push_back({.arch = "llama", .layers = 1, .width = 96, .heads = 6, .kv_heads = 3, .head_dim = 32, .ffn = 96, .types = {DType::q8_0}, .rotated = 24, .scaling = "yarn"});
  models.push_back({.arch = "qwen3", .layers = 1, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 32, .ffn = 96, .types = {DType::q8_0}});
  models.push_back({.arch = "phi3", .layers = 1, .width = 96, .heads = 6, .kv_heads = 3, .head_dim = 32, .ffn = 96, .types = {DType::q8_0}, .rotated = 24, .scaling = "longrope"});
  models.push_back({.arch = "qwen2moe", .layers = 1, .width = 256, .heads = 4, .kv_heads = 2, .head_dim = 32, .ffn = 256, .types = {DType::q4_k, DType::q8_0}, .experts = 4});
  return models;
}

std::map<std::string, int64_t> ops_of(const Graph& graph) {
  std::map<std::string, int64_t> ops;
  for (const Node& n : graph.nodes) ++ops[n.op->name];
  return ops;
}

bool refused(const std::function<void()>& call, const std::string& why) {
  try {
    call();
  } catch (const Error& error) {
    return error.message.find(why) != std::string::npos;
  }
  return false;
}

void check_same_bytes(const Graph& graph, const Graph& fused, const GraphRun& run) {
  BareDevice bare;
  CHECK((run_graph(fused, bare, run) == run_graph(graph, bare, run)));
  for (const std::string& isa : test_isas()) {
    auto device = open_cpu(isa);
    ThreadPool pool(1, 10);
    Work work, cut;
    work.pool = cut.pool = &pool;
    cut.cut = 1, cut.reverse = true;
    Plan plan;
    std::vector<std::byte> truth = run_graph(graph, *device, run);
    INFO(isa);
    CHECK((run_graph(fused, *device, run, work, &plan) == truth));
    CHECK((run_graph(fused, *device, run, cut) == truth));
    CHECK(plan.fallbacks == 0);
  }
}

}  // namespace

TEST_CASE("a fused model gives the bytes of the unfused one, for any number of tokens") {
  for (const TinyModel& tiny : tiny_models())
    for (DType cache : {DType::f32, DType::f16, DType::bf16, DType::q8_0})
      for (int64_t tokens : {1, 5, 33}) {
        if (tiny.head_dim % info(cache).block) continue;
        TinyGraphs graphs(tiny);
        Graph serving = select_output_rows(add_cache(graphs.scoring, cache, 16));
        INFO(tiny.arch << " " << info(tiny.types[0]).name << " tokens " << tokens << " cache " << info(cache).name);
        check_same_bytes(serving, fuse(serving), step_of(tokens, tiny.vocabulary, 16));
      }
}

TEST_CASE("a cache keeps an attention's cap, window and sinks, and refuses blocks that do not divide its heads") {
  constexpr int64_t D = 16, H = 4, G = 2, kTokens = 21;
  Random random(12);
  std::vector<float> sinks = uniform(H, random, 2);
  Graph scoring;
  Dim T = scoring.symbol("T");
  ValueId q = scoring.input("q", DType::f32, {T, H * D}), k = scoring.input("k", DType::f32, {T, G * D}), v = scoring.input("v", DType::f32, {T, G * D});
  ValueId sink = scoring.constant("sinks", Tensor(DType::f32, {H}, sinks.data()), nullptr);
  scoring.outputs = {attention(scoring, scale(scoring, q, 2.0f, "q.scaled"), scale(scoring, k, 2.0f, "k.scaled"), v, scoring.input("positions", DType::i32, {T}),
                               {int32_t(D), 9, 0.25f, 1.5f}, "y", sink)};
  std::vector<int32_t> positions, none(size_t(kTokens), 0);
  for (int32_t i = 0; i < kTokens; ++i) positions.push_back(i);
  GraphRun run{{{"T", kTokens}}, {{"q", bytes_of(uniform(kTokens * H * D, random))}, {"k", bytes_of(uniform(kTokens * G * D, random))},
               {"v", bytes_of(uniform(kTokens * G * D, random))}, {"positions", bytes_of(positions)}}, {}};
  GraphRun paged = run;
  paged.extents["S"] = 1, paged.extents["M"] = paged.extents["P"] = 2;
  paged.inputs["slot"] = bytes_of(positions), paged.inputs["sequence"] = bytes_of(none), paged.inputs["page_table"] = bytes_of(std::vector<int32_t>{0, 1});
  Graph serving = add_cache(scoring, DType::f32, 16);
  for (const std::string& isa : test_isas()) {
    auto device = open_cpu(isa);
    INFO(isa);
    std::vector<std::byte> truth = run_graph(scoring, *device, run);
    CHECK((run_graph(serving, *device, paged) == truth));
    CHECK((run_graph(fuse(serving), *device, paged) == truth));
  }
  CHECK(refused([&] { add_cache(scoring, DType::q8_0, 16); }, "blocks of 32 values, which do not divide this model's head size of 16"));
}

TEST_CASE("a layer is a few launches: groups of matmuls, attention, and row-wise runs between them") {
  for (const char* arch : {"qwen2", "gemma3", "llama", "qwen3", "gemma", "phi3"})
    for (DType type : {DType::q8_0, DType::q4_k, DType::f16}) {
      TinyModel tiny{.arch = arch, .types = {type}};
      TinyGraphs graphs(tiny);
      Graph fused = fuse(select_output_rows(add_cache(graphs.scoring, DType::f16, 16)));
      std::map<std::string, int64_t> ops = ops_of(fused);
      INFO(arch << " " << info(type).name << "\n" << print_graph(fused));
      CHECK(ops["matmul_group"] == tiny.layers);
      CHECK(ops["matmul_glu"] == tiny.layers);
      CHECK(ops["matmul"] == 2 * tiny.layers + 1);
      CHECK(ops["quantize"] == (is_block(type) ? 2 * tiny.layers : 0));  // of the attention's and the gate's results
      CHECK(ops["fused_rows"] <= 3 * tiny.layers + 2);
      CHECK(ops["rope"] + ops["kv_write"] + ops["glu"] + ops["scale"] == 0);
      CHECK(ops["add"] <= 1);  // in front of the selection of rows
    }
}

TEST_CASE("a value that is quantized twice is quantized where it is made") {
  TinyModel tiny{.types = {DType::q8_0, DType::q8_0, DType::q4_k, DType::q8_0}};
  TinyGraphs graphs(tiny);
  Graph fused = fuse(graphs.scoring);
  INFO(print_graph(fused));
  int both = 0;
  for (const Node& n : fused.nodes)
    both += n.name.find("attn_norm.a8+") != std::string::npos && n.name.find("attn_norm.a8k") != std::string::npos;
  CHECK(both == tiny.layers);
}

TEST_CASE("matmuls of one x are grouped over types and odd sizes, gate and up with their activation") {
  Random random(8);
  for (int64_t tokens : {1, 3, 70})
    for (DType type : {DType::q4_0, DType::q5_0, DType::q8_0, DType::q4_k, DType::q6_k, DType::f16}) {
      constexpr int64_t K = 512;
      DType other = type == DType::q4_0 ? DType::q8_0 : type;
      std::vector<std::vector<std::byte>> data;
      Graph g;
      ValueId x = g.input("x", DType::f32, {g.symbol("T"), K});
      auto linear = [&](DType w, int64_t N) {
        data.push_back(random_weights(w, N, K, 0.1f, random));
        return matmul(g, x, g.constant(format_text("w{}", data.size()), Tensor(w, {N, K}, data.back().data()), nullptr), format_text("m{}", data.size()));
      };
      data.reserve(8);
      ValueId a = linear(type, 5), b = linear(other, 5), c = linear(type, 5), d = linear(other, 37), e = linear(type, 37);
      ValueId five = add(g, add(g, a, b, "ab"), c, "abc");
      ValueId gated = glu(g, d, e, Gate::gelu, "gated");
      std::vector<std::byte> narrow = random_weights(DType::f32, 5, 37, 0.2f, random);
      g.outputs = {add(g, five, matmul(g, gated, g.constant("down", Tensor(DType::f32, {5, 37}, narrow.data()), nullptr), "down"), "y")};
      Graph graph = quantize_activations(g), fused = fuse(graph);
      std::map<std::string, int64_t> ops = ops_of(fused);
      CHECK(ops["matmul_group"] == 1);
      CHECK(ops["matmul_glu"] == 1);
      CHECK(ops["matmul"] == 1);
      INFO("tokens " << tokens << " " << info(type).name);
      check_same_bytes(graph, fused, {{{"T", tokens}}, {{"x", bytes_of(uniform(tokens * K, random))}}, {}});
    }
}

TEST_CASE("a gate that somebody else reads is not swallowed") {
  Random random(9);
  std::vector<float> w1 = uniform(8 * 16, random), w2 = uniform(8 * 16, random);
  Graph g;
  ValueId x = g.input("x", DType::f32, {g.symbol("T"), 16});
  ValueId gate = matmul(g, x, g.constant("w1", Tensor(DType::f32, {8, 16}, w1.data()), nullptr), "gate");
  ValueId up = matmul(g, x, g.constant("w2", Tensor(DType::f32, {8, 16}, w2.data()), nullptr), "up");
  g.outputs = {add(g, glu(g, gate, up, Gate::silu, "gated"), gate, "y")};
  Graph fused = fuse(g);
  CHECK(ops_of(fused)["matmul_glu"] == 0);
  CHECK(ops_of(fused)["matmul_group"] == 1);
  check_same_bytes(g, fused, {{{"T", 3}}, {{"x", bytes_of(uniform(3 * 16, random))}}, {}});
}

TEST_CASE("runs over the limits of a node are halved, and results that are read elsewhere keep their names") {
  Random random(10);
  for (auto [length, width, nodes] : {std::tuple<int, int64_t, size_t>{20, 64, 4}, {3, 9000, 2}, {2, 40000, 2}, {8, 32, 1}}) {
    Graph g;
    ValueId x = g.input("x", DType::f32, {g.symbol("T"), width});
    for (int i = 0; i < length; ++i) x = i % 3 ? scale(g, x, 1.5f, format_text("s{}", i)) : add(g, x, x, format_text("s{}", i));
    g.outputs = {x};
    Graph fused = fuse(g);
    INFO(length << " steps of " << width << "\n" << print_graph(fused));
    CHECK(fused.nodes.size() == nodes);
    CHECK(fused[fused.outputs[0]].name == format_text("s{}", length - 1));
    check_same_bytes(g, fused, {{{"T", 3}}, {{"x", bytes_of(uniform(3 * width, random))}}, {}});
  }
}

TEST_CASE("rows of different extents, and a state's older version, are not run together") {
  Graph g;
  Dim T = g.symbol("T"), R = g.symbol("R");
  ValueId a = scale(g, g.input("a", DType::f32, {T, 8}), 2, "a2"), b = scale(g, g.input("b", DType::f32, {R, 8}), 3, "b3");
  ValueId picked = select_rows(g, a, g.input("rows", DType::i32, {R}), "picked");
  g.outputs = {add(g, picked, b, "y")};
  Graph fused = fuse(g);
  CHECK(ops_of(fused)["select_rows"] == 1);
  std::vector<float> xa, xb;
  for (int i = 0; i < 32; ++i) xa.push_back(float(i));
  for (int i = 0; i < 16; ++i) xb.push_back(float(i));
  GraphRun run{{{"T", 4}, {"R", 2}}, {{"a", bytes_of(xa)}, {"b", bytes_of(xb)}, {"rows", bytes_of(std::vector<int32_t>{3, 1})}}, {}};
  check_same_bytes(g, fused, run);
}

TEST_CASE("the shape rules of the fused ops refuse what does not fit, by name") {
  Graph g;
  Dim T = g.symbol("T");
  ValueId x = g.input("x", DType::f32, {T, 20000}), w = g.input("w", DType::f32, {4, 64});
  RowsAttr attr;
  attr.step[0] = {.kind = RowStepKind::scale, .in = {1}, .output = 1, .value = 2};
  CHECK(refused([&] { fused_rows(g, {x}, attr, "rows"); }, "fused_rows 'rows': a step reads what is not there"));
  attr.step[0].in[0] = 0, attr.step[0].output = 0;
  CHECK(refused([&] { fused_rows(g, {x}, attr, "rows"); }, "no outputs, or too many"));
  attr.step[1] = {.kind = RowStepKind::scale, .in = {kRowStepResult}, .output = 1, .value = 2};
  CHECK(refused([&] { fused_rows(g, {x}, attr, "rows"); }, "do not fit the scratch of a row"));
  CHECK(refused([&] { matmul_group(g, x, {w}, "group"); }, "the inner extents differ"));
  CHECK(refused([&] { matmul_glu(g, x, w, x, Gate::silu, "gated"); }, "the inner extents differ"));
}
