// All operators of ONNX models that can be imported.
#include "models/onnx_lists.h"

namespace prm {

namespace {

constexpr std::span<const OnnxOperator> (*kLists[])() = {
    onnx_attention,
    onnx_contract,
    onnx_control,
    onnx_convolution,
    onnx_einsum,
    onnx_indexing,
    onnx_movement,
    onnx_normalize,
    onnx_found,
    onnx_pointwise,
    onnx_qlinear,
    onnx_quant,
    onnx_recurrent,
    onnx_reduce,
    onnx_resize,
    onnx_sampling,
    onnx_shapes,
    onnx_signal,
};

}  // namespace

const OnnxOperator* find_onnx_operator(std::string_view domain, std::string_view name) {
  for (auto list : kLists)
    for (const OnnxOperator& one : list())
      if (domain == one.domain && name == one.name) return &one;
  return nullptr;
}

Vector<const char*> onnx_operator_names() {
  Vector<const char*> names;
  for (auto list : kLists)
    for (const OnnxOperator& one : list()) names.push_back(one.name);
  return names;
}

}  // namespace prm
