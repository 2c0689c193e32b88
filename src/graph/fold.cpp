#include "graph/fold.h"

namespace prm {

Vector<ValueId> fold_node(Graph& graph, const Op& op, const Attr& attr, const Vector<ValueId>& in, const String& name,
                          const Vector<std::pair<DType, Shape>>& made, MemoryAccount& account) {
  Tensor inputs[kMaxInputs], outputs[kMaxOutputs];
  std::shared_ptr<Buffer> buffers[kMaxOutputs];
  OpArgs args;
  args.attr = &attr;
  for (size_t i = 0; i < in.size(); ++i) {
    inputs[i] = graph[in[i]].data;
    args.in[i] = &inputs[i];
  }
  for (size_t i = 0; i < made.size(); ++i) {
    outputs[i].dtype = made[i].first;
    for (int j = 0; j < made[i].second.rank; ++j) outputs[i].dim[outputs[i].rank++] = graph.dims.most(made[i].second[j]);
    args.out[i] = &outputs[i];
    if (op.view) continue;
    buffers[i] = make_charged<Buffer>(outputs[i].bytes(), account, MemoryKind::weights, name);
    outputs[i].data = buffers[i]->data();
  }
  if (op.view) outputs[0].data = inputs[0].data;
  else op.reference(args);
  Vector<ValueId> results;
  for (size_t i = 0; i < made.size(); ++i) {
    String value_name = i ? format_text("{}.{}", name, i) : name;
    results.push_back(graph.constant(value_name, outputs[i], op.view ? graph[in[0]].keep : buffers[i]));
  }
  return results;
}

}  // namespace prm
