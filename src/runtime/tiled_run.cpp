#include "runtime/tiled_run.h"

namespace prm {

namespace {

// The result of the whole from that of a tile.
Tensor whole_result(const TileGrid& grid, const Tensor& made, const TensorPort& port) {
  if (made.dtype != DType::f32) fail_about(Status::unsupported, port.name, "output '{}' is {}: tiles of float32 alone are put together", port.name, info(made.dtype).name);
  bool fits = made.rank == grid.rank;
  Tensor result = made;
  for (int i = 0; i < grid.rank && fits; ++i) {
    if (!grid.is_cut(i)) continue;
    fits = made.dim[i] == grid.tile[i];
    result.dim[i] = grid.whole[i];
  }
  if (!fits || !made.count())
    fail_about(Status::invalid_argument, port.name, "output '{}' of a tile has not the tile's extents where the input is cut: it cannot be put together", port.name);
  return result;
}

}  // namespace

Tensor run_tiles(TensorModel& model, size_t output, const Tensor& input, const TileOptions& options, const Control& control, const RoomForResult& room) {
  AccountScope models(model.account);
  if (model.inputs.size() != 1) fail_about(Status::unsupported, "model", "the model takes {} inputs: only models of one are run in tiles", model.inputs.size());
  const TensorPort& port = model.outputs[output];
  TileGrid grid = make_grid(input, options);
  Tensor tile = input, result;
  std::copy_n(grid.tile, grid.rank, tile.dim);
  Buffer bytes(tile.bytes(), model.account, MemoryKind::scratch, "a tile of the input");
  tile.data = bytes.data();
  std::optional<TileBlend> blend;
  auto begin = [&](const Tensor& made) {
    if (blend) return;
    result = whole_result(grid, made, port);
    result.data = reinterpret_cast<std::byte*>(room(result));
    blend.emplace(grid, result, options.gaussian);
  };
  for (int64_t i = 0, n = grid.count(); i < n; ++i) {
    int64_t at[kMaxRank];
    control.progress("tiles", uint64_t(i), uint64_t(n));
    grid.origin(i, at);
    gather_tile(grid, input, at, tile);
    TensorCall call(model, control);
    call.give(0, tile);
    call.plan();
    if (call.is_shape_known(output)) begin(call.output(output));
    call.run();
    begin(call.output(output));
    Tensor same = whole_result(grid, call.output(output), port);
    if (!std::equal(same.dim, same.dim + same.rank, result.dim)) fail_about(Status::invalid_argument, port.name, "output '{}' has other extents from tile to tile", port.name);
    blend->add(at, call.output(output), control);
  }
  blend->finish(control);
  return result;
}

}  // namespace prm
