#include "session.h"

#include <cstdlib>

#include "failure.h"
#include "faults.h"
#include "json_reader.h"
#include "synth_flag.h"
#include "terminal.h"

namespace {

int32_t show_loading(void* user, const char* stage, uint64_t done, uint64_t total) {
  bool verifies = std::string_view(stage) == "verify";
  static_cast<Progress*>(user)->bar(verifies ? "verifying" : std::string("loading: ") + stage, done, total);
  return 0;
}

prm_dtype cache_dtype(const std::string& kv) {
  if (kv == "f32") return PRM_DTYPE_F32;
  if (kv == "bf16") return PRM_DTYPE_BF16;
  return kv == "q8_0" ? PRM_DTYPE_BLOCK + 8 : PRM_DTYPE_F16;
}

// NULL where a variable is not set, or empty.
const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

EngineHandle open_engine(const ModelFlags& flags, Weights weights, const prm_host* host, const SynthFile* synth) {
  prm_engine_options options = PRM_INIT(prm_engine_options);
  options.threads = weights == Weights::left_out || weights == Weights::verified ? 0 : flags.threads ? int32_t(flags.threads - 1) : PRM_THREADS_ALL;
  options.max_host_bytes = weights == Weights::loaded ? uint64_t(flags.max_host_bytes) : 0;
  options.max_device_bytes = weights == Weights::loaded || weights == Weights::planned ? uint64_t(flags.max_device_bytes) : 0;
  options.isa = environment("PREMISE_ISA");
  options.plugin_folder = environment("PREMISE_PLUGINS");
#ifdef PREMISE_FAULTS
  options.host = fault_services();
#endif
  if (host) options.host = host;
  prm_host with_synth = PRM_INIT(prm_host);
  if (synth) {
    if (options.host) with_synth = *options.host;
    serve_synth(*synth, with_synth);
    options.host = &with_synth;
  }
  prm_engine* engine = nullptr;
  check(prm_engine_open(PRM_VERSION, &options, &engine), "");
  return EngineHandle(engine);
}

// Asks for the size, then for the text.
template <class Handle>
std::string whole_report(prm_status (*report)(Handle*, prm_report, char*, size_t, size_t*), Handle* handle, prm_report what,
                         const std::string& file) {
  size_t size = 0;
  prm_status status = report(handle, what, nullptr, 0, &size);
  if (status != PRM_STATUS_BUFFER_TOO_SMALL) check(status, file);
  std::string text(size + 1, '\0');
  check(report(handle, what, text.data(), text.size(), &size), file);
  text.resize(size);
  return text;
}

// NULL without --synth.
std::shared_ptr<const SynthFile> open_synth_file(const ModelFlags& flags) {
  if (flags.synth.empty()) return nullptr;
  if (!flags.model.empty())
    fail_usage("two models", "--synth " + flags.synth + " and " + flags.model, "give one of them; with --synth a text stands behind -p");
  return std::make_shared<const SynthFile>(parse_synth("--synth", flags.synth));
}

std::string wanted_device(const ModelFlags& flags) {
  if (!flags.require.empty() && flags.device != "cpu" && flags.device != flags.require)
    fail_usage("two devices", "--device " + flags.device + " and --require " + flags.require, "give one of them");
  std::string device = flags.require.empty() ? flags.device : flags.require;
  if (device == "cpu" && flags.gpu_layers) fail_usage("no GPU for layers", "--gpu-layers", "add --device cuda");
  return device;
}

prm_status open_model(Session& session, const prm_model_options& options, prm_control control, const ModelFlags& flags) {
  Progress progress(!flags.quiet);
  control.on_progress = show_loading;
  control.user = &progress;
  prm_model* model = nullptr;
  prm_status status = prm_model_open(session.engine.get(), session.path.c_str(), &options, &control, &model);
  progress.clear();
  session.model = ModelHandle(model);
  return status;
}

}  // namespace

Session open_any_session(const ModelFlags& flags, Weights weights, const OpenExtras& extras) {
  Session session;
  session.synth = extras.synth ? extras.synth : open_synth_file(flags);
  session.path = session.synth ? flags.synth : flags.model;
  if (session.path.empty()) fail_usage("no model", "-m", "give -m PATH: a GGUF file, an ONNX file, or a folder with safetensors; or --synth NAME");
  session.engine = open_engine(flags, weights, extras.host, session.synth.get());
  prm_engine_info engine_info = PRM_INIT(prm_engine_info);
  check(prm_engine_query(session.engine.get(), &engine_info), "");
  session.isa = engine_info.isa;
  session.threads = engine_info.threads + 1;

  prm_model_options options = PRM_INIT(prm_model_options);
  options.flags = weights == Weights::loaded ? 0 : PRM_MODEL_HEADER_ONLY;
  if (weights == Weights::verified) options.flags |= PRM_MODEL_VERIFY;
  options.manifest_json = extras.manifest_json;
  if (!extras.shapes.empty()) options.shapes = extras.shapes.data(), options.shape_count = extras.shapes.size();
  options.context = int32_t(flags.context);
  options.chunk_tokens = int32_t(flags.chunk);
  options.sessions = int32_t(flags.sessions);
  options.cache_dtype = cache_dtype(flags.kv);
  bool computes = weights == Weights::loaded || weights == Weights::planned;
  session.device = computes ? wanted_device(flags) : "cpu";
  options.device = session.device.c_str();
  options.device_layers = session.device == "cpu" ? 0 : int32_t(flags.gpu_layers);
  if (computes && !flags.require.empty()) options.flags |= PRM_MODEL_REQUIRE_DEVICE;
  prm_control control = make_control();
  control.deadline_ns = extras.deadline_ns;
  prm_status status = open_model(session, options, control, flags);
  if (status == PRM_STATUS_DEVICE_UNAVAILABLE && session.device != "cpu" && flags.require.empty()) {
    prm_error_info why = PRM_INIT(prm_error_info);
    prm_error_query(&why);
    if (!flags.quiet) write_talk("note: " + printable(why.message) + ". So it runs on the CPU; --require " + session.device + " makes this an error\n");
    session.device = "cpu";
    options.device = nullptr, options.device_layers = 0;
    status = open_model(session, options, control, flags);
  }
  check(status, session.path);
  session.info = PRM_INIT(prm_model_info);
  check(prm_model_query(session.model.get(), &session.info), session.path);
  if (weights == Weights::loaded && session.device != "cpu") session.device = read_json(model_report(session, PRM_REPORT_PLACEMENT))["device"].spelling;
  return session;
}

Session open_session(const ModelFlags& flags, Weights weights, const char* manifest_json) {
  Session session = open_any_session(flags, weights, {.manifest_json = manifest_json});
  if (takes_tensors(session))
    fail_with(PRM_STATUS_UNSUPPORTED, "not a model of text", session.path, "it takes tensors (ONNX): run it with 'premise infer'");
  return session;
}

bool takes_tensors(const Session& session) { return (session.info.abilities & (PRM_CAN_RUN | PRM_CAN_GENERATE)) == PRM_CAN_RUN; }

prm_control make_control(int64_t deadline_ms) {
  prm_control control = PRM_INIT(prm_control);
  control.cancel = stop_token();
  if (deadline_ms) control.deadline_ns = prm_now_ns() + deadline_ms * 1'000'000;
  return control;
}

const char* finish_name(int32_t finish) {
  switch (finish) {
    case PRM_FINISH_END:
    case PRM_FINISH_STOP_STRING: return "stop";
    case PRM_FINISH_LENGTH: return "length";
    case PRM_FINISH_CALLBACK: return "callback";
    case PRM_FINISH_CANCELLED: return "cancelled";
    case PRM_FINISH_DEADLINE: return "deadline";
    default: return "error";
  }
}

uint64_t peak_host_bytes(const Session& session) {
  prm_engine_info info = PRM_INIT(prm_engine_info);
  check(prm_engine_query(session.engine.get(), &info), "");
  return info.peak_host_bytes;
}

std::string model_report(const Session& session, prm_report what) {
  return whole_report(prm_model_report, session.model.get(), what, session.path);
}

std::string processor_name(const Session& session) {
  return read_json(whole_report(prm_engine_report, session.engine.get(), PRM_REPORT_CAPABILITIES, ""))["cpu"].spelling;
}

std::vector<int32_t> tokenize(const Session& session, std::string_view text, uint32_t prompt_flags) {
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.flags = prompt_flags;
  prompt.text = {text.data() ? text.data() : "", text.size()};
  std::vector<int32_t> ids(text.size() + 8);  // a token has a byte or more, but for those put around the text
  size_t count = 0;
  prm_status status = prm_tokenize(session.model.get(), &prompt, ids.data(), ids.size(), &count);
  if (status == PRM_STATUS_BUFFER_TOO_SMALL) {
    ids.resize(count);
    status = prm_tokenize(session.model.get(), &prompt, ids.data(), ids.size(), &count);
  }
  check(status, session.path);
  ids.resize(count);
  return ids;
}

std::string token_text(const Session& session, int32_t token) {
  std::string text(64, '\0');
  size_t size = 0;
  prm_status status = prm_detokenize(session.model.get(), &token, 1, 0, text.data(), text.size(), &size);
  if (status == PRM_STATUS_BUFFER_TOO_SMALL) {
    text.resize(size + 1);
    status = prm_detokenize(session.model.get(), &token, 1, 0, text.data(), text.size(), &size);
  }
  check(status, session.path);
  text.resize(size);
  return text;
}

void run_tokens(const Session& session, const std::vector<int32_t>& ids, float* logits) {
  prm_tensor input = {}, output = {};
  input.name = "tokens";
  input.data = const_cast<int32_t*>(ids.data());
  input.bytes = ids.size() * sizeof(int32_t);
  input.dtype = PRM_DTYPE_I32;
  input.rank = 1;
  input.shape[0] = int64_t(ids.size());
  output.name = "logits";
  output.data = logits;
  output.bytes = ids.size() * size_t(session.info.vocabulary) * sizeof(float);
  output.dtype = PRM_DTYPE_F32;
  prm_control control = make_control();
  check(prm_run(session.model.get(), &input, 1, &control, &output, 1), session.path);
}

int32_t index_of_largest(const float* values, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (values[i] > values[best]) best = i;
  return int32_t(best);
}
