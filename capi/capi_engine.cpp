// Engine and cancel handles. The only place that names devices.
#include "base/clock.h"
#include "base/json.h"
#include "base/machine.h"
#include "capi/capi.h"
#include "cpu/cpu_device.h"
#include "ops/ops.h"
#include "text/tokenizer.h"

namespace prm {

Control read_control(const prm_control* from) {
  prm_control options = read_options(from, "control");
  require_argument(options.reserved == 0, "control.reserved", "must be 0");
  require_argument(options.deadline_ns >= 0, "control.deadline_ns", "is negative");
  Control control;
  control.cancel = options.cancel ? &options.cancel->fired : nullptr;
  control.deadline_ns = options.deadline_ns;
  control.on_progress = options.on_progress;
  control.user = options.user;
  return control;
}

void require_room(size_t text_size, char* buffer, size_t capacity, size_t* size) {
  if (size) *size = text_size;
  if (buffer && capacity > text_size) return;
  Error error(Status::buffer_too_small, format_message("the text has {} bytes and a NUL, the buffer {}", text_size, buffer ? capacity : 0));
  error.needed_bytes = text_size + 1;
  throw error;
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

EnginePtr open_engine(const prm_engine_options& options) {
  if (options.threads < PRM_THREADS_ALL || options.threads > 1024)
    fail_about(Status::invalid_argument, "threads", "options.threads is {}, expected -1 (all) to 1024", options.threads);
  require_argument(options.reserved == 0, "options.reserved", "must be 0");
  EngineOptions ours;
  ours.host = read_host(options.host, options.threads);
  ours.threads = options.threads == PRM_THREADS_ALL ? granted_cores() - 1 : options.threads;
  if (options.spin_us) ours.spin_us = options.spin_us;
  ours.max_host_bytes = options.max_host_bytes;
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
  write_names(json, "formats", std::vector<std::string>{"gguf", "safetensors"});
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
  return json.end_object().text();
}

}  // namespace

}  // namespace prm

using namespace prm;

int64_t prm_now_ns(void) { return now_ns(); }

prm_status prm_cancel_open(prm_cancel** out) try {
  require_argument(out, "out", "is NULL");
  *out = new prm_cancel;
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

void prm_cancel_fire(prm_cancel* cancel) {
  if (cancel) cancel->fired.store(true, std::memory_order_relaxed);
}

void prm_cancel_close(prm_cancel* cancel) { delete cancel; }

prm_status prm_engine_open(int32_t version, const prm_engine_options* options, prm_engine** out) try {
  FloatState ours;
  require_argument(out, "out", "is NULL");
  if (version < 0 || version / 1000000 != PRM_VERSION / 1000000 || version > PRM_VERSION)
    fail(Status::version_mismatch, "the program was built for version {}, this library is version {}: install a library at least as new", version, PRM_VERSION);
  EnginePtr engine = open_engine(read_options(options, "options"));
  *out = make_handle<prm_engine>(engine->host.memory);
  (*out)->engine = std::move(engine);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

void prm_engine_close(prm_engine* engine) { close_handle(engine); }

prm_status prm_engine_query(prm_engine* engine, prm_engine_info* out) try {
  require_argument(engine, "engine", "is NULL");
  require_argument(out && out->struct_size >= sizeof(uint32_t), "out", "is NULL or not started with PRM_INIT");
  prm_engine_info info{};
  info.threads = engine->engine->pool.threads();
  info.isa = cpu_isa(*engine->engine->device);
  info.host_bytes = engine->engine->account.held();
  info.peak_host_bytes = engine->engine->account.peak();
  info.max_host_bytes = engine->engine->account.limit();
  write_info(info, out);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_engine_report(prm_engine* engine, prm_report what, char* buffer, size_t capacity, size_t* size) try {
  FloatState ours;
  require_argument(engine, "engine", "is NULL");
  if (what != PRM_REPORT_CAPABILITIES) fail_about(Status::invalid_argument, "what", "report {} is not one of an engine", what);
  ShortCall call(*engine->engine);
  write_text(capabilities_json(*engine->engine), buffer, capacity, size);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
