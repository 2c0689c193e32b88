// NaN and infinity in weights: which tensor holds them.
#pragma once
#include "formats/onnx.h"
#include "runtime/model.h"

namespace prm {

// Reads all tensors, one after the other; progress stage "verify". Fails with numeric, naming the first whose values, or scales of
// blocks, are not all finite.
void require_finite_weights(const ModelFile& model, const Control& control);

// The same of an ONNX model's initializers, for NaN alone: infinities are what masks are made of.
void require_no_nan(const OnnxModel& model, const Control& control);

// For logits that are not finite: fails with numeric, naming the tensor at fault if one is. The control may end the search, not
// change its answer.
[[noreturn]] void fail_not_finite(const ModelFile& model, const Control& control);

}  // namespace prm
