// All tensors of an ONNX model, wherever they stand.
#pragma once
#include "formats/onnx.h"

namespace prm {

// Calls fn(name, tensor): initializers, then those in attributes, which are named by what their node makes.
template <class Fn>
void each_tensor(const OnnxModel& model, Fn&& fn) {
  for (const OnnxGraph& graph : model.graphs) {
    for (const OnnxTensor& tensor : graph.initializers) fn(tensor.name, tensor);
    for (const OnnxNode& node : graph.nodes)
      for (const OnnxAttribute& attribute : node.attributes)
        for (const OnnxTensor& tensor : attribute.tensors) fn(node.outputs.empty() ? node.name : node.outputs[0], tensor);
  }
  for (const OnnxFunction& function : model.functions)
    for (const OnnxAttribute& attribute : function.defaults)
      for (const OnnxTensor& tensor : attribute.tensors) fn(attribute.name, tensor);
}

}  // namespace prm
