// GraphProto and what stands in it: values, nodes, attributes.
#include "base/error.h"
#include "formats/onnx_reader.h"

namespace prm {

namespace {

OnnxDim read_dim(WireMessage from, size_t rank, uint64_t& product) {
  OnnxDim dim;
  while (from.next()) {
    if (from.field() == 1) {
      dim = {from.integer("dim_value"), {}};
      if (dim.extent != -1) check_onnx_dim(from, "dim_value", dim.extent, rank, product);
    } else if (from.field() == 2) {
      dim = {-1, from.text("dim_param")};
    }
  }
  return dim;
}

void read_shape(WireMessage from, OnnxValueType& out) {
  uint64_t product = 1, none = 1;
  while (from.next()) {
    if (from.field() != 1) continue;
    check_onnx_dim(from, "dim", 1, out.dims.size() + 1, none);  // the rank
    out.dims.push_back(read_dim(from.message("dim", "Dimension"), out.dims.size() + 1, product));
  }
}

void read_tensor_type(WireMessage from, OnnxValueType& out) {
  while (from.next()) {
    if (from.field() == 1) {
      out.element = read_onnx_type(from, "elem_type");
    } else if (from.field() == 2) {
      if (out.has_shape) from.bad("shape", "it stands twice");
      out.has_shape = true;
      read_shape(from.message("shape", "TensorShapeProto"), out);
    }
  }
}

OnnxKind kind_of(uint32_t field) {
  switch (field) {
    case 1: return OnnxKind::tensor;
    case 4: return OnnxKind::sequence;
    case 5: return OnnxKind::map;
    case 7: return OnnxKind::opaque;
    case 8: return OnnxKind::sparse_tensor;
    case 9: return OnnxKind::optional;
    default: return OnnxKind::none;
  }
}

// The one kind that a TypeProto has, and its message.
OnnxKind take_kind(WireMessage& from, std::optional<WireSpan>& inner) {
  OnnxKind kind = OnnxKind::none;
  while (from.next()) {
    OnnxKind found = kind_of(from.field());
    if (found == OnnxKind::none) continue;
    take_once(from, "value", inner);
    kind = found;
  }
  return kind;
}

// What a sequence, map or optional is of.
std::optional<WireSpan> take_element(WireMessage from, OnnxKind kind) {
  std::optional<WireSpan> element;
  while (from.next())
    if (from.field() == (kind == OnnxKind::map ? 2u : 1u)) take_once(from, "elem_type", element);
  return element;
}

enum AttributeField : uint32_t { kName = 1, kReal = 2, kInteger, kText, kTensor, kGraph, kReals, kIntegers, kTexts, kTensors, kGraphs,
                                 kType = 14, kTypes = 15, kKind = 20, kReference = 21, kSparseTensor = 22, kSparseTensors = 23 };

// The field in which an attribute of a kind has its value.
constexpr uint32_t kValueFields[] = {0, kReal, kInteger, kText, kTensor, kGraph, kReals, kIntegers, kTexts, kTensors, kGraphs, kSparseTensor, kSparseTensors, kType, kTypes};
constexpr int64_t kAttributeKinds = int64_t(sizeof kValueFields / sizeof kValueFields[0]);

uint32_t queue_graph(OnnxReader& reader, const WireMessage& from, const char* name) {
  if (int64_t(reader.depth) + 1 > reader.limits.host.nesting)
    from.fail_at(Status::limit, name, format_message("graphs are nested more than {} deep, which is the limit", reader.limits.host.nesting));
  uint32_t index = add_onnx_graph(reader);
  reader.pending.push_back({index, from.bytes(name), reader.depth + 1});
  return index;
}

void read_attribute_field(OnnxReader& reader, const WireMessage& from, OnnxAttribute& out) {
  auto only = [&](const auto& list, const char* name) {
    if (!list.empty()) from.bad(name, "it stands twice");
  };
  switch (from.field()) {
    case kName: out.name = from.text("name"); break;
    case kReference: out.reference = from.text("ref_attr_name"); break;
    case kReal: out.real = from.real("f"); break;
    case kInteger: out.integer = from.integer("i"); break;
    case kText: out.text = from.utf8("s"); break;
    case kTensor:
      only(out.tensors, "t");
      out.tensors.push_back(read_onnx_tensor(reader, from.message("t", "TensorProto")));
      break;
    case kGraph:
      only(out.graphs, "g");
      out.graphs.push_back(queue_graph(reader, from, "g"));
      break;
    case kType:
      only(out.types, "tp");
      out.types.push_back(read_onnx_value_type(reader, from.message("tp", "TypeProto")));
      break;
    case kReals: from.each_real<float>("floats", [&](float value) { out.reals.push_back(value); }); break;
    case kIntegers: from.each_integer("ints", [&](int64_t value) { out.integers.push_back(value); }); break;
    case kTexts: out.texts.push_back(from.utf8("strings")); break;
    case kTensors: out.tensors.push_back(read_onnx_tensor(reader, from.message("tensors", "TensorProto"))); break;
    case kGraphs: out.graphs.push_back(queue_graph(reader, from, "graphs")); break;
    case kTypes: out.types.push_back(read_onnx_value_type(reader, from.message("type_protos", "TypeProto"))); break;
    case kSparseTensor:
    case kSparseTensors:
      from.fail_at(Status::unsupported, "sparse_tensor", format_message("attribute '{}' is a sparse tensor, which is not supported", out.name));
    case kKind: {
      int64_t kind = from.integer("type");
      if (kind < 0 || kind >= kAttributeKinds) from.bad("type", format_message("attribute '{}' has type {}, which is not known", out.name, kind));
      out.kind = OnnxAttributeKind(kind);
      break;
    }
  }
}

bool is_value_field(uint32_t field) {
  for (uint32_t one : kValueFields)
    if (one && one == field) return true;
  return false;
}

// Lists may be empty; so may numbers and texts, which some writers leave out when they are zero.
void check_attribute(const WireMessage& from, const OnnxAttribute& out, uint32_t value, bool mixed) {
  if (out.name.empty()) from.bad("name", "an attribute has no name");
  if (out.kind == OnnxAttributeKind::none) from.bad("type", format_message("attribute '{}' has no type", out.name));
  if (!out.reference.empty()) {
    if (value) from.bad("ref_attr_name", format_message("attribute '{}' refers to another one and has a value of its own", out.name));
    return;
  }
  uint32_t expected = kValueFields[int(out.kind)];
  if (mixed || (value && value != expected)) from.bad(nullptr, format_message("attribute '{}' of type {} has a value of another type", out.name, int32_t(out.kind)));
  bool needed = expected == kTensor || expected == kGraph || expected == kType;
  if (needed && !value) from.bad(nullptr, format_message("attribute '{}' of type {} has no value", out.name, int32_t(out.kind)));
}

std::string_view sparse_name(OnnxReader& reader, WireMessage from) {
  std::string_view name;
  while (from.next())
    if (from.field() == 1) name = read_onnx_tensor(reader, from.message("values", "TensorProto")).name;
  return name;
}

void read_graph_field(OnnxReader& reader, const WireMessage& from, OnnxGraph& out) {
  switch (from.field()) {
    case 1: out.nodes.push_back(read_onnx_node(reader, from.message("node", "NodeProto"))); break;
    case 2: out.name = from.text("name"); break;
    case 5: out.initializers.push_back(read_onnx_tensor(reader, from.message("initializer", "TensorProto"))); break;
    case 11: out.inputs.push_back(read_onnx_value(reader, from.message("input", "ValueInfoProto"))); break;
    case 12: out.outputs.push_back(read_onnx_value(reader, from.message("output", "ValueInfoProto"))); break;
    case 13: out.value_infos.push_back(read_onnx_value(reader, from.message("value_info", "ValueInfoProto"))); break;
    case 15:
      from.fail_at(Status::unsupported, "sparse_initializer",
                   format_message("sparse initializer '{}' is not supported", sparse_name(reader, from.message("sparse_initializer", "SparseTensorProto"))));
  }
}

}  // namespace

OnnxValueType read_onnx_value_type(const OnnxReader& reader, WireMessage from) {
  OnnxValueType out;
  WireMessage at = from;
  for (;;) {
    std::optional<WireSpan> inner;
    OnnxKind kind = take_kind(at, inner);
    if (kind == OnnxKind::tensor || kind == OnnxKind::sparse_tensor) read_tensor_type({from.source(), *inner, "TypeProto.Tensor"}, out);
    bool holds_one = kind == OnnxKind::sequence || kind == OnnxKind::map || kind == OnnxKind::optional;
    std::optional<WireSpan> element = holds_one ? take_element({from.source(), *inner, "TypeProto.value"}, kind) : std::nullopt;
    if (!holds_one) {
      out.kind = kind;
      return out;
    }
    if (out.around.size() >= reader.limits.type_depth)
      from.fail_at(Status::limit, nullptr, format_message("types are nested more than {} deep, which is the limit", reader.limits.type_depth));
    out.around.push_back(kind);
    if (!element) return out;
    at = {from.source(), *element, "TypeProto"};
  }
}

OnnxValue read_onnx_value(const OnnxReader& reader, WireMessage from) {
  OnnxValue value;
  std::optional<WireSpan> type;
  while (from.next()) {
    if (from.field() == 1) value.name = from.text("name");
    else if (from.field() == 2) take_once(from, "type", type);
  }
  if (value.name.empty()) from.whole().bad("name", "a value has no name");
  if (type) value.type = read_onnx_value_type(reader, {from.source(), *type, "TypeProto"});
  return value;
}

OnnxAttribute read_onnx_attribute(OnnxReader& reader, WireMessage from) {
  OnnxAttribute out;
  uint32_t value = 0;
  bool mixed = false;
  while (from.next()) {
    if (is_value_field(from.field())) {
      mixed = mixed || (value && value != from.field());
      value = from.field();
    }
    read_attribute_field(reader, from, out);
  }
  check_attribute(from.whole(), out, value, mixed);
  return out;
}

OnnxNode read_onnx_node(OnnxReader& reader, WireMessage from) {
  reader.count(reader.nodes, reader.limits.nodes, "nodes");
  OnnxNode out;
  out.offset = from.span().begin;
  while (from.next()) {
    switch (from.field()) {
      case 1: out.inputs.push_back(from.text("input")); break;
      case 2: out.outputs.push_back(from.text("output")); break;
      case 3: out.name = from.text("name"); break;
      case 4: out.op_type = from.text("op_type"); break;
      case 5: out.attributes.push_back(read_onnx_attribute(reader, from.message("attribute", "AttributeProto"))); break;
      case 7: out.domain = without_alias(from.text("domain")); break;
      case 8: out.overload = from.text("overload"); break;
    }
  }
  if (out.op_type.empty()) from.whole().bad("op_type", format_message("node '{}' has no operator", out.name));
  Set<std::string_view> names;
  for (const OnnxAttribute& attribute : out.attributes)
    if (!names.insert(attribute.name).second) from.bad("attribute", format_message("attribute '{}' of node '{}' ({}) stands twice", attribute.name, out.name, out.op_type));
  return out;
}

uint32_t add_onnx_graph(OnnxReader& reader) {
  if (reader.model.graphs.size() >= reader.limits.graphs)
    fail_about(Status::limit, reader.file->name, "{}: more than {} graphs, which is the limit", reader.file->name, reader.limits.graphs);
  reader.model.graphs.emplace_back();
  return uint32_t(reader.model.graphs.size() - 1);
}

void read_onnx_graphs(OnnxReader& reader) {
  while (!reader.pending.empty()) {
    OnnxPendingGraph next = reader.pending.back();
    reader.pending.pop_back();
    reader.depth = next.depth;
    OnnxGraph graph;
    WireMessage from(reader.source, next.span, "GraphProto");
    while (from.next()) read_graph_field(reader, from, graph);
    reader.model.graphs[next.graph] = std::move(graph);
  }
}

}  // namespace prm
