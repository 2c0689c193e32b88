// Models: open, query, report, tokenize, detokenize.
#include "capi/capi.h"
#include "capi/plugins.h"

namespace prm {

namespace {

constexpr size_t kMostShapes = 65536;

DType read_cache_type(prm_dtype from) {
  switch (from) {
    case PRM_DTYPE_ANY:
    case PRM_DTYPE_F16: return DType::f16;
    case PRM_DTYPE_F32: return DType::f32;
    case PRM_DTYPE_BF16: return DType::bf16;
    case PRM_DTYPE_BLOCK + 8: return DType::q8_0;
    default: fail_about(Status::unsupported, "cache_dtype", "options.cache_dtype is {}, expected F16, F32, BF16 or PRM_DTYPE_BLOCK + 8 (Q8_0)", from);
  }
}

// An extent that a host leaves open is as the model says.
WantedShape read_shape(const void* from, size_t index) {
  const prm_tensor& t = static_cast<const prm_tensor*>(from)[index];
  if (t.rank < 0 || t.rank > PRM_MAX_RANK) fail_about(Status::invalid_argument, "shapes", "options.shapes[{}]: rank is {}, expected 0 to {}", index, t.rank, PRM_MAX_RANK);
  WantedShape shape{t.name, t.rank, {}};
  for (int i = 0; i < t.rank; ++i) {
    if (t.shape[i] < -1) fail_about(Status::invalid_argument, "shapes", "options.shapes[{}]: shape[{}] is {}, expected -1 or more", index, i, t.shape[i]);
    shape.dim[i] = t.shape[i];
  }
  return shape;
}

LoadOptions read_load_options(const prm_model_options& from) {
  LoadOptions options;
  if (from.flags & ~uint32_t(PRM_MODEL_HEADER_ONLY | PRM_MODEL_REQUIRE_DEVICE | PRM_MODEL_VERIFY)) fail_about(Status::unsupported, "flags", "options.flags has unknown bits: {:#x}", from.flags);
  if (from.context < 0) fail_about(Status::invalid_argument, "context", "options.context is {}, expected 0 or more", from.context);
  if (from.chunk_tokens < 0 || from.chunk_tokens > 65536)
    fail_about(Status::invalid_argument, "chunk_tokens", "options.chunk_tokens is {}, expected 0 to 65536", from.chunk_tokens);
  if (from.sessions < 0 || from.sessions > 4096) fail_about(Status::invalid_argument, "sessions", "options.sessions is {}, expected 0 to 4096", from.sessions);
  options.sessions = from.sessions;
  options.header_only = from.flags & PRM_MODEL_HEADER_ONLY;
  options.verify = from.flags & PRM_MODEL_VERIFY;
  options.manifest_json = from.manifest_json;
  options.context = from.context;
  options.chunk_tokens = from.chunk_tokens;
  options.max_host_bytes = from.max_host_bytes;
  options.max_device_bytes = from.max_device_bytes;
  require_argument(from.reserved == 0, "options.reserved", "must be 0");
  if (from.device_layers < 0) fail_about(Status::invalid_argument, "device_layers", "options.device_layers is {}, expected 0 or more", from.device_layers);
  options.device_layers = from.device_layers;
  options.require_device = from.flags & PRM_MODEL_REQUIRE_DEVICE;
  options.cache_type = read_cache_type(from.cache_dtype);
  require_argument(!from.shapes == !from.shape_count, "options.shapes", "and shape_count do not fit each other");
  if (from.shape_count > kMostShapes) fail_about(Status::invalid_argument, "shape_count", "options.shape_count is {}, expected at most {}", from.shape_count, kMostShapes);
  options.shapes = {from.shape_count, from.shapes, read_shape};
  return options;
}

ModelSource source_of(const char* path, const prm_model_options& options) {
  if (options.data) return {path, options.data, options.data_size};
  require_argument(options.data_size == 0, "options.data_size", "is set, but data is NULL");
  require_argument(path && *path, "path", "is NULL or empty, and no data is given");
  return {path};
}

static_assert(sizeof(ChatMessage) == sizeof(prm_message) && offsetof(ChatMessage, text) == offsetof(prm_message, text) &&
              offsetof(ChatMessage, size) == offsetof(prm_message, text.size) && offsetof(ChatMessage, extra_json) == offsetof(prm_message, extra_json) &&
              PRM_NUL == SIZE_MAX);

PromptSource read_chat(const prm_prompt& prompt) {
  require_argument(!(prompt.flags & PRM_PROMPT_SPECIAL), "prompt.flags", "PRM_PROMPT_SPECIAL goes with text: a template's control tokens are read as such");
  PromptSource source{.flags = {.add_begin = !(prompt.flags & PRM_PROMPT_NO_BOS)}, .is_chat = true};
  source.chat.messages = {reinterpret_cast<const ChatMessage*>(prompt.messages), prompt.message_count};
  source.chat.tools_json = prompt.tools_json;
  source.chat.template_text = prompt.template_text;
  source.chat.values_json = prompt.template_json;
  source.chat.continues = prompt.flags & PRM_PROMPT_CONTINUE;
  return source;
}

void open_any(ModelObject& object, const ModelSource& source, LoadOptions options, const char* device, const Control& control) {
  object.engine->pool.notice_fork();
  AccountScope engines(object.engine->account);
  options.accelerator = accelerator_of(*object.engine, device);
  auto home = make_charged<ModelHome>(object.engine, options.max_host_bytes, options.accelerator, options.max_device_bytes);
  FilePtr first = open_source(*home, source);
  bool takes_tensors = is_tensor_source(first);
  if (takes_tensors && options.accelerator)
    fail_about(Status::device_unavailable, "device", "device '{}': models of tensors run on the CPU alone in this release: leave device out", options.accelerator->name());
  if (takes_tensors) object.tensors = load_tensor_model(home, std::move(first), source, options, control);
  else object.text = load_model(home, std::move(first), source, options, control);
}

prm_model_info info_of(const Model& m) {
  prm_model_info info{};
  info.vocabulary = int32_t(m.config.vocabulary);
  info.architecture = m.config.arch.c_str();
  info.parameters = m.parameters;
  info.host_bytes = m.account.held();
  info.context = int32_t(m.context);
  info.device_bytes = m.home->device_account ? m.home->device_account->held() : 0;
  info.width = int32_t(m.config.width);
  info.end_token = end_token(*m.tokenizer);
  info.begin_token = begin_token(*m.tokenizer);
  if (m.plan) info.abilities = PRM_CAN_RUN | PRM_CAN_GENERATE, info.input_count = info.output_count = 1;
  return info;
}

prm_model_info info_of(const TensorModel& m) {
  prm_model_info info{};
  info.architecture = "onnx";
  info.parameters = m.parameters;
  info.host_bytes = m.account.held();
  info.end_token = info.begin_token = -1;
  info.abilities = PRM_CAN_RUN;
  info.input_count = int32_t(m.inputs.size());
  info.output_count = int32_t(m.outputs.size());
  return info;
}

template <class AnyModel>
String report_of(const AnyModel& m, prm_report what) {
  switch (what) {
    case PRM_REPORT_INSPECT: return inspect_json(m);
    case PRM_REPORT_PLACEMENT: return placement_json(m);
    case PRM_REPORT_GRAPH: return graph_text(m);
    default: fail_about(Status::invalid_argument, "what", "report {} is not one of a model", what);
  }
}

// A count that is none is told before memory behind it is read.
void require_token_count(const char* name, size_t count, const Limits& limits) {
  if (count > limits.prompt_bytes) fail_about(Status::limit, name, "{}: {} tokens, the limit is {}", name, count, limits.prompt_bytes);
}

}  // namespace

const ModelPtr& text_model(const ModelObject& object) {
  if (object.text) return object.text;
  fail_about(Status::unsupported, "model", "the model takes tensors (ONNX), not text or tokens: use prm_run");
}

std::string_view read_text(const prm_text& text, const char* name) {
  if (!text.data) {
    require_argument(text.size == 0 || text.size == PRM_NUL, name, "has a size but no data");
    return {};
  }
  return text.size == PRM_NUL ? std::string_view(text.data) : std::string_view(text.data, text.size);
}

PromptSource read_prompt(const prm_prompt* from, const Limits& limits) {
  require_argument(from, "prompt", "is NULL");
  prm_prompt prompt = read_options(from, "prompt");
  if (prompt.flags & ~uint32_t(PRM_PROMPT_SPECIAL | PRM_PROMPT_NO_BOS | PRM_PROMPT_CONTINUE))
    fail_about(Status::unsupported, "prompt.flags", "prompt.flags has unknown bits: {:#x}", prompt.flags);
  require_argument(!prompt.tokens == !prompt.token_count, "prompt.tokens", "and token_count do not fit each other");
  require_argument(!prompt.messages == !prompt.message_count, "prompt.messages", "and message_count do not fit each other");
  int given = (prompt.text.data ? 1 : 0) + (prompt.tokens ? 1 : 0) + (prompt.messages ? 1 : 0);
  require_argument(given == 1, "prompt", given ? "has more than one of text, tokens and messages: give one" : "has no text, tokens or messages: give one");
  if (prompt.messages) return read_chat(prompt);
  require_argument(!(prompt.flags & PRM_PROMPT_CONTINUE), "prompt.flags", "PRM_PROMPT_CONTINUE goes with messages");
  require_argument(!prompt.tools_json && !prompt.template_text && !prompt.template_json, "prompt", "tools and template values go with messages");
  require_token_count("prompt.tokens", prompt.token_count, limits);
  if (prompt.tokens) return {.tokens = {prompt.tokens, prompt.token_count}};
  std::string_view text = read_text(prompt.text, "prompt.text");
  if (text.size() > limits.prompt_bytes) fail_about(Status::limit, "prompt.text", "the prompt has {} bytes, the limit is {}", text.size(), limits.prompt_bytes);
  return {.text = text, .flags = {(prompt.flags & PRM_PROMPT_SPECIAL) != 0, !(prompt.flags & PRM_PROMPT_NO_BOS)}, .is_text = true};
}

}  // namespace prm

using namespace prm;

prm_status prm_model_open(prm_engine* engine, const char* path, const prm_model_options* options, const prm_control* control,
                          prm_model** out) try {
  FloatState ours;
  EngineUse use(engine, "engine");
  require_argument(out, "out", "is NULL");
  prm_model_options known = read_options(options, "options");
  LoadOptions load = read_load_options(known);
  Listening listen(control, use);
  auto object = make_object<ModelObject>(use->memory);
  object->engine = use->engine;
  open_any(*object, source_of(path, known), load, known.device, listen.control);
  *out = hand_out<prm_model>(HandleKind::model, std::move(object));
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

void prm_model_close(prm_model* model) { cancel_and_close_handle(model, HandleKind::model); }

prm_status prm_model_query(prm_model* model, prm_model_info* out) try {
  ModelUse use(model, "model");
  require_info(out, "out");
  write_info(use->tensors ? info_of(*use->tensors) : info_of(*use->text), out);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_model_report(prm_model* model, prm_report what, char* buffer, size_t capacity, size_t* size) try {
  FloatState ours;
  ModelUse use(model, "model");
  ShortCall call(*use->engine);
  write_text(use->tensors ? report_of(*use->tensors, what) : report_of(*use->text, what), buffer, capacity, size);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_model_plan(prm_model* model, const prm_plan_options* options, prm_plan* out, char* buffer, size_t capacity, size_t* size) try {
  ModelUse use(model, "model");
  if (out) require_info(out, "out");
  prm_plan_options known = read_options(options, "options");
  require_argument(known.reserved == 0, "options.reserved", "must be 0");
  MemoryPlan plan = use->tensors ? plan_memory(*use->tensors) : plan_memory(*use->text);
  uint64_t budget = known.host_bytes ? known.host_bytes : use->engine->account.limit();
  ShortCall call(*use->engine);
  if (buffer || size) write_text(use->tensors ? plan_json(*use->tensors, plan, budget) : plan_json(*use->text, plan, budget), buffer, capacity, size);
  if (!out) return PRM_STATUS_OK;
  prm_plan info{};
  info.fits = budget == 0 || plan.host_bytes <= budget;
  info.host_bytes = plan.host_bytes;
  info.weight_bytes = plan.weight_bytes;
  info.cache_bytes = plan.cache_bytes;
  info.scratch_bytes = plan.scratch_bytes;
  info.object_bytes = plan.object_bytes;
  info.device_bytes = plan.device_bytes;
  write_info(info, out);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_model_manifest(prm_model* model, const prm_control* control, char* buffer, size_t capacity, size_t* size) try {
  FloatState ours;
  ModelUse use(model, "model");
  require_own_turn(use);
  Listening listen(control, use);
  if (use->tensors) fail_about(Status::unsupported, "model", "manifests of ONNX models are not supported");
  Model& m = *use->text;
  AccountScope models(m.account);
  require_room(manifest_size(m), buffer, capacity, size);
  write_text(make_manifest(m, listen.control), buffer, capacity, size);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_tokenize(prm_model* model, const prm_prompt* prompt, int32_t* tokens, size_t capacity, size_t* count) try {
  FloatState ours;
  ModelUse use(model, "model");
  PromptSource source = read_prompt(prompt, use->engine->limits);
  const Model& m = *text_model(*use.get());
  ShortCall call(*use->engine);
  Vector<int32_t> ids(source.tokens.begin(), source.tokens.end());
  if (source.is_text) tokenize(*m.tokenizer, source.text, source.flags, ids);
  if (source.is_chat) tokenize_chat(m, render_chat(m, source.chat, {}), source.flags.add_begin, ids, {});
  if (count) *count = ids.size();
  if (ids.size() > capacity || (!tokens && !ids.empty()))
    fail_too_small(ids.size() * sizeof(int32_t), format_message("the prompt has {} tokens, the array holds {}", ids.size(), tokens ? capacity : 0));
  if (!ids.empty()) std::memcpy(tokens, ids.data(), ids.size() * sizeof(int32_t));
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_prompt_render(prm_model* model, const prm_prompt* prompt, char* buffer, size_t capacity, size_t* size) try {
  FloatState ours;
  ModelUse use(model, "model");
  PromptSource source = read_prompt(prompt, use->engine->limits);
  require_argument(source.is_chat, "prompt.messages", "are what a template renders: give some");
  const Model& m = *text_model(*use.get());
  ShortCall call(*use->engine);
  write_text(render_chat(m, source.chat, {}).text, buffer, capacity, size);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_detokenize(prm_model* model, const int32_t* tokens, size_t count, uint32_t flags, char* buffer, size_t capacity,
                          size_t* size) try {
  FloatState ours;
  ModelUse use(model, "model");
  require_argument(tokens || count == 0, "tokens", "is NULL");
  require_token_count("tokens", count, use->engine->limits);
  if (flags & ~uint32_t(PRM_PROMPT_SPECIAL)) fail_about(Status::unsupported, "flags", "flags has unknown bits: {:#x}", flags);
  const Model& m = *text_model(*use.get());
  ShortCall call(*use->engine);
  write_text(detokenize(*m.tokenizer, tokens, count, flags & PRM_PROMPT_SPECIAL), buffer, capacity, size);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
