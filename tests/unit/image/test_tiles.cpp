// Tiles: where they lie, what they weigh, and what they blend to (tests/golden/image_golden.py, by MONAI's rules).
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "image/tiles.h"
#include "support/catch.h"

using namespace prm;

namespace {

std::vector<float> source_floats(int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t x = uint32_t(i) * 2654435761u;
    x = (x ^ (x >> 15)) * 0x85ebca6bu;
    x ^= x >> 13;
    values.push_back(float(x & 0xffff) / 256 - 128);
  }
  return values;
}

Tensor floats(const int64_t* dims, int rank, std::vector<float>& values) {
  Tensor t;
  for (int i = 0; i < rank; ++i) t.dim[t.rank++] = dims[i];
  values.resize(size_t(t.count()));
  t.data = reinterpret_cast<std::byte*>(values.data());
  return t;
}

// Tile i answers with i + 1 times what it was given.
std::vector<float> blended(const Tensor& whole, const TileOptions& options) {
  TileGrid grid = make_grid(whole, options);
  std::vector<float> result, values;
  Tensor to = floats(whole.dim, whole.rank, result), tile = floats(grid.tile, grid.rank, values);
  TileBlend blend(grid, to, options.gaussian);
  for (int64_t i = 0; i < grid.count(); ++i) {
    int64_t at[kMaxRank];
    grid.origin(i, at);
    gather_tile(grid, whole, at, tile);
    for (float& value : values) value *= float(i + 1);
    blend.add(at, tile, {});
  }
  blend.finish({});
  return result;
}

}  // namespace

TEST_CASE("tiles blend as MONAI's sliding window does") {
  std::ifstream file(PREMISE_TEST_DATA "/image-tiles.bin", std::ios::binary);
  int seen = 0;
  for (std::string line; std::getline(file, line); ++seen) {
    INFO(line);
    std::istringstream words(line);
    std::string name;
    TileOptions options;
    int rank = 0;
    int64_t dims[kMaxRank] = {};
    words >> name >> options.overlap >> rank;
    for (int i = 0; i < rank; ++i) words >> dims[i];
    for (int i = 0; i < rank; ++i) words >> options.tile[i];
    options.gaussian = name == "gaussian";
    std::vector<float> values;
    Tensor whole = floats(dims, rank, values);
    values = source_floats(whole.count());
    whole.data = reinterpret_cast<std::byte*>(values.data());
    std::vector<float> wanted(values.size()), found = blended(whole, options);
    file.read(reinterpret_cast<char*>(wanted.data()), std::streamsize(wanted.size() * 4));
    REQUIRE(file);
    // exp is NumPy's there and ours here: a weight may differ in its last bit.
    for (size_t i = 0; i < wanted.size(); ++i) REQUIRE(std::fabs(found[i] - wanted[i]) <= 2e-6f * std::max(1.0f, std::fabs(wanted[i])) * 16);
  }
  CHECK(seen == 8);
}

TEST_CASE("tiles at the rim are shifted inwards") {
  std::vector<float> values;
  int64_t dims[] = {10, 3};
  TileOptions options;
  options.tile[0] = 4;
  options.overlap = 0.25;
  TileGrid grid = make_grid(floats(dims, 2, values), options);
  CHECK(std::vector<int64_t>(grid.starts[0].begin(), grid.starts[0].end()) == std::vector<int64_t>{0, 3, 6});
  CHECK(grid.count() == 3);
  CHECK((grid.is_cut(0) && !grid.is_cut(1) && grid.tile[1] == 3));
  dims[0] = 11;
  grid = make_grid(floats(dims, 2, values), options);
  CHECK(std::vector<int64_t>(grid.starts[0].begin(), grid.starts[0].end()) == std::vector<int64_t>{0, 3, 6, 7});
  options.tile[0] = 12;
  CHECK_THROWS_AS(make_grid(floats(dims, 2, values), options), Error);
}

TEST_CASE("weights are largest in the middle, and never next to nothing") {
  std::vector<float> values;
  int64_t dims[] = {100, 100, 2};
  TileOptions options;
  options.tile[0] = options.tile[1] = 33;
  TileGrid grid = make_grid(floats(dims, 3, values), options);
  Vector<float> weights = tile_weights(grid, true);
  REQUIRE(weights.size() == 33 * 33);
  CHECK(weights[16 * 33 + 16] == 1);
  CHECK(weights[0] == 1e-3f);
  CHECK(std::fabs(weights[16 * 33 + 20] - std::exp(-8.0 / (4.125 * 4.125))) < 1e-6);
  for (float weight : tile_weights(grid, false)) REQUIRE(weight == 1);
}
