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

ActivationRange range_of(Activation act, float a, float b);

// Tiles of a run of outputs, as even as they can be.
struct TileRun {
  enum { kTiles = 64 };
  int count = 0;
  int64_t begin[kTiles + 1];  // output of a plane where each tile begins
  ConvTile tile[kTiles];

  // end - run_begin is at most kTiles * most.
  void cut(const TiledWindow& window, int64_t run_begin, int64_t end, int most);
};

// Outputs of one run: their x, of so many bytes a place, fits into the second cache, and there are enough runs of `items_each` items.
int64_t run_pixels(const TiledWindow& window, int64_t batch, int64_t x_bytes, int64_t most, int64_t items_each);

// Blocks that a tile takes at once: as many as go evenly into so many.
int tile_blocks(const ConvTable& table, int64_t blocks);
// One tile after another, for as many channels as have weights that the first cache holds, then for those behind. y and more belong to
// output 0 of a plane. places: of the kernel. then: weights that are read next, or null.
void run_tiles(const ConvTable& table, const ConvWindow& window, int64_t places, const TileRun& run, const ConvSums& sums, const float* then);

}  // namespace prm
