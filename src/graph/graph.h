// Graph: a value type. Nodes stand in execution order; a pass returns a new Graph.
#pragma once
#include <memory>
#include <utility>

#include "graph/op.h"
#include "tensor/shape.h"

namespace prm {

using ValueId = int32_t;

enum class ValueKind : uint8_t { input, constant, state, result };

struct Value {
  String name;
  ValueKind kind;
  DType dtype;
  Shape shape;
  int producer = -1;
  Tensor data;                       // constants: a view
  std::shared_ptr<const void> keep;  // and its owner
};

struct Node {
  const Op* op;
  Attr attr;
  Vector<ValueId> in, out;
  String name;
};

struct Graph {
  DimTable dims;
  Vector<Value> values;
  Vector<Node> nodes;
  Vector<ValueId> outputs;  // what the caller reads
  Vector<ValueId> finals;   // last versions of states: effects, kept alive like outputs

  Dim symbol(const String& name) { return dims.symbol(name); }
  ValueId input(const String& name, DType dtype, Shape shape);
  ValueId state(const String& name, DType dtype, Shape shape);
  ValueId constant(const String& name, const Tensor& data, std::shared_ptr<const void> keep);
  ValueId node(const Op& op, const Attr& attr, Vector<ValueId> in, const String& name);  // its first output
  // What the op's shape rule says of its outputs. Fails naming the node; with limit where a size does not fit.
  Vector<std::pair<DType, Shape>> infer(const Op& op, const Attr& attr, const Vector<ValueId>& in, const String& name);
  const Value& operator[](ValueId v) const { return values[size_t(v)]; }
  String describe(ValueId v) const;  // "x [T, 64] f32"
};

// Handed to an op's shape rule.
struct ShapeRule {
  Graph& graph;
  const Op& op;
  const Attr& attr;
  const Vector<ValueId>& in;
  const String& name;
  Vector<std::pair<DType, Shape>> out;

  int inputs() const { return int(in.size()); }
  const Value& x(int i) const { return graph[in[size_t(i)]]; }
  const Shape& shape(int i) const { return x(i).shape; }
  template <class A>
  A at() const {
    return attr.as<A>();
  }
  void need(bool ok, const char* why) const;  // fails naming the node, the reason and the inputs
};

// One line per node: "name = op(inputs) -> [T, 640] f32".
String print_graph(const Graph& graph);

}  // namespace prm
