// Nodes whose inputs are known are computed while a graph is built, by their references.
#pragma once
#include "base/memory.h"
#include "graph/graph.h"

namespace prm {

// The outputs of a node that is not added, as constants. Data of the inputs must lie in memory.
Vector<ValueId> fold_node(Graph& graph, const Op& op, const Attr& attr, const Vector<ValueId>& in, const String& name, MemoryAccount& account);

}  // namespace prm
