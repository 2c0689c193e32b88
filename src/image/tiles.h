// A large image or volume in tiles: where they lie, what each weighs, and how overlapping answers become one. Tiles at the rim are shifted
// inwards, so that all are of one size. Weights and steps are those of MONAI's sliding_window_inference.
#pragma once
#include "base/containers.h"
#include "base/control.h"
#include "tensor/tensor.h"

namespace prm {

struct TileOptions {
  int64_t tile[kMaxRank] = {};  // 0: whole
  double overlap = 0;           // share of a tile
  bool gaussian = false;        // else all weigh the same
};

struct TileGrid {
  int rank = 0;
  int64_t whole[kMaxRank] = {}, tile[kMaxRank] = {};
  Vector<int64_t> starts[kMaxRank];

  bool is_cut(int axis) const { return tile[axis] < whole[axis]; }
  int64_t count() const;
  void origin(int64_t index, int64_t* at) const;  // row-major
};
// Fails with invalid_argument where a tile is no part of the whole.
TileGrid make_grid(const Tensor& whole, const TileOptions& options);
// Over the axes that are cut, row-major.
Vector<float> tile_weights(const TileGrid& grid, bool gaussian);
void gather_tile(const TileGrid& grid, const Tensor& whole, const int64_t* at, const Tensor& tile);

// Weighted sums of tiles over a result of float; axes that the grid does not cut may have other extents there. Tiles are to come in
// one order.
class TileBlend {
 public:
  TileBlend(const TileGrid& grid, const Tensor& result, bool gaussian);
  void add(const int64_t* at, const Tensor& made, const Control& control);
  void finish(const Control& control);

 private:
  const TileGrid& grid_;
  Tensor result_, places_, tile_places_;  // the last two: of weights, extents of 1 where nothing is cut
  Vector<float> weights_, sums_;
};

}  // namespace prm
