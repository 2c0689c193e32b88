#include "graph/graph.h"

#include "base/checked.h"

namespace prm {

namespace {
constexpr uint64_t kMostBytes = uint64_t(1) << 60;  // of a value

ValueId add_value(Graph& g, Value value) {
  g.values.push_back(std::move(value));
  return ValueId(g.values.size() - 1);
}

// Bytes of a value whose extents are known fit well into 64 bits.
void require_size(const ShapeRule& rule, DType type, const Shape& shape) {
  uint64_t count = 1;
  bool fits = true;
  for (int i = 0; i < shape.rank; ++i) {
    int64_t most = rule.graph.dims.most(shape[i]);
    rule.need(most >= 0 || !shape[i].literal(), "a dimension of the result would be less than zero");
    fits = fits && (most <= 0 || checked_mul(count, uint64_t(most), count));
  }
  if (!fits || count > kMostBytes / uint64_t(info(type).bytes))
    fail_about(Status::limit, rule.name, "{} '{}': a result of {} {} is too large", rule.op.name, rule.name, print(shape, rule.graph.dims), info(type).name);
}
}  // namespace

ValueId Graph::input(const String& name, DType dtype, Shape shape) {
  return add_value(*this, {name, ValueKind::input, dtype, shape, -1, {}, nullptr});
}

ValueId Graph::state(const String& name, DType dtype, Shape shape) {
  return add_value(*this, {name, ValueKind::state, dtype, shape, -1, {}, nullptr});
}

ValueId Graph::constant(const String& name, const Tensor& data, std::shared_ptr<const void> keep) {
  Shape shape;
  for (int i = 0; i < data.rank; ++i) shape.dims[shape.rank++] = data.dim[i];
  return add_value(*this, {name, ValueKind::constant, data.dtype, shape, -1, data, std::move(keep)});
}

Vector<std::pair<DType, Shape>> Graph::infer(const Op& op, const Attr& attr, const Vector<ValueId>& in, const String& name) {
  ShapeRule rule{*this, op, attr, in, name, {}};
  rule.need(in.size() <= size_t(kMaxInputs), "too many inputs");
  op.infer(rule);
  for (auto& [type, shape] : rule.out) require_size(rule, type, shape);
  return std::move(rule.out);
}

ValueId Graph::node(const Op& op, const Attr& attr, Vector<ValueId> in, const String& name) {
  Vector<std::pair<DType, Shape>> made = infer(op, attr, in, name);
  Node n{&op, attr, std::move(in), {}, name};
  for (size_t i = 0; i < made.size(); ++i) {
    String value_name = i ? format_text("{}.{}", name, i) : name;
    n.out.push_back(add_value(*this, {value_name, ValueKind::result, made[i].first, made[i].second, int(nodes.size()), {}, nullptr}));
  }
  nodes.push_back(std::move(n));
  return nodes.back().out[0];
}

String Graph::describe(ValueId v) const {
  const Value& value = values[size_t(v)];
  return value.name + " " + print(value.shape, dims) + " " + info(value.dtype).name;
}

void ShapeRule::need(bool ok, const char* why) const {
  if (ok) return;
  String inputs;
  for (ValueId v : in) inputs += (inputs.empty() ? "" : "; ") + graph.describe(v);
  fail_about(Status::bad_file, name, "{} '{}': {}; inputs: {}", op.name, name, why, inputs);
}

String print_graph(const Graph& g) {
  String text;
  for (const Node& n : g.nodes) {
    String inputs, outputs;
    for (ValueId v : n.in) inputs += (inputs.empty() ? "" : ", ") + g[v].name;
    for (ValueId v : n.out) outputs += (outputs.empty() ? "" : ", ") + print(g[v].shape, g.dims) + " " + info(g[v].dtype).name;
    text += format_message("{} = {}({}) -> {}\n", n.name, n.op->name, inputs, outputs);
  }
  return text;
}

}  // namespace prm
