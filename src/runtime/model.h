// A loaded model: file, graph, plan, packed weights, tokenizer and the runner that calls take turns on.
#pragma once
#include <mutex>

#include "formats/model_file.h"
#include "models/architecture.h"
#include "runtime/engine.h"
#include "runtime/step.h"
#include "text/tokenizer.h"

namespace prm {

struct LoadOptions {
  bool header_only = false;
  int64_t context = 0;       // 0 = the model's own, at most kDefaultContext
  int64_t chunk_tokens = 0;  // 0 = kDefaultChunk
  DType cache_type = DType::f16;
};
inline constexpr int64_t kDefaultContext = 8192, kDefaultChunk = 512, kPageTokens = 256, kScoredRows = 32;

struct Model {
  EnginePtr engine;
  ModelFile file;
  DecoderConfig config;
  Graph graph;  // scoring graph with quantized activations: what the model is
  TokenizerPtr tokenizer;
  int64_t context = 0, chunk_tokens = 0;
  uint64_t parameters = 0;
  // Empty when header_only.
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<WeightPool> weights;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<PagePool> pages;
  std::timed_mutex turn;  // of the runner
};
using ModelPtr = std::shared_ptr<Model>;

ModelPtr load_model(EnginePtr engine, FilePtr file, const LoadOptions& options, const Control& control);

// The runner for one call; waits for its turn and listens to control meanwhile. Fails with unsupported when header_only.
std::unique_lock<std::timed_mutex> take_turn(Model& model, const Control& control);
Work work_of(const Model& model, const Control& control);

std::string inspect_json(const Model& model);
std::string placement_json(const Model& model);

}  // namespace prm
