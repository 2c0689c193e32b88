// Weights of convolutions as kernels of blocked values want them, packed once at load; groups of 16 outputs.
#pragma once
#include "graph/device.h"

namespace prm {

// [O, C, spatial] -> [O/16][C in blocks of 16][places of the kernel][channels of the block][16 outputs], filled up with zeros. C: the
// channels of one group, whichever it is; depthwise kernels have one.
extern const Layout kConvLayout;
// [O, C, spatial] i8 -> [O/16][C in blocks of 16][places of the kernel][fours of channels][16 outputs][4], filled up with zeros.
extern const Layout kConvU8Layout;
// [O, C, spatial] i8 -> [O/16][C in blocks of 64][places of the kernel][16 fours of channels][16 outputs][4], filled up with zeros.
extern const Layout kConvRowsLayout;
// [O, C, 3, 3] -> [O/16][16 places of G w G'][C][16 outputs], for F(2x2, 3x3); rounded once.
extern const Layout kWinogradLayout;

}  // namespace prm
