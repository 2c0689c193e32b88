// The copying half of every pass.
#pragma once
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
  void copy(const Node& node);  // shape rules run again: a pass cannot leave a wrong shape behind
  Graph finish();
};

// Without what no output needs; inputs stay.
Graph live_part(const Graph& graph);

}  // namespace prm
