// Whole models of every architecture on the emulator: kernels for all of it, and the bytes of the CPU's scalar ones, fused and not.
#include "cuda_case.h"
#include "support/tiny_graphs.h"

using namespace prm;
using namespace prm::test;

namespace {

std::vector<TinyModel> tiny_models() {
  std::vector<TinyModel> models;
  auto small = [&](const char* arch, std::vector<DType> types) -> TinyModel& {
    models.push_back({.arch = arch, .layers = 1, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 32, .ffn = 96, .vocabulary = 275, .types = std::move(types)});
    return models.back();
  };
  small("qwen2", {DType::f16, DType::f32, DType::bf16}).tied = true;
  small("qwen2", {DType::bf16}).width = 576;  // norms of long rows
  auto& llama = small("llama", {DType::q8_0, DType::q5_1});
  llama.rotated = 24, llama.scaling = "yarn";
  small("qwen3", {DType::f16});
  auto& phi = small("phi3", {DType::q8_0});
  phi.rotated = 24, phi.scaling = "longrope";
  small("gemma", {DType::f16}).ffn = 100;
  small("gemma2", {DType::q8_0, DType::q4_0});
  small("gemma3", {DType::bf16}).layers = 2;
  return models;
}

TinyModel with_experts(const char* arch, std::vector<DType> types) {
  return {.arch = arch, .layers = 1, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 32, .ffn = 96, .vocabulary = 275, .types = std::move(types), .experts = 5};
}

void check_model(const TinyModel& tiny, DType cache) {
  TinyGraphs graphs(tiny);
  Graph serving = select_output_rows(add_cache(graphs.scoring, cache, 16));
  EmulatedCuda device;
  for (int64_t tokens : {1, 19}) {
    GraphRun run = step_of(tokens, tiny.vocabulary, 16);
    std::vector<std::byte> truth = run_graph(serving, *open_cpu("scalar"), run);
    INFO(tiny.arch << ", cache of " << info(cache).name << ", " << tokens << " tokens");
    CHECK(emulated(fuse(serving, &device), run) == truth);
    CHECK(emulated(serving, run) == truth);
  }
}

}  // namespace

TEST_CASE("cuda: models of every architecture have the bytes of the CPU, and no op without a kernel") {
  for (const TinyModel& tiny : tiny_models()) check_model(tiny, DType::f32);
}

TEST_CASE("cuda: models over caches of every type") {
  for (DType cache : {DType::f16, DType::bf16, DType::q8_0}) check_model(tiny_models()[3], cache);
}

TEST_CASE("cuda: models of experts") {
  check_model(with_experts("qwen3moe", {DType::bf16}), DType::f32);
  check_model(with_experts("qwen2moe", {DType::f16, DType::f32}), DType::f16);
  check_model(with_experts("qwen2moe", {DType::q8_0, DType::q4_0}), DType::f32);
}

TEST_CASE("cuda: a model is fused where the device has kernels for the form, and only there") {
  Graph serving = select_output_rows(add_cache(TinyGraphs(tiny_models()[3]).scoring, DType::f32, 16));
  EmulatedCuda device;
  auto count = [](const Graph& g, const Op& op) { return std::ranges::count_if(g.nodes, [&](const Node& n) { return n.op == &op; }); };
  Graph fused = fuse(serving, &device);
  CHECK(count(fused, kMatmulGroup) == 1);
  CHECK(count(fused, kMatmulGlu) == 1);
  CHECK(count(fused, kFusedRows) >= 2);
  BareDevice bare;
  CHECK(print_graph(fuse(serving, &bare)) == print_graph(serving));
}
