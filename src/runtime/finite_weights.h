// NaN and infinity in weights: which tensor holds them.
#pragma once
#include "runtime/model.h"

namespace prm {

// Reads all tensors, one after the other; progress stage "verify". Fails with numeric, naming the first whose values, or scales of
// blocks, are not all finite.
void require_finite_weights(const ModelFile& model, const Control& control);

// For logits that are not finite: fails with numeric, naming the tensor at fault if one is. The control may end the search, not
// change its answer.
[[noreturn]] void fail_not_finite(const ModelFile& model, const Control& control);

}  // namespace prm
