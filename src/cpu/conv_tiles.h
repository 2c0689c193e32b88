// How the outputs of a window that slides over blocked values are cut: runs of neighbours for a thread, tiles for an instruction set.
#pragma once
#include "cpu/conv_tile.h"
#include "ops/blocked.h"

namespace prm {

struct TiledWindow {
  Windows e;
  ConvWindow win;
  bool inside;     // no place of any output lies outside of x
  int64_t pixels;  // outputs of a plane

  explicit TiledWindow(const Windows& extents);
  void coordinates(int64_t output, int64_t* o) const { o[0] = output / e.out[2] / e.out[1], o[1] = output / e.out[2] % e.out[1], o[2] = output % e.out[2]; }
};

// Between which values an activation puts a sum.
struct Range {
  float low, high;
};
Range range_of(Activation act, float a, float b);

// Tiles of a run of outputs, as even as they can be.
struct TileRun {
  enum { kTiles = 64 };
  int count = 0;
  int64_t begin[kTiles + 1];  // output of a plane where each tile begins
  ConvTile tile[kTiles];

  // end - begin is at most kTiles * most.
  void cut(const TiledWindow& window, int64_t first, int64_t end, int most);
};

}  // namespace prm
