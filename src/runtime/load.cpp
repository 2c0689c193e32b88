#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "passes/passes.h"
#include "runtime/finite_weights.h"
#include "runtime/model.h"
#include "runtime/model_tokenizer.h"
#include "runtime/placement.h"

namespace prm {

namespace {

int64_t choose_context(const LoadOptions& options, const DecoderConfig& config) {
  if (options.context > config.context)
    fail_about(Status::invalid_argument, "context", "context is {}, the model was made for at most {}", options.context, config.context);
  return options.context ? options.context : std::min(config.context, kDefaultContext);
}

// A file without tensors holds a vocabulary alone, whatever architecture it names: text and tokens of it, but nothing to run.
void prepare_vocabulary(Model& model, const LoadOptions& options, const Control& control) {
  const ModelFile& file = model.file;
  if (!options.header_only)
    fail_about(Status::unsupported, file.file->name, "{}: the file has no tensors, only a vocabulary: it cannot run; open it with PRM_MODEL_HEADER_ONLY to tokenize",
               file.file->name);
  model.config.arch = String(file.text_or("general.architecture", ""));
  model.tokenizer = read_tokenizer(file, -1, control);
  model.config.vocabulary = vocabulary_size(*model.tokenizer);
}

Plan plan_serving(Model& model, const Graph& serving, PlanOptions& plan_options, const LoadOptions& options) {
  Device* accelerator = model.home->accelerator;
  if (!accelerator) return make_plan(serving, plan_options);
  plan_options.accelerator = accelerator;
  LayerSplit split{model.config.layers, options.device_layers, accelerator->free_memory()};
  if (options.require_device && split.wanted == kAllThatFit) split.wanted = split.layers;
  if (options.max_device_bytes) split.free_memory = std::min(split.free_memory, options.max_device_bytes);
  return plan_layers(serving, plan_options, split, model.device_layers);
}

// Every op has a kernel of the device that the plan is for.
void require_kernels(const Plan& plan) {
  Side wanted = plan.device[kAccelerator] ? kAccelerator : kHost;
  for (const PlanLaunch& launch : plan.launches)
    if (launch.side != wanted || launch.run == launch.op->reference)
      fail_about(Status::device_unavailable, launch.op->name, "device '{}' has no kernel for {} '{}', and PRM_MODEL_REQUIRE_DEVICE was asked for: leave it out to run that elsewhere",
                 plan.device[wanted]->name(), launch.op->name, launch.name);
}

// All but memory for weights, cache and scratch: what a header-only model has, and what it would need follows from it.
void prepare_model(Model& model, const LoadOptions& options, const Control& control) {
  const ModelFile& file = model.file;
  if (file.tensors.empty() && file.find("tokenizer.ggml.tokens")) {
    prepare_vocabulary(model, options, control);
    return;
  }
  const Architecture& architecture = find_architecture(file);
  model.config = read_decoder_config(file);
  model.context = model.config.opened_context = choose_context(options, model.config);
  model.chunk_tokens = std::min(options.chunk_tokens ? options.chunk_tokens : kDefaultChunk, model.context);
  control.require();
  model.tokenizer = read_tokenizer(file, model.config.vocabulary, control);
  control.require();
  model.graph = quantize_activations(architecture.build(file, model.config));
  for (const NamedTensor& tensor : file.tensors) model.parameters += uint64_t(tensor.data.count());

  StepLimits limits;
  limits.tokens = model.chunk_tokens;
  limits.sequences = 1;
  limits.rows = std::min(kScoredRows, model.chunk_tokens);
  limits.pages_per_sequence = ceil_div(model.context, kPageTokens);
  limits.pages = limits.pages_per_sequence * std::max<int64_t>(options.sessions, 1);
  if (limits.pages * kPageTokens > INT32_MAX)
    fail_about(Status::invalid_argument, "sessions", "{} sessions of {} tokens are more than {} in all", options.sessions, model.context, INT32_MAX);
  PlanOptions plan_options;
  plan_options.device = model.engine->device.get();
  plan_options.bounds = {{"T", limits.tokens}, {"S", limits.sequences}, {"R", limits.rows}, {"M", limits.pages_per_sequence}, {"P", limits.pages}};
  Graph serving = fuse(select_output_rows(add_cache(model.graph, options.cache_type, kPageTokens)), model.home->accelerator ? model.home->accelerator : plan_options.device);
  model.plan = make_charged<const Plan>(plan_serving(model, serving, plan_options, options));
  if (options.require_device) require_kernels(*model.plan);
  model.weights.emplace(model.home->accounts(), file.file.get());
  model.weight_bytes = model.weights->reserve(*model.plan);
  model.runner.emplace(model.plan, limits);
  model.pages.emplace(int(limits.pages), int(kPageTokens));
  model.call.emplace(*model.tokenizer, *model.pages, model.context);
  for (int64_t i = 0; i < options.sessions; ++i) model.sessions.push_back(make_charged<Session>(*model.pages, model.context));
  control.require();
}

FileReading reading_of(Model& model, const Control& control) {
  const Engine& engine = *model.engine;
  return {model.file, engine.host.files, engine.limits, model.account, control};
}

// The sums come first: what they find is the cause of NaN.
void verify_weights(Model& model, const Control& control) {
  if (model.manifest) model.manifest->check_tensors(reading_of(model, control));
  require_finite_weights(model.file, control);
}

}  // namespace

CallState::CallState(const Tokenizer& tokenizer, PagePool& pages, int64_t context) : stream(tokenizer), stops(tokenizer), alone(pages, context) {
  prompt.reserve(size_t(context));
  forgotten.reserve(size_t(context));
  token_text.reserve(longest_token(tokenizer));
}

ModelPtr load_model(EnginePtr engine, const ModelSource& source, const LoadOptions& options, const Control& control) {
  engine->pool.notice_fork();
  AccountScope engines(engine->account);
  auto home = make_charged<ModelHome>(engine, options.max_host_bytes, options.accelerator, options.max_device_bytes);
  return load_model(home, open_source(*home, source), source, options, control);
}

ModelPtr load_model(ModelHomePtr home, FilePtr first, const ModelSource& source, const LoadOptions& options, const Control& control) {
  const EnginePtr& engine = home->engine;
  AccountScope engines(engine->account);
  auto model = make_charged<Model>(home);
  AccountScope models(model->account);
  model->file = read_source(std::move(first), source, *home, control);
  if (options.manifest_json) model->manifest.emplace(reading_of(*model, control), options.manifest_json);
  prepare_model(*model, options, control);
  if (options.verify) verify_weights(*model, control);
  model->prepared_peak = model->account.peak();
  model->header_only = options.header_only;
  const Log& log = engine->host.log;
  if (options.header_only) return model;
  if (model->plan->fallbacks)
    log.say(LogLevel::warning, "{}: {} launches a step have no kernel and run their reference: see the placement report", model->file.file->name, model->plan->fallbacks);
  int64_t start = now_ns();
  if (model->manifest) model->manifest->watch(model->file);
  model->weights->fill(*model->plan, work_of(*engine, control));
  if (model->manifest) model->manifest->finish(reading_of(*model, control));
  model->runner->state.allocate(*model->weights, model->home->accounts());
  model->prompt_scratch = Buffer(kHeldPromptBytes * kScratchPerPromptByte, model->account, MemoryKind::scratch, "tokenizing");
  model->sampler_buffer = Buffer(sampler_bytes(model->config.vocabulary), model->account, MemoryKind::scratch, "sampling");
  model->sampler.emplace(model->sampler_buffer, model->config.vocabulary);
  log.say(LogLevel::info, "{}: {} with {} parameters, {} bytes held, packed in {} ms", model->file.file->name, model->config.arch, model->parameters,
          model->account.held(), (now_ns() - start) / 1000000);
  return model;
}

MemoryPlan plan_memory(const Model& model) {
  if (!model.plan) fail(Status::unsupported, "the file has no tensors, only a vocabulary: there is nothing to plan");
  MemoryPlan plan;
  const MemoryAccount& account = model.account;
  uint64_t others = model.engine->account.held() - account.held();
  plan.object_bytes = account.held(MemoryKind::objects);
  plan.weight_bytes = model.weight_bytes.held;
  plan.cache_bytes = model.plan->bytes[kHost].states;
  plan.device_bytes = accelerator_bytes(*model.plan);
  plan.scratch_bytes = model.plan->bytes[kHost].arena + kHeldPromptBytes * kScratchPerPromptByte + sampler_bytes(model.config.vocabulary);
  uint64_t loading = plan.weight_bytes + model.weight_bytes.staging, running = plan.weight_bytes + plan.cache_bytes + plan.scratch_bytes;
  plan.host_bytes = others + std::max(model.prepared_peak, plan.object_bytes + std::max(loading, running));
  return plan;
}

size_t manifest_size(const Model& model) { return manifest_json(list_model(model.file)).size(); }

String make_manifest(Model& model, const Control& control) {
  TurnHold turn(model.turn, control);  // files may have one reader at a time
  Manifest manifest = list_model(model.file);
  sum_files(reading_of(model, control), SumDepth::digests, manifest);
  return manifest_json(manifest);
}

void require_runnable(const Model& model) {
  if (!model.plan) fail(Status::unsupported, "the file has no tensors, only a vocabulary: it tokenizes, and cannot run");
  if (model.header_only) fail(Status::unsupported, "the model was opened with PRM_MODEL_HEADER_ONLY: open it without to run it");
}

TurnHold take_turn(Model& model, const Control& control) {
  require_runnable(model);
  return {model.turn, control};
}

}  // namespace prm
