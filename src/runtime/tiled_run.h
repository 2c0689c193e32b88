// A tensor model over a large input, tile by tile.
#pragma once
#include <functional>

#include "image/tiles.h"
#include "runtime/tensor_model.h"

namespace prm {

// Place for a result of these extents; throws where there is none.
using RoomForResult = std::function<float*(const Tensor& result)>;

// Of a model of one input. Gives the result, which lies in the room.
Tensor run_tiles(TensorModel& model, size_t output, const Tensor& input, const TileOptions& options, const Control& control, const RoomForResult& room);

}  // namespace prm
