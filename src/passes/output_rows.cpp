// Logits of a prompt's inner tokens are rarely wanted: rows are selected in front of the output's matmul. Where row-wise
// nodes (norm, quantize) feed that matmul, the selection moves in front of them as well; a soft cap may follow it.
#include "graph/rewrite.h"
#include "ops/ops.h"
#include "passes/passes.h"

namespace prm {

namespace {
bool is_row_wise(const Node& n) { return n.op == &kRmsNorm || n.op == &kQuantize; }
}  // namespace

Graph select_output_rows(const Graph& graph) {
  if (graph.outputs.size() != 1) fail(Status::internal, "select_output_rows: the graph has {} outputs, not 1", graph.outputs.size());
  int last = graph[graph.outputs[0]].producer;
  while (last >= 0 && graph.nodes[size_t(last)].op == &kSoftCap) last = graph[graph.nodes[size_t(last)].in[0]].producer;
  if (last < 0 || graph.nodes[size_t(last)].op != &kMatmul) fail(Status::internal, "select_output_rows: the output is not a matmul");
  int first = last;
  for (int before; (before = graph[graph.nodes[size_t(first)].in[0]].producer) >= 0 && is_row_wise(graph.nodes[size_t(before)]);) first = before;
  Rewriter r(graph);
  ValueId rows = r.to.input("out_rows", DType::i32, {r.to.symbol("R")});
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& n = graph.nodes[i];
    if (int(i) == first) r.map[size_t(n.in[0])] = select_rows(r.to, r.use(n.in[0]), rows, graph[n.in[0]].name + ".wanted");
    r.copy(n);
  }
  return r.finish();
}

}  // namespace prm
