// The files of operators: a list each.
#pragma once
#include "models/onnx_import.h"

namespace prm {

std::span<const OnnxOperator> onnx_attention();
std::span<const OnnxOperator> onnx_contract();
std::span<const OnnxOperator> onnx_control();
std::span<const OnnxOperator> onnx_convolution();
std::span<const OnnxOperator> onnx_einsum();
std::span<const OnnxOperator> onnx_indexing();
std::span<const OnnxOperator> onnx_movement();
std::span<const OnnxOperator> onnx_normalize();
std::span<const OnnxOperator> onnx_found();
std::span<const OnnxOperator> onnx_pointwise();
std::span<const OnnxOperator> onnx_qlinear();
std::span<const OnnxOperator> onnx_quant();
std::span<const OnnxOperator> onnx_recurrent();
std::span<const OnnxOperator> onnx_reduce();
std::span<const OnnxOperator> onnx_resize();
std::span<const OnnxOperator> onnx_sampling();
std::span<const OnnxOperator> onnx_shapes();
std::span<const OnnxOperator> onnx_signal();

}  // namespace prm
