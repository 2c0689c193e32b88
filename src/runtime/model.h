// A loaded model: file, graph, plan, packed weights, tokenizer and the runner that calls take turns on.
#pragma once
#include <optional>

#include "models/architecture.h"
#include "runtime/load_options.h"
#include "runtime/manifest_check.h"
#include "runtime/model_home.h"
#include "runtime/sampler.h"
#include "runtime/session.h"
#include "runtime/turn.h"
#include "text/stop_filter.h"

namespace prm {

inline constexpr int64_t kPageTokens = 256, kScoredRows = 32;
// Prompts of so many bytes are tokenized in memory that the model holds; longer ones take more for that time.
inline constexpr size_t kHeldPromptBytes = 16 << 10, kScratchPerPromptByte = 72;

// What calls that generate work with, one at a time; allocated with the model.
struct CallState {
  Vector<int32_t> prompt;
  Vector<int32_t> forgotten;  // of a session, by a conversation that goes on in another way
  TextStream stream;
  StopFilter stops;
  String token_text;
  Conversation alone;  // of calls without a session
  CallState(const Tokenizer& tokenizer, PagePool& pages, int64_t context);
};

// A header-only model of a file without tensors has file, tokenizer, config.arch and config.vocabulary alone.
struct Model : ChargedObject {
  ModelHomePtr home;
  EnginePtr engine;
  MemoryAccount& account;  // of all that follows
  ModelFile file;
  std::optional<ManifestCheck> manifest;  // stays with the model, so that loading takes what was planned
  DecoderConfig config;
  Graph graph;  // scoring graph with quantized activations: what the model is
  TokenizerPtr tokenizer;
  int64_t context = 0, chunk_tokens = 0;
  uint64_t parameters = 0;
  int64_t device_layers = 0;  // that the accelerator has
  std::shared_ptr<const Plan> plan;
  WeightBytes weight_bytes;    // of the plan
  uint64_t prepared_peak = 0;  // of the account, before weights, cache and scratch came
  // What a header-only model has, but without memory behind it.
  std::optional<WeightPool> weights;
  std::optional<Runner> runner;
  std::optional<PagePool> pages;
  Buffer prompt_scratch;  // for ScratchScope; outlives what a call may have left in it
  std::optional<CallState> call;
  Vector<std::shared_ptr<Session>> sessions;
  Buffer sampler_buffer;
  std::optional<SamplerMemory> sampler;  // over the buffer
  bool header_only = false;
  Turn turn;  // of runner and call

  explicit Model(ModelHomePtr at) : home(std::move(at)), engine(home->engine), account(home->account) {}
};
using ModelPtr = std::shared_ptr<Model>;

// Checksums of all that the model's files hold, read anew. The length alone is known at once.
String make_manifest(Model& model, const Control& control);
size_t manifest_size(const Model& model);

// `first` as open_source gave it, from the home's account.
ModelPtr load_model(ModelHomePtr home, FilePtr first, const ModelSource& source, const LoadOptions& options, const Control& control);
ModelPtr load_model(EnginePtr engine, const ModelSource& source, const LoadOptions& options, const Control& control);

// Fails with unsupported when header_only, or where there is only a vocabulary.
void require_runnable(const Model& model);
// For a call that runs.
TurnHold take_turn(Model& model, const Control& control);

// Fails with unsupported where there is only a vocabulary.
MemoryPlan plan_memory(const Model& model);

String inspect_json(const Model& model);
String placement_json(const Model& model);
String graph_text(const Model& model);
// Keys of `premise plan` (CONTRACTS.md, 2). budget: what the figures are held against.
String plan_json(const Model& model, const MemoryPlan& plan, uint64_t budget);

}  // namespace prm
