// What people and programs may ask about a model, as JSON.
#include "base/checked.h"
#include "base/json.h"
#include "ops/ops.h"
#include "runtime/model.h"
#include "runtime/report_parts.h"

namespace prm {

namespace {

void write_array(JsonWriter& json, const MetaValue& value) {
  constexpr uint64_t kShown = 64;
  if (value.count > kShown) {
    json.value(format_message("[{} elements]", value.count));
    return;
  }
  json.begin_array();
  const std::byte* at = value.raw.data();
  for (uint64_t i = 0; i < value.count; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, at, value.element_bytes ? size_t(value.element_bytes) : 8);
    int shift = 64 - 8 * value.element_bytes;
    float single;
    double real;
    std::memcpy(&single, &bits, 4);
    std::memcpy(&real, &bits, 8);
    switch (value.element) {
      case MetaType::text: json.value(std::string_view(reinterpret_cast<const char*>(at + 8), size_t(bits))); break;
      case MetaType::unsigned_int: json.value(bits); break;
      case MetaType::signed_int: json.value(int64_t(bits << shift) >> shift); break;
      case MetaType::boolean: json.value(bits != 0); break;
      default: json.value(value.element_bytes == 4 ? double(single) : real);
    }
    at += value.element_bytes ? uint64_t(value.element_bytes) : 8 + bits;
  }
  json.end_array();
}

void write_value(JsonWriter& json, const MetaValue& value) {
  switch (value.type) {
    case MetaType::unsigned_int: json.value(value.unsigned_int); break;
    case MetaType::signed_int: json.value(value.signed_int); break;
    case MetaType::real: json.value(value.real); break;
    case MetaType::boolean: json.value(value.boolean); break;
    case MetaType::text: json.value(value.text); break;
    case MetaType::array: write_array(json, value); break;
  }
}

void write_io(JsonWriter& json, const Graph& graph, const char* name, ValueId value) {
  json.begin_object().pair("name", name).pair("dtype", info(graph[value].dtype).name).key("shape").begin_array();
  json.value("B");
  const Shape& shape = graph[value].shape;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape.dims[i].literal()) json.value(shape.dims[i].value);
    else json.value(graph.dims.print(shape.dims[i]));
  }
  json.end_array().end_object();
}

// What a launch reads that does not depend on the tokens: `weight_bytes` of constants, streamed once, with `macs` for each
// row of the step (or for each wanted row: `per` is then "R"), and state, of which attention sees `window` tokens (0: all).
// A gathered table gives one row a token, and is left out.
void write_traffic(JsonWriter& json, const Plan& plan, const PlanLaunch& launch) {
  uint64_t weights = 0, state = 0;
  int64_t macs = 0;
  bool blocks = true;
  for (int i = 0; i < launch.inputs; ++i) {
    const PlanValue& value = plan.values[size_t(launch.in[i])];
    if (value.place == Place::weight && launch.op != &kEmbed) {
      weights += value.layout ? value.layout->bytes(value.bound) : value.bound.bytes();
      if (value.bound.rank != 2) continue;
      macs += value.bound.count();
      blocks = blocks && is_block(value.bound.dtype);
    }
    if (launch.op == &kMoeMatmul && i == 2) {  // of a token's experts alone
      uint64_t used = uint64_t(value.bound.dim[1]), experts = uint64_t(launch.attr.as<ExpertsAttr>().experts);
      weights = weights / experts * used, macs = macs / int64_t(experts) * int64_t(used);
    }
    if (plan.values[size_t(value.root)].place == Place::state) state += value.bound.bytes();
  }
  if (weights) json.pair("weight_bytes", weights);
  if (macs) json.pair("macs", macs).pair("per", plan.dims.print(plan.values[size_t(launch.out[0])].shape.dims[0])).pair("int8", blocks);
  if (state && launch.op == &kAttentionPaged) json.pair("state_bytes", state).pair("window", launch.attr.as<AttentionAttr>().window);
}

}  // namespace

String upper(String text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? char(c - 32) : c;
  return text;
}

const Device& device_of(const Plan& plan) { return *plan.device[plan.device[kAccelerator] ? kAccelerator : kHost]; }

void write_launches(JsonWriter& json, const Plan& plan) {
  json.key("launches").begin_array();
  for (const PlanLaunch& launch : plan.launches) {
    json.begin_object().pair("name", launch.name).pair("op", launch.op->name).pair("kernel", launch.kernel);
    if (plan.device[kAccelerator]) json.pair("device", plan.device[launch.side]->name());
    write_traffic(json, plan, launch);
    json.end_object();
  }
  json.end_array();
}

void write_ops(JsonWriter& json, const Graph& graph) {
  Map<String, int64_t> ops;
  for (const Node& node : graph.nodes) ++ops[node.op->name];
  json.key("ops").begin_object();
  for (auto& [op, count] : ops) json.pair(op, count);
  json.end_object();
}

String inspect_json(const Model& model) {
  JsonWriter json;
  Map<String, int64_t> types;
  json.begin_object().pair("kind", model.file.kind).pair("arch", model.config.arch).pair("parameters", model.parameters);
  json.pair("context", model.config.context).pair("vocabulary", model.config.vocabulary).pair("width", model.config.width);
  json.key("tensors").begin_array();
  for (const NamedTensor& tensor : model.file.tensors) {
    String type = upper(info(tensor.data.dtype).name);
    ++types[type];
    json.begin_object().pair("name", tensor.name).pair("type", type).key("shape").begin_array();
    for (int i = 0; i < tensor.data.rank; ++i) json.value(tensor.data.dim[i]);
    json.end_array();
    if (tensor.file != model.file.file) json.pair("file", tensor.file->name);
    json.pair("offset", tensor.offset).pair("bytes", uint64_t(tensor.data.bytes())).end_object();
  }
  json.end_array().key("types").begin_object();
  for (auto& [type, count] : types) json.pair(type, count);
  json.end_object().key("metadata").begin_object();
  for (auto& [key, value] : model.file.metadata) write_value(json.key(key), value);
  json.end_object().key("inputs").begin_array();
  for (size_t i = 0; i < model.graph.values.size(); ++i)
    if (model.graph.values[i].name == "tokens") write_io(json, model.graph, "tokens", ValueId(i));
  json.end_array().key("outputs").begin_array();
  if (!model.graph.outputs.empty()) write_io(json, model.graph, "logits", model.graph.outputs[0]);
  json.end_array();
  write_ops(json, model.graph);
  return json.end_object().text();
}

String graph_text(const Model& model) { return print_graph(model.graph); }

String placement_json(const Model& model) {
  if (model.header_only) fail(Status::unsupported, "a model opened with PRM_MODEL_HEADER_ONLY is not placed: open it without");
  const Plan& plan = *model.plan;
  JsonWriter json;
  json.begin_object().pair("device", device_of(plan).name());
  json.pair("weights_bytes", model.weight_bytes.held).pair("kv_bytes", uint64_t(plan.bytes[kHost].states));
  json.pair("scratch_bytes", uint64_t(plan.bytes[kHost].arena)).pair("unshared_bytes", uint64_t(plan.bytes[kHost].unshared)).pair("fallbacks", plan.fallbacks);
  if (plan.device[kAccelerator])
    json.pair("device_layers", model.device_layers).pair("layers", model.config.layers).pair("device_weights_bytes", model.weight_bytes.on_accelerator)
        .pair("device_kv_bytes", uint64_t(plan.bytes[kAccelerator].states)).pair("device_scratch_bytes", uint64_t(plan.bytes[kAccelerator].arena));
  json.pair("kv_tokens", model.runner->limits.pages * kPageTokens);
  write_launches(json, plan);
  return json.end_object().text();
}

namespace {

// What would make a plan fit that is `over` bytes too large, with what it saves.
void write_advice(JsonWriter& json, const Model& model, const MemoryPlan& plan, uint64_t over) {
  int64_t tokens = ceil_div(model.context, kPageTokens) * kPageTokens;
  uint64_t per_token = plan.cache_bytes / uint64_t(tokens);
  uint64_t smaller = per_token ? (over + per_token - 1) / per_token : 0;
  if (per_token && int64_t(smaller) < tokens - kPageTokens)
    json.value(format_text("open it with a context of at most {} tokens: each token less saves {} bytes", (tokens - int64_t(smaller)) / kPageTokens * kPageTokens, per_token));
  if (model.chunk_tokens > 32)
    json.value(format_text("smaller chunks take less scratch than the {} bytes of {} prompt tokens a step", plan.scratch_bytes, model.chunk_tokens));
  json.value(format_text("raise the limit by {} bytes, or take a smaller model or quantization: the weights take {} bytes", over, plan.weight_bytes));
}

}  // namespace

String plan_json(const Model& model, const MemoryPlan& plan, uint64_t budget) {
  JsonWriter json;
  bool fits = budget == 0 || plan.host_bytes <= budget;
  json.begin_object().pair("host_bytes", plan.host_bytes).pair("device_bytes", plan.device_bytes).pair("weights_bytes", plan.weight_bytes);
  json.pair("kv_bytes", plan.cache_bytes).pair("scratch_bytes", plan.scratch_bytes).pair("object_bytes", plan.object_bytes);
  json.pair("context", model.context).pair("chunk_tokens", model.chunk_tokens).pair("sessions", int64_t(model.sessions.size())).pair("device_layers", model.device_layers).pair("budget_bytes", budget).pair("fits", fits).key("advice").begin_array();
  if (!fits) write_advice(json, model, plan, plan.host_bytes - budget);
  return json.end_array().end_object().text();
}

}  // namespace prm
