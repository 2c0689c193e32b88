// How the outputs of a window that slides over blocked values are cut: runs of neighbours for a thread, tiles for an instruction set.
#pragma once
#include "base/threads.h"
#include "cpu/conv_tile.h"
#include "ops/blocked.h"
#include "ops/codes_u8.h"

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
CodeRange code_range(const Quantum& to);  // of scale 0: floats stay floats

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
void run_conv_tiles(const ConvTable& table, const ConvWindow& window, int64_t places, const TileRun& run, const ConvSums& sums, const float* then);

// A convolution whose groups are whole blocks, as threads share it out.
struct ConvUnits {
  int64_t batch, groups, blocks;  // blocks: of outputs, of a group
  int64_t products;               // of a sum
  int64_t x_bytes;                // under an output: those of a group's channels
  int64_t item_products;          // in one item, about
};
// Calls fn(run, n, group, block, count, is_last) for runs of outputs and for as many of their blocks as a tile takes at once; is_last: none
// follows in this run.
template <class Fn>
void each_conv_unit(const ConvTable& table, const TiledWindow& window, const ConvUnits& c, const Work& work, Fn&& fn) {
  int at_once = tile_blocks(table, c.blocks), most = table.pixels[at_once];
  int64_t units_each = (c.blocks + at_once - 1) / at_once, units = units_each * c.groups;
  int64_t pixels = run_pixels(window, c.batch, c.x_bytes, most, units), runs = (window.pixels + pixels - 1) / pixels;
  int64_t products = pixels * c.products * at_once * kChannelBlock;
  int64_t take = std::clamp<int64_t>(c.item_products / std::max<int64_t>(products, 1), 1, units), parts = (units + take - 1) / take;
  work.rows(c.batch * runs * parts, 1, [&](int64_t begin, int64_t end) {
    TileRun run;
    for (int64_t item = begin; item < end; ++item) {
      int64_t n = item / parts / runs, first = item / parts % runs * pixels;
      if (item == begin || item % parts == 0) run.cut(window, first, std::min(window.pixels, first + pixels), most);
      for (int64_t u = item % parts * take; u < std::min(units, item % parts * take + take); ++u) {
        int64_t group = u / units_each, block = group * c.blocks + u % units_each * at_once;
        fn(run, n, group, block, int32_t(std::min<int64_t>(at_once, group * c.blocks + c.blocks - block)), u + 1 == units);
      }
    }
  });
}

}  // namespace prm
