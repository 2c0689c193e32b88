// Which layers of a text model an accelerator gets.
#pragma once
#include "graph/weight_pool.h"

namespace prm {

struct LayerSplit {
  int64_t layers = 0;         // of the model
  int64_t wanted = 0;         // for the accelerator; 0: as many as fit
  uint64_t free_memory = 0;   // of the accelerator, for this model
};

// What a plan takes of an accelerator's memory, loaded and running.
uint64_t accelerator_bytes(const Plan& plan);

// A plan in which the accelerator has the last layers and all behind them, the CPU those before. With all layers it has what stands in
// front of them, too. `on_device`: how many it got. Fails with out_of_device_memory where `wanted` do not fit, or not one does.
Plan plan_layers(const Graph& graph, PlanOptions options, const LayerSplit& split, int64_t& on_device);

}  // namespace prm
