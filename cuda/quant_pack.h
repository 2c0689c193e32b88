// Quantized weights in the layout of quant_layout.h, packed on the host once at load.
#pragma once
#include "graph/device.h"

namespace prm {

extern const Layout kQuantTiles;

}  // namespace prm
