// What people and programs may ask about a model that takes tensors, as JSON.
#include "base/error.h"
#include "formats/onnx_tensors.h"
#include "runtime/report_parts.h"
#include "runtime/tensor_model.h"

namespace prm {

namespace {

void write_port(JsonWriter& json, const TensorPort& port) {
  json.begin_object().pair("name", port.name).pair("dtype", info(port.dtype).name).key("shape");
  if (!port.has_shape) {
    json.value("any").end_object();
    return;
  }
  json.begin_array();
  for (size_t i = 0; i < port.dims.size(); ++i) {
    if (port.dims[i] >= 0) json.value(port.dims[i]);
    else json.value(port.symbols[i].empty() ? String("?") : port.symbols[i]);
  }
  json.end_array().end_object();
}

void write_ports(JsonWriter& json, const char* key, const Vector<TensorPort>& ports) {
  json.key(key).begin_array();
  for (const TensorPort& port : ports) write_port(json, port);
  json.end_array();
}

String type_name(OnnxType type) {
  std::optional<DType> known = onnx_dtype(type);
  return known ? upper(info(*known).name) : String(onnx_type_name(type));
}

void write_tensors(JsonWriter& json, const OnnxModel& file) {
  Map<String, int64_t> types;
  json.key("tensors").begin_array();
  each_tensor(file, [&](std::string_view name, const OnnxTensor& tensor) {
    String type = type_name(tensor.type);
    ++types[type];
    json.begin_object().pair("name", name).pair("type", type).key("shape").begin_array();
    for (int64_t extent : tensor.dims) json.value(extent);
    json.end_array();
    if (tensor.file && tensor.file != file.file) json.pair("file", tensor.file->name);
    json.pair("offset", tensor.offset).pair("bytes", tensor.bytes).end_object();
  });
  json.end_array().key("types").begin_object();
  for (auto& [type, count] : types) json.pair(type, count);
  json.end_object();
}

void write_metadata(JsonWriter& json, const OnnxModel& file) {
  json.key("metadata").begin_object().pair("onnx.ir_version", file.ir_version);
  json.pair("onnx.producer_name", file.producer).pair("onnx.producer_version", file.producer_version);
  for (const OnnxOpset& opset : file.opsets) json.pair(opset.domain.empty() ? String("onnx.opset") : "onnx.opset." + String(opset.domain), opset.version);
  for (const OnnxEntry& entry : file.metadata) json.pair(entry.key, entry.value);
  json.end_object();
}

void write_shapes(JsonWriter& json, const TensorModel& model, const TensorRunner& runner) {
  json.key("shapes").begin_object();
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    json.key(model.inputs[i].name).begin_array();
    for (int j = 0; j < runner.inputs_given[i].shape.rank; ++j) json.value(runner.inputs_given[i].shape[j].value);
    json.end_array();
  }
  json.end_object();
}

}  // namespace

String inspect_json(const TensorModel& model) {
  JsonWriter json;
  json.begin_object().pair("kind", "onnx").pair("arch", "onnx").pair("parameters", model.parameters);
  write_tensors(json, model.file);
  write_metadata(json, model.file);
  write_ports(json, "inputs", model.inputs);
  write_ports(json, "outputs", model.outputs);
  Map<String, int64_t> operators;
  for (const OnnxGraph& graph : model.file.graphs)
    for (const OnnxNode& node : graph.nodes) ++operators[(node.domain.empty() ? String() : String(node.domain) + ".") + String(node.op_type)];
  json.key("operators").begin_object();
  for (auto& [name, count] : operators) json.pair(name, count);
  json.end_object();
  const Graph none;
  write_ops(json, model.planned ? model.planned->graph : none);
  if (!model.planned) json.pair("unplanned", model.unplanned);
  return json.end_object().text();
}

String placement_json(const TensorModel& model) {
  if (model.header_only) fail(Status::unsupported, "a model opened with PRM_MODEL_HEADER_ONLY is not placed: open it without");
  const TensorRunner& runner = require_planned(model);
  const Plan& plan = *runner.plan;
  JsonWriter json;
  json.begin_object().pair("device", device_of(plan).name());
  json.pair("weights_bytes", model.prepared_weights + runner.weight_bytes.held).pair("kv_bytes", 0);
  json.pair("scratch_bytes", uint64_t(plan.bytes[kHost].arena)).pair("unshared_bytes", uint64_t(plan.bytes[kHost].unshared)).pair("fallbacks", plan.fallbacks);
  write_shapes(json, model, runner);
  write_launches(json, plan);
  return json.end_object().text();
}

String graph_text(const TensorModel& model) { return print_graph(require_planned(model).graph); }

String plan_json(const TensorModel& model, const MemoryPlan& plan, uint64_t budget) {
  const TensorRunner& runner = require_planned(model);
  JsonWriter json;
  bool fits = budget == 0 || plan.host_bytes <= budget;
  json.begin_object().pair("host_bytes", plan.host_bytes).pair("device_bytes", 0).pair("weights_bytes", plan.weight_bytes);
  json.pair("kv_bytes", 0).pair("scratch_bytes", plan.scratch_bytes).pair("object_bytes", plan.object_bytes);
  write_shapes(json, model, runner);
  json.pair("budget_bytes", budget).pair("fits", fits).key("advice").begin_array();
  if (!fits) {
    uint64_t over = plan.host_bytes - budget;
    json.value(format_text("smaller inputs take less scratch than the {} bytes of these shapes", plan.scratch_bytes));
    json.value(format_text("raise the limit by {} bytes, or take a smaller model: the weights take {} bytes", over, plan.weight_bytes));
  }
  return json.end_array().end_object().text();
}

}  // namespace prm
