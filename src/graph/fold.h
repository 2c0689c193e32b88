// Nodes whose inputs are known are computed while a graph is built, by their references.
#pragma once
#include "base/memory.h"
#include "graph/graph.h"

namespace prm {

// The outputs of a node that is not added, as constants. Data of the inputs must lie in memory. `made`: what the op's shape rule says
// of the outputs (Graph::infer).
Vector<ValueId> fold_node(Graph& graph, const Op& op, const Attr& attr, const Vector<ValueId>& in, const String& name,
                          const Vector<std::pair<DType, Shape>>& made, MemoryAccount& account);

}  // namespace prm
