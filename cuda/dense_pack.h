// Float weights as cuda/launchers.h wants them (dense_part_bytes), packed on the host once at load.
#pragma once
#include "graph/device.h"
#include "launchers.h"

namespace prm {

extern const Layout kDenseTiles;

bool is_dense_weight(DType type);
DenseType dense_type(DType type);

}  // namespace prm
