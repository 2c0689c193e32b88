// A value with other extents: the same bytes, so that nothing is computed.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kView;

// x of any dense type -> the same values as `shape`, which has as many.
ValueId view_as(Graph& g, ValueId x, const Shape& shape, const String& name);

}  // namespace prm
