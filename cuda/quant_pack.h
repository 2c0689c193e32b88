// Quantized weights as cuda/launchers.h wants them (QuantLayout), packed on the host once at load.
#pragma once
#include "graph/device.h"
#include "launchers.h"

namespace prm {

extern const Layout kQuantTiles;

// Of a type that find_format knows.
QuantLayout quant_layout(DType type);

}  // namespace prm
