// A tiny model set up for steps of several sequences (runtime/step.h), and tokens for them.
#pragma once
#include "cpu/cpu_device.h"
#include "formats/gguf.h"
#include "passes/passes.h"
#include "runtime/model.h"
#include "support/tiny_model.h"

namespace prm::test {

// A model set up for steps of several sequences.
struct StepModel {
  std::string bytes;
  std::unique_ptr<Device> device;
  ModelFile file;
  Graph graph;
  std::shared_ptr<const Plan> plan;
  MemoryAccount account;
  std::unique_ptr<WeightPool> weights;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<PagePool> pages;
  std::unique_ptr<ThreadPool> pool;
  int64_t V;

  StepModel(const TinyModel& tiny, const std::string& isa, DType cache, int64_t page, int threads, int64_t most_tokens = 64)
      : bytes(make_tiny_model(tiny)), device(open_cpu(isa)), pool(std::make_unique<ThreadPool>(threads, 20)), V(tiny.vocabulary) {
    file = read_gguf(borrow_memory(bytes.data(), bytes.size(), "tiny"));
    graph = quantize_activations(find_architecture(file).build(file, read_decoder_config(file)));
    int64_t M = tiny.context / page;
    StepLimits limits{most_tokens, 4, most_tokens, M, 4 * M};
    PlanOptions options;
    options.device = device.get();
    options.bounds = {{"T", limits.tokens}, {"S", limits.sequences}, {"R", limits.rows}, {"M", limits.pages_per_sequence}, {"P", limits.pages}};
    plan = std::make_shared<const Plan>(make_plan(fuse(select_output_rows(add_cache(graph, cache, page))), options));
    weights = std::make_unique<WeightPool>(account, nullptr);
    weights->reserve(*plan);
    weights->fill(*plan, work());
    runner = std::make_unique<Runner>(plan, limits);
    runner->state.allocate(*weights, account);
    pages = std::make_unique<PagePool>(int(limits.pages), int(page));
  }
  Work work() {
    Work w;
    w.pool = pool.get();
    return w;
  }
  std::vector<float> logits() const {
    const Tensor& t = const_cast<Runner&>(*runner).state.io("logits");
    return {t.as<float>(), t.as<float>() + t.count()};
  }
};

inline std::vector<int32_t> some_tokens(int64_t n, int64_t V, uint64_t seed) {
  Random random(seed);
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < n; ++i) tokens.push_back(int32_t(random.below(V)));
  return tokens;
}

}  // namespace prm::test
