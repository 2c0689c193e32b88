// ModelProto, functions and versions; the reader as a whole.
#include "base/error.h"
#include "formats/onnx_reader.h"

namespace prm {

namespace {

constexpr int64_t kLeastIr = 3, kMostIr = 14, kLeastOpset = 7, kMostOpset = 28;

struct ModelSpans {
  std::optional<WireSpan> graph;
  Vector<WireSpan> functions;
};

void read_model_field(OnnxReader& reader, const WireMessage& from, ModelSpans& spans) {
  OnnxModel& out = reader.model;
  switch (from.field()) {
    case 1: out.ir_version = from.integer("ir_version"); break;
    case 2: out.producer = from.text("producer_name"); break;
    case 3: out.producer_version = from.text("producer_version"); break;
    case 7: take_once(from, "graph", spans.graph); break;
    case 8: out.opsets.push_back(read_onnx_opset(reader, from.message("opset_import", "OperatorSetIdProto"))); break;
    case 14: out.metadata.push_back(read_onnx_entry(from.message("metadata_props", "StringStringEntryProto"))); break;
    case 25: spans.functions.push_back(from.bytes("functions")); break;
  }
}

void check_versions(const OnnxReader& reader) {
  const OnnxModel& model = reader.model;
  const String& name = reader.file->name;
  if (!model.ir_version) reader.bad("this is no ONNX model: it has no ir_version");
  if (model.ir_version < kLeastIr || model.ir_version > kMostIr)
    fail_about(Status::unsupported, name, "{}: IR version {} is not supported, versions {} to {} are", name, model.ir_version, kLeastIr, kMostIr);
  if (model.opsets.empty()) reader.bad("no opset is imported: opset_import is missing");
  check_onnx_opsets(reader, model.opsets, "the model");
}

void read_functions(OnnxReader& reader, const Vector<WireSpan>& spans, OnnxFunctionIndex& index) {
  for (WireSpan span : spans) {
    WireMessage from(reader.source, span, "FunctionProto");
    OnnxFunction function = read_onnx_function(reader, from);
    if (function.name.empty()) reader.bad("a function has no name");
    if (!index.emplace(std::pair(function.domain, std::pair(function.name, function.overload)), uint32_t(reader.model.functions.size())).second)
      reader.bad(format_message("function '{}' of domain '{}' stands twice", function.name, function.domain));
    check_onnx_opsets(reader, function.opsets, function.name);
    reader.model.functions.push_back(std::move(function));
  }
}

void check_main_values(const OnnxReader& reader) {
  const OnnxGraph& graph = reader.model.graphs[0];
  for (const Vector<OnnxValue>* values : {&graph.inputs, &graph.outputs})
    for (const OnnxValue& value : *values)
      if (value.type.kind == OnnxKind::none && value.type.around.empty())
        reader.bad(format_message("{} '{}' of the model has no type", values == &graph.inputs ? "input" : "output", value.name));
}

void check_structure(const OnnxReader& reader, const OnnxFunctionIndex& index) {
  const OnnxModel& model = reader.model;
  check_main_values(reader);
  OnnxBody main = check_onnx_names(reader, 0, model.opsets, nullptr, index);
  Vector<OnnxBody> bodies;
  for (const OnnxFunction& function : model.functions) bodies.push_back(check_onnx_names(reader, function.graph, function.opsets, &function, index));
  check_onnx_calls(reader, main, bodies);
}

void check_parameters(const WireMessage& from, const OnnxFunction& function) {
  Set<std::string_view> names;
  auto add = [&](std::string_view name) {
    if (!names.insert(name).second) from.bad("attribute", format_message("attribute '{}' of function '{}' stands twice", name, function.name));
  };
  for (std::string_view name : function.attributes) add(name);
  for (const OnnxAttribute& one : function.defaults) {
    add(one.name);
    if (!one.reference.empty()) from.bad("attribute_proto", format_message("attribute '{}' of function '{}' has no value as its default", one.name, function.name));
    if (!one.graphs.empty())
      from.fail_at(Status::unsupported, "attribute_proto", format_message("function '{}': a graph as the default of '{}' is not supported", function.name, one.name));
  }
}

}  // namespace

OnnxOpset read_onnx_opset(const OnnxReader&, WireMessage from) {
  OnnxOpset out;
  while (from.next()) {
    if (from.field() == 1) out.domain = without_alias(from.text("domain"));
    else if (from.field() == 2) out.version = from.integer("version");
  }
  return out;
}

void check_onnx_opsets(const OnnxReader& reader, const Vector<OnnxOpset>& opsets, std::string_view whose) {
  Set<std::string_view> domains;
  for (const OnnxOpset& opset : opsets) {
    if (!domains.insert(opset.domain).second) reader.bad(format_message("{} imports domain '{}' twice", whose, opset.domain));
    bool own = opset.domain.empty();
    if (opset.version < 1) reader.bad(format_message("{} imports version {} of domain '{}'", whose, opset.version, opset.domain));
    if (own && (opset.version < kLeastOpset || opset.version > kMostOpset))
      fail_about(Status::unsupported, reader.file->name, "{}: opset {} is not supported, opsets {} to {} are", reader.file->name, opset.version, kLeastOpset, kMostOpset);
  }
}

OnnxFunction read_onnx_function(OnnxReader& reader, WireMessage from) {
  OnnxFunction out;
  OnnxGraph body;
  out.graph = add_onnx_graph(reader);
  reader.depth = 1;
  while (from.next()) {
    switch (from.field()) {
      case 1: out.name = from.text("name"); break;
      case 4: body.inputs.push_back({from.text("input"), {}}); break;
      case 5: body.outputs.push_back({from.text("output"), {}}); break;
      case 6: out.attributes.push_back(from.text("attribute")); break;
      case 7: body.nodes.push_back(read_onnx_node(reader, from.message("node", "NodeProto"))); break;
      case 9: out.opsets.push_back(read_onnx_opset(reader, from.message("opset_import", "OperatorSetIdProto"))); break;
      case 10: out.domain = without_alias(from.text("domain")); break;
      case 11: out.defaults.push_back(read_onnx_attribute(reader, from.message("attribute_proto", "AttributeProto"))); break;
      case 12: body.value_infos.push_back(read_onnx_value(reader, from.message("value_info", "ValueInfoProto"))); break;
      case 13: out.overload = from.text("overload"); break;
    }
  }
  body.name = out.name;
  check_parameters(from.whole(), out);
  reader.model.graphs[out.graph] = std::move(body);
  return out;
}

bool is_onnx(const FileBytes& file) {
  constexpr int kMostFields = 256;  // in front of the graph: versions, names, metadata
  Control nobody;
  Listener listener(nobody);
  WireSource source{file, listener};
  WireMessage from(source, {0, file.bytes.size()}, "ModelProto");
  bool has_version = false;
  try {
    for (int i = 0; i < kMostFields && from.next(); ++i) {
      switch (from.field()) {
        case 1: has_version = has_version || from.integer("ir_version") > 0; break;
        case 5: from.integer("model_version"); break;
        case 2: case 3: case 4: case 6: case 8: case 14: case 20: case 25: case 26: from.bytes("a message"); break;
        case 7: from.bytes("graph"); return true;
        default: return has_version;
      }
    }
  } catch (const Error& error) {
    if (error.status != Status::bad_file) throw;
  }
  return has_version;
}

OnnxModel read_onnx(FilePtr file, const FileService& service, std::string_view folder, MemoryAccount& account, const Control& control, const OnnxLimits& limits) {
  OnnxModel model;
  model.file = file;
  if (file->bytes.size() > limits.proto_bytes)
    fail_about(Status::limit, file->name, "{}: the file has {} bytes, the limit is {}: larger models keep their data in other files", file->name, file->bytes.size(), limits.proto_bytes);
  Listener listener(control);
  WireSource source{*file, listener};
  OnnxReader reader{file, service, folder, account, limits, source, model, make_charged<OnnxOwnValues>(), {}, {}};
  reader.own->name = file->name;
  ModelSpans spans;
  WireMessage from(source, {0, file->bytes.size()}, "ModelProto");
  while (from.next()) read_model_field(reader, from, spans);
  check_versions(reader);
  if (!spans.graph) reader.bad("there is no graph");
  reader.pending.push_back({add_onnx_graph(reader), *spans.graph, 1});
  read_onnx_graphs(reader);
  OnnxFunctionIndex index;
  read_functions(reader, spans.functions, index);
  read_onnx_graphs(reader);
  reader.own->bytes = reader.own->values;
  check_structure(reader, index);
  return model;
}

}  // namespace prm
