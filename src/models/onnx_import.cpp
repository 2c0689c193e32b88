#include "models/onnx_import.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "graph/fold.h"
#include "graph/rewrite.h"
#include "ops/view.h"
#include "tensor/narrow.h"

namespace prm {

namespace {

constexpr size_t kMostOperatorsTold = 16;

OnnxFunctions functions_of(const OnnxModel& model) {
  OnnxFunctions functions;
  for (const OnnxFunction& f : model.functions) functions.emplace(std::tuple(f.domain, f.name, f.overload), &f);
  return functions;
}

// A function of the model's that a node calls; null: an operator.
const OnnxFunction* called_function(const OnnxFunctions& functions, const OnnxNode& node) {
  auto found = functions.find({node.domain, node.op_type, node.overload});
  return found == functions.end() ? nullptr : found->second;
}

int64_t version_of(const Vector<OnnxOpset>& opsets, std::string_view domain) {
  for (const OnnxOpset& one : opsets)
    if (one.domain == domain) return one.version;
  return 1;
}

// Operators that nobody knows, in the graph and all that it reaches.
struct UnknownOperators {
  const OnnxModel& model;
  const OnnxFunctions& functions;
  Set<String> names = {};
  Set<uint32_t> seen = {};

  void look(uint32_t first) {
    Vector<uint32_t> waiting{first};
    while (!waiting.empty()) {
      uint32_t index = waiting.back();
      waiting.pop_back();
      if (!seen.insert(index).second) continue;
      for (const OnnxNode& node : model.graphs[index].nodes) {
        for (const OnnxAttribute& attribute : node.attributes) waiting.insert(waiting.end(), attribute.graphs.begin(), attribute.graphs.end());
        if (const OnnxFunction* function = called_function(functions, node)) waiting.push_back(function->graph);
        else if (!find_onnx_operator(node.domain, node.op_type))
          names.insert((node.domain.empty() ? String() : String(node.domain) + ".") + String(node.op_type));
      }
    }
  }
  void require_none() const {
    if (names.empty()) return;
    String told;
    size_t count = 0;
    for (const String& name : names)
      if (count++ < kMostOperatorsTold) told += (told.empty() ? "" : ", ") + name;
    if (count > kMostOperatorsTold) told += format_text(" and {} more", count - kMostOperatorsTold);
    fail_about(Status::unsupported, *names.begin(), "{}: operators that are not supported: {}", model.file->name, told);
  }
};

void call_function(OnnxCall& call, const OnnxFunction& function) {
  OnnxImporter& importer = call.importer;
  OnnxScope body{.opsets = &function.opsets, .function = &function, .call = &call, .prefix = importer.unique_name(String(function.name)) + "/"};
  const OnnxGraph& graph = importer.model.graphs[function.graph];
  for (size_t i = 0; i < graph.inputs.size(); ++i) body.values[graph.inputs[i].name] = call.has(int(i)) ? call.in(int(i)) : -1;
  ++importer.repeating;
  Vector<ValueId> outputs = importer.import_graph(function.graph, body);
  --importer.repeating;
  for (size_t i = 0; i < outputs.size() && int(i) < call.outputs(); ++i) call.out(int(i), outputs[i]);
}

void import_node(OnnxImporter& importer, OnnxScope& scope, const OnnxNode& node) {
  importer.control.require();
  importer.count_unrolled(node);
  OnnxCall call{importer, scope, node, version_of(*scope.opsets, node.domain)};
  try {
    if (const OnnxFunction* function = called_function(importer.functions, node)) call_function(call, *function);
    else find_onnx_operator(node.domain, node.op_type)->import(call);
  } catch (Error& error) {  // what fails further down knows no node of the model's
    bool told = error.message.starts_with(importer.model.file->name) || error.status == Status::cancelled || error.status == Status::deadline;
    if (!told) error.message = format_message("{}: {}: {}", importer.model.file->name, call.title(), error.message);
    throw;
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (i >= call.results.size() || call.results[i] < 0) call.unsupported(format_text("its output {} ('{}')", i, node.outputs[i]));
    scope.values[node.outputs[i]] = call.results[i];
  }
}

// A value by the name of an output: itself, or a view where it is something else, or another output, already.
ValueId named_output(Graph& graph, ValueId v, const String& name, Set<ValueId>& named) {
  Value& value = graph.values[size_t(v)];
  if (value.kind != ValueKind::result || !named.insert(v).second) return view_as(graph, v, value.shape, name);
  value.name = name;
  if (Node& node = graph.nodes[size_t(value.producer)]; node.out[0] == v) node.name = name;
  return v;
}

ValueId copied_constant(OnnxImporter& importer, Tensor data, std::string_view name) {
  auto held = make_charged<Buffer>(data.bytes(), importer.account, MemoryKind::weights, name);
  if (data.bytes()) std::memcpy(held->data(), data.data, data.bytes());
  data.data = held->data();
  return importer.graph.constant(importer.unique_name(name), data, held);
}

}  // namespace

String OnnxImporter::unique_name(std::string_view wanted) {
  String name(wanted);
  if (names.insert(name).second) return name;
  uint64_t& repeat = repeats[name];
  do name = format_text("{}#{}", wanted, ++repeat + 1);
  while (!names.insert(name).second);
  return name;
}

void OnnxImporter::count_unrolled(const OnnxNode& node) {
  if (!repeating || ++unrolled <= kMostUnrolled) return;
  fail_about(Status::unsupported, node.name, "{}: {} '{}': loops and functions of more than {} nodes, each time counted, are not supported", model.file->name, node.op_type, node.name,
             kMostUnrolled);
}

ValueId OnnxImporter::add_tensor(const OnnxTensor& tensor, std::string_view name) {
  std::optional<DType> type = onnx_dtype(tensor.type);
  if (!type)
    fail_about(Status::unsupported, name, "{}: tensor '{}' is of type {}, which is not supported", model.file->name, name, onnx_type_name(tensor.type));
  Tensor data;
  data.dtype = *type;
  for (int64_t extent : tensor.dims) data.dim[data.rank++] = extent;
  auto place = weights.places.find(&tensor);
  if (place != weights.places.end()) data.data = const_cast<std::byte*>(place->second);
  if (is_narrow(*type) && narrow_bits(*type) < 8 && data.count()) {
    auto packed = make_charged<Buffer>(tensor.bytes, account, MemoryKind::scratch, name), held = make_charged<Buffer>(data.bytes(), account, MemoryKind::weights, name);
    weights.file->read(uint64_t(data.data - weights.file->bytes.data()), tensor.bytes, packed->data());
    unpack_narrow(*type, packed->data(), data.count(), held->data());
    data.data = held->data();
    return graph.constant(unique_name(name), data, held);
  }
  return graph.constant(unique_name(name), data, weights.file);
}

const ValueId* OnnxScope::find(std::string_view name) const {
  for (const OnnxScope* scope = this; scope; scope = scope->around)
    if (auto found = scope->values.find(name); found != scope->values.end()) return &found->second;
  return nullptr;
}

Vector<ValueId> OnnxImporter::import_graph(uint32_t index, OnnxScope& scope) {
  const OnnxGraph& from = model.graphs[index];
  for (const OnnxTensor& tensor : from.initializers)
    if (!scope.values.contains(tensor.name)) scope.values[tensor.name] = onnx_dtype(tensor.type) ? add_tensor(tensor, scope.prefix + String(tensor.name)) : kOtherType;
  for (const OnnxNode& node : from.nodes) import_node(*this, scope, node);
  Vector<ValueId> outputs;
  for (const OnnxValue& output : from.outputs) {
    const ValueId* found = scope.find(output.name);
    if (!found || *found < 0) fail_about(Status::bad_file, output.name, "{}: output '{}' of a graph is never made", model.file->name, output.name);
    outputs.push_back(*found);
  }
  return outputs;
}

void require_known_operators(const OnnxModel& model) {
  OnnxFunctions functions = functions_of(model);
  UnknownOperators unknown{model, functions};
  unknown.look(0);
  unknown.require_none();
}

Graph import_onnx(const OnnxModel& model, const OnnxWeights& weights, std::span<const OnnxGiven> inputs, MemoryAccount& account, const Control& control) {
  OnnxFunctions functions = functions_of(model);
  OnnxImporter importer{model, weights, functions, account, control};
  OnnxScope scope{.opsets = &model.opsets};
  Vector<OnnxIo> taken = onnx_inputs(model);
  for (size_t i = 0; i < taken.size(); ++i) {
    std::string_view name = taken[i].value->name;
    ValueId input = importer.graph.input(importer.unique_name(name), taken[i].dtype, inputs[i].shape);
    scope.values[name] = inputs[i].known.data ? copied_constant(importer, inputs[i].known, name) : input;
  }
  const OnnxGraph& main = model.graphs[0];
  for (const OnnxValue& output : main.outputs) importer.names.insert(String(output.name));  // theirs alone
  Vector<ValueId> outputs = importer.import_graph(0, scope);
  Graph& graph = importer.graph;
  Set<ValueId> named;
  for (size_t i = 0; i < outputs.size(); ++i) graph.outputs.push_back(named_output(graph, outputs[i], String(main.outputs[i].name), named));
  return live_part(std::move(graph));
}

}  // namespace prm
