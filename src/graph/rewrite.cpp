#include "graph/rewrite.h"

#include <algorithm>

namespace prm {

ValueId Rewriter::use(ValueId v) {
  ValueId& copied = map[size_t(v)];
  if (copied >= 0) return copied;
  if (from[v].kind == ValueKind::result) fail(Status::internal, "pass: '{}' is used before it is made", from[v].name);
  to.values.push_back(from[v]);
  return copied = ValueId(to.values.size() - 1);
}

void Rewriter::copy(const Node& n) {
  Vector<ValueId> in;
  for (ValueId v : n.in) in.push_back(use(v));
  to.node(*n.op, n.attr, std::move(in), n.name);
  const Vector<ValueId>& out = to.nodes.back().out;
  for (size_t i = 0; i < n.out.size(); ++i) {
    map[size_t(n.out[i])] = out[i];
    to.values[size_t(out[i])].name = from[n.out[i]].name;  // a fused node's outputs are named after what they were
  }
}

void Rewriter::keep_inputs() {
  for (size_t v = 0; v < from.values.size(); ++v)
    if (from.values[v].kind == ValueKind::input) use(ValueId(v));
}

Graph Rewriter::finish() {
  for (ValueId v : from.outputs) to.outputs.push_back(use(v));
  for (ValueId v : from.finals) to.finals.push_back(use(v));
  return std::move(to);
}

Readers::Readers(const Graph& of) : graph(of), count(of.values.size(), 0), last(of.values.size(), -1) {
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    for (ValueId v : graph.nodes[i].in) ++count[size_t(v)], last[size_t(v)] = int(i);
  for (ValueId v : graph.outputs) ++count[size_t(v)];
  for (ValueId v : graph.finals) ++count[size_t(v)];
}

const Node* Readers::only(ValueId v) const { return count[size_t(v)] == 1 && last[size_t(v)] >= 0 ? &graph.nodes[size_t(last[size_t(v)])] : nullptr; }

bool has_any_op(const Graph& graph, std::initializer_list<const Op*> ops) {
  return std::ranges::any_of(graph.nodes, [&](const Node& n) { return std::ranges::find(ops, n.op) != ops.end(); });
}

Graph live_part(Graph graph) {
  Vector<bool> wanted(graph.values.size(), false);
  for (ValueId v : graph.outputs) wanted[size_t(v)] = true;
  Vector<bool> live(graph.nodes.size(), false);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    for (ValueId v : graph.nodes[i].out) live[i] = live[i] || wanted[size_t(v)];
    if (live[i])
      for (ValueId v : graph.nodes[i].in) wanted[size_t(v)] = true;
  }
  if (std::ranges::find(live, false) == live.end()) return graph;
  Rewriter rewriter(graph);
  rewriter.keep_inputs();
  for (size_t i = 0; i < live.size(); ++i)
    if (live[i]) rewriter.copy(graph.nodes[i]);
  return rewriter.finish();
}

}  // namespace prm
