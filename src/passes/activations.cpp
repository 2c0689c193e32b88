// Numeric pass: quantization of activations (src/README.md, "Numbers" 3).

#include "graph/rewrite.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "quant/format.h"

namespace prm {

Graph quantize_activations(const Graph& graph) {
  Rewriter r(graph);
  Map<std::pair<ValueId, DType>, ValueId> quantized;  // several matmuls read one value
  for (const Node& n : graph.nodes) {
    const QuantFormat* format = n.op == &kMatmul || n.op == &kMoeMatmul ? find_format(graph[n.in[1]].dtype) : nullptr;
    if (!format || graph[n.in[0]].dtype != DType::f32) {
      r.copy(n);
      continue;
    }
    ValueId x = n.in[0];
    auto [slot, added] = quantized.try_emplace({x, format->activation}, -1);
    if (added) slot->second = quantize(r.to, r.use(x), format->activation, graph[x].name + "." + info(format->activation).name);
    Vector<ValueId> in = {slot->second};
    for (size_t i = 1; i < n.in.size(); ++i) in.push_back(r.use(n.in[i]));
    r.map[size_t(n.out[0])] = r.to.node(*n.op, n.attr, std::move(in), n.name);
  }
  return r.finish();
}

}  // namespace prm
