#include "image/tiles.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/numeric.h"
#include "tensor/strided.h"
#include "tensor/walk.h"

namespace prm {

namespace {

constexpr double kSigma = 0.125;       // of a tile's extent
constexpr float kLeastWeight = 1e-3f;  // so that no place is divided by almost nothing

Vector<int64_t> starts_of(int64_t whole, int64_t tile, double overlap) {
  Vector<int64_t> starts;
  int64_t step = std::max<int64_t>(1, int64_t(double(tile) * (1 - overlap)));
  for (int64_t at = 0;; at += step) {
    starts.push_back(std::min(at, whole - tile));
    if (at + tile >= whole) return starts;
  }
}

float bell(int64_t index, int64_t extent) {
  double x = double(index) - double(extent - 1) / 2, sigma = kSigma * double(extent), power = x * x / (-2 * sigma * sigma);
  return float(exp_of(std::max(power, -700.0)));
}

}  // namespace

int64_t TileGrid::count() const {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) n *= int64_t(starts[i].size());
  return n;
}

void TileGrid::origin(int64_t index, int64_t* at) const {
  for (int i = rank - 1; i >= 0; --i) {
    auto n = int64_t(starts[i].size());
    at[i] = starts[i][size_t(index % n)];
    index /= n;
  }
}

TileGrid make_grid(const Tensor& whole, const TileOptions& options) {
  TileGrid grid;
  grid.rank = whole.rank;
  for (int i = 0; i < kMaxRank; ++i) {
    int64_t extent = i < whole.rank ? whole.dim[i] : 0, tile = options.tile[i] ? options.tile[i] : extent;
    if (tile < 0 || tile > extent) fail_about(Status::invalid_argument, "tile", "options.tile[{}] is {}, expected 0 to {}, the input's extent", i, tile, extent);
    if (i >= whole.rank) continue;
    if (extent < 1) fail_about(Status::invalid_argument, "input", "the input's extent {} is {}: there is nothing to cut", i, extent);
    grid.whole[i] = extent;
    grid.tile[i] = tile;
    grid.starts[i] = starts_of(extent, tile, options.overlap);
  }
  return grid;
}

Vector<float> tile_weights(const TileGrid& grid, bool gaussian) {
  Tensor places;
  for (int i = 0; i < grid.rank; ++i) places.dim[places.rank++] = grid.is_cut(i) ? grid.tile[i] : 1;
  Vector<float> weights(size_t(places.count()), 1.0f);
  if (!gaussian) return weights;
  Walk<1> walk(places);
  float least = 1;
  for (float& weight : weights) {
    for (int i = 0; i < grid.rank; ++i)
      if (grid.is_cut(i)) weight *= bell(walk.index[i], grid.tile[i]);
    least = std::min(least, weight);
    walk.next();
  }
  least = std::max(least, kLeastWeight);
  for (float& weight : weights) weight = std::max(weight, least);
  return weights;
}

void gather_tile(const TileGrid& grid, const Tensor& whole, const int64_t* at, const Tensor& tile) {
  int64_t stride[kMaxRank], offset = 0;
  dense_strides(whole, stride);
  for (int i = 0; i < grid.rank; ++i) offset += at[i] * stride[i];
  StridedCopy copy = strided_copy(whole, tile, stride, offset);
  copy_units(copy, whole, tile, 0, copy.units);
}

TileBlend::TileBlend(const TileGrid& grid, const Tensor& result, bool gaussian) : grid_(grid), result_(result), weights_(tile_weights(grid, gaussian)) {
  for (int i = 0; i < grid.rank; ++i) {
    places_.dim[places_.rank++] = grid.is_cut(i) ? grid.whole[i] : 1;
    tile_places_.dim[tile_places_.rank++] = grid.is_cut(i) ? grid.tile[i] : 1;
  }
  sums_.assign(size_t(places_.count()), 0.0f);
  std::fill_n(result_.as<float>(), result_.count(), 0.0f);
}

void TileBlend::add(const int64_t* at, const Tensor& made, const Control& control) {
  Walk<2> place(tile_places_);
  dense_strides(tile_places_, place.stride[0]);
  dense_strides(places_, place.stride[1]);
  int64_t first = 0;
  for (int i = 0; i < grid_.rank; ++i) first += at[i] * place.stride[1][i];
  do sums_[size_t(first + place.offset[1])] += weights_[size_t(place.offset[0])];
  while (place.next());

  Walk<3> walk(made);
  dense_strides(made, walk.stride[0]);
  dense_strides(result_, walk.stride[1]);
  broadcast_strides(tile_places_, made, walk.stride[2]);
  first = 0;
  for (int i = 0; i < grid_.rank; ++i) first += at[i] * walk.stride[1][i];
  Listener listener(control);
  do {
    result_.as<float>()[first + walk.offset[1]] += weights_[size_t(walk.offset[2])] * made.as<float>()[walk.offset[0]];
    listener.turn();
  } while (walk.next());
}

void TileBlend::finish(const Control& control) {
  Walk<2> walk(result_);
  dense_strides(result_, walk.stride[0]);
  broadcast_strides(places_, result_, walk.stride[1]);
  Listener listener(control);
  do {
    result_.as<float>()[walk.offset[0]] /= sums_[size_t(walk.offset[1])];
    listener.turn();
  } while (walk.next());
}

}  // namespace prm
