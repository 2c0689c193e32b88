// A loaded model: file, graph, plan, packed weights, tokenizer and the runner that calls take turns on.
#pragma once
#include <mutex>
#include <optional>

#include "base/fork_mark.h"
#include "models/architecture.h"
#include "runtime/engine.h"
#include "runtime/manifest_check.h"
#include "runtime/model_source.h"
#include "runtime/sampler.h"
#include "runtime/session.h"
#include "text/stop_filter.h"

namespace prm {

struct LoadOptions {
  bool header_only = false;
  int64_t context = 0;       // 0 = the model's own, at most kDefaultContext
  int64_t chunk_tokens = 0;  // 0 = kDefaultChunk
  DType cache_type = DType::f16;
  uint64_t max_host_bytes = 0;  // of this model, inside the engine's bound; 0 = none
  bool verify = false;          // reads all files before anything else: sums, NaN and infinity
  const char* manifest_json = nullptr;  // what the files must hold
  int64_t sessions = 0;         // open at once, at most: the cache has pages for so many contexts, for one at least
};
inline constexpr int64_t kDefaultContext = 8192, kDefaultChunk = 512, kPageTokens = 256, kScoredRows = 32;
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
  EnginePtr engine;
  MemoryAccount account;  // of all that follows, inside the engine's
  ModelFile file;
  std::optional<ManifestCheck> manifest;  // stays with the model, so that loading takes what was planned
  DecoderConfig config;
  Graph graph;  // scoring graph with quantized activations: what the model is
  TokenizerPtr tokenizer;
  int64_t context = 0, chunk_tokens = 0;
  uint64_t parameters = 0;
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
  std::timed_mutex turn;  // of runner and call
  ForkMark process;
  bool is_lost = false;  // the turn was another thread's when the process forked

  Model(EnginePtr owner, uint64_t limit) : engine(std::move(owner)), account(engine->host.memory, limit, &engine->account) {}
};
using ModelPtr = std::shared_ptr<Model>;

// Checksums of all that the model's files hold, read anew. The length alone is known at once.
String make_manifest(Model& model, const Control& control);
size_t manifest_size(const Model& model);

ModelPtr load_model(EnginePtr engine, const ModelSource& source, const LoadOptions& options, const Control& control);

// Fails with unsupported when header_only, or where there is only a vocabulary.
void require_runnable(const Model& model);
// For one call at a time; listens to control while it waits. take_turn is for calls that run.
std::unique_lock<std::timed_mutex> wait_for_turn(Model& model, const Control& control);
std::unique_lock<std::timed_mutex> take_turn(Model& model, const Control& control);
Work work_of(const Model& model, const Control& control);

// What loading and running a model takes, exactly; the same from a header-only model as from a whole one. plan_memory fails
// with unsupported where there is only a vocabulary.
struct MemoryPlan {
  uint64_t host_bytes = 0;    // the engine's high-water mark: this model beside all else that the engine holds now
  uint64_t object_bytes = 0;  // header, tokenizer, graph, plan
  uint64_t weight_bytes = 0, cache_bytes = 0, scratch_bytes = 0;
};
MemoryPlan plan_memory(const Model& model);

String inspect_json(const Model& model);
String placement_json(const Model& model);
// Keys of `premise plan` (CONTRACTS.md, 2). budget: what the figures are held against.
String plan_json(const Model& model, const MemoryPlan& plan, uint64_t budget);

}  // namespace prm
