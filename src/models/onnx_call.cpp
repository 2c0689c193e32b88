// What operators' functions ask of the node they import.
#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/joined_file.h"
#include "formats/onnx_tensors.h"
#include "graph/fold.h"
#include "models/onnx_import.h"
#include "ops/pointwise.h"
#include "ops/view.h"
#include "tensor/dense.h"

namespace prm {

std::optional<DType> onnx_dtype(OnnxType type) {
  switch (type) {
    case OnnxType::f32: return DType::f32;
    case OnnxType::f64: return DType::f64;
    case OnnxType::f16: return DType::f16;
    case OnnxType::bf16: return DType::bf16;
    case OnnxType::i8: return DType::i8;
    case OnnxType::u8: return DType::u8;
    case OnnxType::i16: return DType::i16;
    case OnnxType::u16: return DType::u16;
    case OnnxType::i32: return DType::i32;
    case OnnxType::u32: return DType::u32;
    case OnnxType::i64: return DType::i64;
    case OnnxType::u64: return DType::u64;
    case OnnxType::boolean: return DType::boolean;
    case OnnxType::f8e4m3fn: return DType::f8e4m3fn;
    case OnnxType::f8e4m3fnuz: return DType::f8e4m3fnuz;
    case OnnxType::f8e5m2: return DType::f8e5m2;
    case OnnxType::f8e5m2fnuz: return DType::f8e5m2fnuz;
    case OnnxType::f8e8m0: return DType::f8e8m0;
    case OnnxType::f4e2m1: return DType::f4e2m1;
    case OnnxType::i4: return DType::i4;
    case OnnxType::u4: return DType::u4;
    case OnnxType::i2: return DType::i2;
    case OnnxType::u2: return DType::u2;
    default: return std::nullopt;
  }
}

OnnxWeights place_onnx_weights(const OnnxModel& model) {
  FileJoiner joiner;
  Vector<std::pair<const OnnxTensor*, uint64_t>> begins;
  each_tensor(model, [&](std::string_view, const OnnxTensor& tensor) {
    if (!tensor.bytes) return;
    begins.push_back({&tensor, joiner.align()});
    joiner.add({tensor.file, tensor.offset, tensor.bytes});
  });
  OnnxWeights weights{joiner.finish(model.file->name), {}};
  for (auto& [tensor, begin] : begins) weights.places[tensor] = weights.file->bytes.data() + begin;
  return weights;
}

String OnnxCall::title() const {
  std::string_view name = !node.name.empty() ? node.name : !node.outputs.empty() ? node.outputs[0] : std::string_view();
  return format_text("{} '{}'", node.op_type, name);
}

void OnnxCall::bad(std::string_view what) const { fail_about(Status::bad_file, title(), "{}: {}: {}", importer.model.file->name, title(), what); }

void OnnxCall::unsupported(std::string_view what) const {
  fail_about(Status::unsupported, title(), "{}: {}: {} is not supported", importer.model.file->name, title(), what);
}

ValueId OnnxCall::in(int i) const {
  need(has(i), format_text("it lacks input {}", i));
  const ValueId* found = scope.find(node.inputs[size_t(i)]);
  if (found && *found == kOtherType) unsupported(format_text("the type of its input '{}'", node.inputs[size_t(i)]));
  need(found && *found >= 0, format_text("its input '{}' is never made", node.inputs[size_t(i)]));
  return *found;
}

int64_t OnnxCall::extent(ValueId v, int axis) const {
  const Dim& dim = graph()[v].shape[axis];
  if (!dim.literal()) unsupported(format_text("dimension {} of '{}', which is not known when the model is opened,", axis, graph()[v].name));
  return dim.value;
}

int OnnxCall::axis(int64_t given, int rank) const {
  need(given >= -rank && given < rank, format_text("axis {} of {} dimensions", given, rank));
  return int(given < 0 ? given + rank : given);
}

DType OnnxCall::given_type(int64_t number) const {
  need(number > 0 && number <= int64_t(OnnxType::f6e3m2), format_text("{} is no type", number));
  std::optional<DType> type = onnx_dtype(OnnxType(number));
  if (!type) unsupported(format_text("the type {}", onnx_type_name(OnnxType(number))));
  return *type;
}

Tensor OnnxCall::contents(ValueId v) const {
  Tensor data = graph()[v].data;
  const FileBytes* file = importer.weights.file.get();
  if (!file || data.data < file->bytes.data() || data.data >= file->bytes.data() + file->bytes.size()) return data;
  std::shared_ptr<Buffer>& held = importer.contents[v];
  if (!held) {
    held = make_charged<Buffer>(data.bytes(), importer.account, MemoryKind::weights, graph()[v].name);
    file->read(uint64_t(data.data - file->bytes.data()), data.bytes(), held->data());
  }
  data.data = held->data();
  return data;
}

Vector<int64_t> OnnxCall::integers(int i, const char* what) const {
  ValueId v = in(i);
  if (!is_known(v)) unsupported(format_text("{} that are not known when the model is opened", what));
  Tensor data = contents(v);
  need(is_integer(data.dtype) && data.rank <= 1, format_text("{} are no list of integers", what));
  Vector<int64_t> values;
  for (int64_t j = 0; j < data.count(); ++j) values.push_back(load_integer(data, j));
  return values;
}

std::optional<double> OnnxCall::number(int i) const {
  if (!has(i)) return std::nullopt;
  return known_number(i, "a value");
}

double OnnxCall::known_number(int i, const char* what) const {
  ValueId v = in(i);
  if (!is_known(v)) unsupported(format_text("{} that is not known when the model is opened", what));
  Tensor data = contents(v);
  need(data.count() == 1, format_text("{} is not one number", what));
  return load_value(data, 0);
}

const OnnxAttribute* OnnxCall::attribute(std::string_view name, OnnxAttributeKind kind) const {
  const OnnxAttribute* found = nullptr;
  auto look = [&](const Vector<OnnxAttribute>& list, std::string_view wanted) {
    for (const OnnxAttribute& one : list)
      if (one.name == wanted) return &one;
    return static_cast<const OnnxAttribute*>(nullptr);
  };
  found = look(node.attributes, name);
  // One of the function around this node, which its call gives, or which has a default there.
  const OnnxScope* within = &scope;
  while (found && !found->reference.empty()) {
    while (within && !within->call) within = within->around;
    if (!within) bad(format_text("attribute '{}' refers to one of a function, and stands in none", name));
    const OnnxAttribute* given = look(within->call->node.attributes, found->reference);
    found = given ? given : look(within->function->defaults, found->reference);
    within = &within->call->scope;
  }
  if (found && found->kind != kind) bad(format_text("attribute '{}' is of another kind than the operator's", name));
  return found;
}

int64_t OnnxCall::integer(std::string_view name, int64_t otherwise) const {
  const OnnxAttribute* found = attribute(name, OnnxAttributeKind::integer);
  return found ? found->integer : otherwise;
}

int64_t OnnxCall::integer(std::string_view name) const {
  const OnnxAttribute* found = attribute(name, OnnxAttributeKind::integer);
  if (!found) bad(format_text("it lacks attribute '{}'", name));
  return found->integer;
}

double OnnxCall::real(std::string_view name, double otherwise) const {
  const OnnxAttribute* found = attribute(name, OnnxAttributeKind::real);
  return found ? double(found->real) : otherwise;
}

std::string_view OnnxCall::text(std::string_view name, std::string_view otherwise) const {
  const OnnxAttribute* found = attribute(name, OnnxAttributeKind::text);
  return found ? found->text : otherwise;
}

std::optional<Vector<int64_t>> OnnxCall::list(std::string_view name) const {
  const OnnxAttribute* found = attribute(name, OnnxAttributeKind::integers);
  return found ? std::optional(found->integers) : std::nullopt;
}

std::optional<Vector<float>> OnnxCall::reals(std::string_view name) const {
  const OnnxAttribute* found = attribute(name, OnnxAttributeKind::reals);
  return found ? std::optional(found->reals) : std::nullopt;
}

namespace {

constexpr int64_t kFewDecoded = 256;

// Takes it off the budget where all inputs are known and it fits; `made` is then what comes of it.
bool may_fold(OnnxCall& call, const Op& op, const Attr& attr, const Vector<ValueId>& in, const String& name, Vector<std::pair<DType, Shape>>& made) {
  Graph& graph = call.graph();
  if (!op.reference || !std::all_of(in.begin(), in.end(), [&](ValueId v) { return call.is_known(v); })) return false;
  Tensor inputs[kMaxInputs], outputs[kMaxOutputs];
  OpArgs args;
  args.attr = &attr;
  if (in.size() > size_t(kMaxInputs)) return false;
  for (size_t i = 0; i < in.size(); ++i) inputs[i] = graph[in[i]].data, args.in[i] = &inputs[i];
  uint64_t bytes = 0;
  made = graph.infer(op, attr, in, name);
  for (size_t i = 0; i < made.size(); ++i) {
    const Shape& shape = made[i].second;
    outputs[i].dtype = made[i].first;
    for (int j = 0; j < shape.rank; ++j) {
      int64_t most = op.defines || shape[j].literal() ? graph.dims.most(shape[j]) : -1;
      if (most < 0) return false;
      outputs[i].dim[outputs[i].rank++] = most;
    }
    args.out[i] = &outputs[i];
    if (op.decodes && outputs[i].count() > kFewDecoded) return false;
    if (!op.view) bytes += outputs[i].bytes();
  }
  Cost cost = op.cost(args);
  double operations = cost.flops + cost.bytes / 8;
  OnnxFolding& left = call.importer.folding;
  if (bytes > left.bytes || operations > left.operations) return false;
  left.bytes -= bytes;
  left.operations -= operations;
  return true;
}

}  // namespace

Vector<ValueId> OnnxCall::add_all(const Op& op, const Attr& attr, Vector<ValueId> in) {
  std::string_view result = node.outputs.empty() ? node.name : node.outputs[0];
  String name = importer.unique_name(made ? format_text("{}{}/{}", scope.prefix, result, made) : scope.prefix + String(result));
  ++made;
  Vector<std::pair<DType, Shape>> inferred;
  if (!may_fold(*this, op, attr, in, name, inferred)) {
    graph().node(op, attr, std::move(in), name);
    return graph().nodes.back().out;
  }
  if (!op.view)
    for (ValueId& v : in) {
      const Value& known = graph()[v];
      Tensor data = contents(v);
      if (data.data != known.data.data) v = graph().constant(known.name, data, importer.contents[v]);
    }
  return fold_node(graph(), op, attr, in, name, inferred, importer.account);
}

ValueId OnnxCall::as_type(ValueId x, DType type) { return graph()[x].dtype == type ? x : add(kCast, CastAttr{type}, {x}); }
ValueId OnnxCall::as_shape(ValueId x, const Shape& shape) { return graph()[x].shape == shape ? x : add(kView, shape_attr(shape), {x}); }

ValueId OnnxCall::tensor(const OnnxTensor& tensor) { return importer.add_tensor(tensor, scope.prefix + String(node.outputs[0])); }

ValueId OnnxCall::constant(DType type, std::span<const int64_t> dims, const void* data) {
  Tensor tensor;
  tensor.dtype = type;
  need(dims.size() <= size_t(kMaxRank), "a constant has more than 8 dimensions");
  for (int64_t extent : dims) tensor.dim[tensor.rank++] = extent;
  auto held = make_charged<Buffer>(tensor.bytes(), importer.account, MemoryKind::weights, "constant");
  tensor.data = held->data();
  if (tensor.bytes()) std::memcpy(tensor.data, data, tensor.bytes());
  return graph().constant(importer.unique_name("constant"), tensor, held);
}

ValueId OnnxCall::constant(std::span<const int64_t> values) {
  int64_t count = int64_t(values.size());
  return constant(DType::i64, {&count, 1}, values.data());
}

ValueId OnnxCall::scalar(DType type, double value) {
  return visit_dense(type, [&]<class T>() {
    T stored = Dense<T>::store(typename Dense<T>::Wide(value));
    return constant(type, {}, &stored);
  });
}

Vector<OnnxIo> onnx_inputs(const OnnxModel& model) {
  const OnnxGraph& main = model.graphs[0];
  Set<std::string_view> given;
  for (const OnnxTensor& tensor : main.initializers) given.insert(tensor.name);
  Vector<OnnxIo> inputs;
  for (size_t i = 0; i < main.inputs.size(); ++i) {
    const OnnxValue& input = main.inputs[i];
    if (given.contains(input.name)) continue;
    std::optional<DType> type = input.type.around.empty() && input.type.kind == OnnxKind::tensor ? onnx_dtype(input.type.element) : std::nullopt;
    if (!type) fail_about(Status::unsupported, input.name, "{}: input '{}' is no tensor of a type that is supported", model.file->name, input.name);
    inputs.push_back({&input, *type, int(i)});
  }
  return inputs;
}

Vector<OnnxIo> onnx_outputs(const OnnxModel& model) {
  const OnnxGraph& main = model.graphs[0];
  Vector<OnnxIo> outputs;
  for (size_t i = 0; i < main.outputs.size(); ++i) {
    const OnnxValue& output = main.outputs[i];
    if (!output.type.around.empty()) fail_about(Status::unsupported, output.name, "{}: output '{}' is no tensor", model.file->name, output.name);
    outputs.push_back({&output, onnx_dtype(output.type.element).value_or(DType::f32), int(i)});
  }
  return outputs;
}

}  // namespace prm
