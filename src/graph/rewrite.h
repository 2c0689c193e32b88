// The copying half of every pass.
#pragma once
#include <initializer_list>

#include "graph/graph.h"

namespace prm {

struct Rewriter {
  const Graph& from;
  Graph to;
  Vector<ValueId> map;

  explicit Rewriter(const Graph& graph) : from(graph), map(graph.values.size(), -1) {
    to.dims = graph.dims;  // same ids: expressions stay valid
  }
  ValueId use(ValueId v);       // the copy of v; inputs, constants and states are copied at their first use
  void keep_inputs();           // all of them, in their order, also those that nobody reads
  void copy(const Node& node);  // shape rules run again: a pass cannot leave a wrong shape behind
  Graph finish();
};

// Who reads each value; being an output or a state's last version counts.
struct Readers {
  const Graph& graph;
  Vector<int> count, last;  // how often; the last node that does, -1: none

  explicit Readers(const Graph& graph);
  const Node* only(ValueId v) const;  // the node that alone reads v; null: there is none such
};

// Without what no output needs; inputs stay.
Graph live_part(Graph graph);

// Whether a pass that looks for these ops has anything to do.
bool has_any_op(const Graph& graph, std::initializer_list<const Op*> ops);

}  // namespace prm
