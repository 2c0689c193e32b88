// Engine and cancel handles. The only place that names devices.
#include "base/clock.h"
#include "base/json.h"
#include "base/machine.h"
#include "capi/capi.h"
#include "cpu/cpu_device.h"
#include "ops/ops.h"
#include "text/tokenizer.h"

namespace prm {

Listening::Listening(const prm_control* from, const AnyUse& on) {
  prm_control options = read_options(from, "control");
  require_argument(options.reserved == 0, "control.reserved", "must be 0");
  require_argument(options.deadline_ns >= 0, "control.deadline_ns", "is negative");
  if (options.cancel) control.cancel = &token.emplace(options.cancel).flag();
  control.closing = &on.flag();
  control.deadline_ns = options.deadline_ns;
  control.on_progress = options.on_progress;
  control.user = options.user;
}

void destroy_object(HandleKind kind, void* object) noexcept {
  switch (kind) {
    case HandleKind::engine: return destroy(static_cast<EngineObject*>(object));
    case HandleKind::model: return destroy(static_cast<ModelObject*>(object));
    case HandleKind::session: return destroy(static_cast<SessionObject*>(object));
    case HandleKind::cancel: return;
  }
}

void require_room(size_t text_size, char* buffer, size_t capacity, size_t* size) {
  if (size) *size = text_size;
  if (buffer && capacity > text_size) return;
  fail_too_small(text_size + 1, format_message("the text has {} bytes and a NUL, the buffer {}", text_size, buffer ? capacity : 0));
}

void write_text(std::string_view text, char* buffer, size_t capacity, size_t* size) {
  require_room(text.size(), buffer, capacity, size);
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
}

namespace {

// Services come whole: a function without its partner is refused, never half used.
HostServices read_host(const prm_host* from, int32_t threads) {
  prm_host host = read_options(from, "options.host");
  HostServices services;
  require_argument(!host.alloc == !host.release, "host.alloc", "and host.release come together");
  require_argument(!host.help == (host.helpers == 0) && host.helpers >= 0 && host.helpers <= 1024, "host.help", "and host.helpers (0 to 1024) do not fit each other");
  require_argument(!host.help || threads == 0, "threads", "must be 0 where the host lends its own threads by host.help");
  require_argument(!host.file_open == !host.file_read && !host.file_open == !host.file_close, "host.file_open", "file_read and file_close come together");
  require_argument(!host.file_map || host.file_open, "host.file_map", "needs file_open, file_read and file_close");
  services.memory = {host.memory_user, host.alloc, host.release};
  services.log = {host.log_user, host.log};
  services.help = {host.help_user, host.help, host.helpers};
  services.files = {host.file_user, host.file_open, host.file_read, host.file_close, host.file_map};
  return services;
}

// Of 0 the default; more than that is more than what was thought through.
template <class Given, class T>
void tighten(const char* name, Given given, T& limit) {
  if (given == 0) return;
  if (given < 0 || uint64_t(given) > uint64_t(limit)) fail_about(Status::invalid_argument, name, "limits.{} is {}, expected 0 (the default) to {}", name, given, limit);
  limit = T(given);
}

Limits read_limits(const prm_limits* from) {
  prm_limits given = read_options(from, "options.limits");
  Limits limits;
  tighten("nesting", given.nesting, limits.nesting);
  tighten("file_bytes", given.file_bytes, limits.file_bytes);
  tighten("metadata_bytes", given.metadata_bytes, limits.metadata_bytes);
  tighten("tensors", given.tensors, limits.tensors);
  tighten("prompt_bytes", given.prompt_bytes, limits.prompt_bytes);
  tighten("template_steps", given.template_steps, limits.template_steps);
  tighten("image_elements", given.image_elements, limits.image_elements);
  return limits;
}

EnginePtr open_engine(const prm_engine_options& options) {
  if (options.threads < PRM_THREADS_ALL || options.threads > 1024)
    fail_about(Status::invalid_argument, "threads", "options.threads is {}, expected -1 (all) to 1024", options.threads);
  require_argument(options.reserved == 0, "options.reserved", "must be 0");
  EngineOptions ours;
  ours.host = read_host(options.host, options.threads);
  ours.threads = options.threads == PRM_THREADS_ALL ? granted_cores() - 1 : options.threads;
  if (options.spin_us) ours.spin_us = options.spin_us;
  ours.max_host_bytes = options.max_host_bytes;
  ours.limits = read_limits(options.limits);
  ours.max_device_bytes = options.max_device_bytes;
  ours.plugin_folder = options.plugin_folder ? options.plugin_folder : "";
  EnginePtr engine = make_engine(ours);
  AccountScope engines(engine->account);
  engine->device = open_cpu(options.isa ? options.isa : "");
  return engine;
}

template <class Names>
void write_names(JsonWriter& json, const char* key, const Names& names) {
  json.key(key).begin_array();
  for (const auto& name : names) json.value(name);
  json.end_array();
}

String capabilities_json(const Engine& engine) {
  JsonWriter json;
  json.begin_object().pair("version", PRM_VERSION).pair("isa", cpu_isa(*engine.device)).pair("cpu", cpu_name()).pair("cores", granted_cores());
  json.pair("threads", engine.pool.threads());
  write_names(json, "isas", available_isas());
  write_names(json, "devices", std::vector<std::string>{engine.device->name()});
  write_names(json, "formats", std::vector<std::string>{"gguf", "safetensors", "onnx"});
  Vector<String> types, archs, ops;
  for (const DTypeInfo& type : kDTypes)
    if (type.gguf >= 0) types.push_back(type.name);
  for (const Architecture* architecture : architectures()) archs.push_back(architecture->name);
  for (const Op* op : op_list()) ops.push_back(op->name);
  write_names(json, "types", types);
  write_names(json, "architectures", archs);
  write_names(json, "tokenizers", tokenizer_names());
  write_names(json, "pre_tokenizers", pre_tokenizer_names());
  write_names(json, "ops", ops);
  write_names(json, "onnx_operators", onnx_operator_names());
  return json.end_object().text();
}

}  // namespace

}  // namespace prm

using namespace prm;

int64_t prm_now_ns(void) { return now_ns(); }

prm_status prm_cancel_open(prm_cancel** out) try {
  require_argument(out, "out", "is NULL");
  *out = static_cast<prm_cancel*>(open_handle(HandleKind::cancel, nullptr));
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

void prm_cancel_fire(prm_cancel* cancel) { fire_handle(cancel); }

void prm_cancel_close(prm_cancel* cancel) { close_handle(cancel, HandleKind::cancel); }

prm_status prm_engine_open(int32_t version, const prm_engine_options* options, prm_engine** out) try {
  FloatState ours;
  require_argument(out, "out", "is NULL");
  if (version < 0 || version / 1000000 != PRM_VERSION / 1000000 || version > PRM_VERSION)
    fail(Status::version_mismatch, "the program was built for version {}, this library is version {}: install a library at least as new", version, PRM_VERSION);
  EnginePtr engine = open_engine(read_options(options, "options"));
  auto object = make_object<EngineObject>(engine->host.memory);
  object->engine = std::move(engine);
  *out = hand_out<prm_engine>(HandleKind::engine, std::move(object));
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

void prm_engine_close(prm_engine* engine) { cancel_and_close_handle(engine, HandleKind::engine); }

prm_status prm_engine_query(prm_engine* engine, prm_engine_info* out) try {
  EngineUse use(engine, "engine");
  require_info(out, "out");
  Engine& e = *use->engine;
  e.pool.notice_fork();
  prm_engine_info info{};
  info.threads = e.pool.threads();
  info.isa = cpu_isa(*e.device);
  info.host_bytes = e.account.held();
  info.peak_host_bytes = e.account.peak();
  info.max_host_bytes = e.account.limit();
  {
    std::lock_guard lock(e.accelerators_turn);
    for (auto& [name, device] : e.accelerators) info.device_bytes += device ? device->memory()->held() : 0;
  }
  write_info(info, out);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_engine_report(prm_engine* engine, prm_report what, char* buffer, size_t capacity, size_t* size) try {
  FloatState ours;
  EngineUse use(engine, "engine");
  if (what != PRM_REPORT_CAPABILITIES) fail_about(Status::invalid_argument, "what", "report {} is not one of an engine", what);
  ShortCall call(*use->engine);
  write_text(capabilities_json(*use->engine), buffer, capacity, size);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
