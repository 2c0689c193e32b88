#include "runtime/placement.h"

#include <charconv>

namespace prm {

namespace {

// "blk.7.attn_q" -> 7; -1 for what is in no layer.
int64_t layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  int64_t layer = -1;
  if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layer);
  return layer;
}

// Nodes in front of the first one of layer `first`.
Vector<bool> nodes_before(const Graph& graph, int64_t first) {
  Vector<bool> before(graph.nodes.size(), false);
  for (size_t i = 0; first > 0 && i < graph.nodes.size() && layer_of(graph.nodes[i].name) < first; ++i) before[i] = true;
  return before;
}

}  // namespace

uint64_t accelerator_bytes(const Plan& plan) {
  Set<std::pair<const std::byte*, const Layout*>> seen;
  uint64_t bytes = plan.bytes[kAccelerator].arena + plan.bytes[kAccelerator].states;
  for (const PlanValue& value : plan.values)
    if (value.place == Place::weight && value.side == kAccelerator && seen.insert({value.bound.data, value.layout}).second)
      bytes += value.layout ? value.layout->bytes(value.bound) : value.bound.bytes();
  return bytes;
}

Plan plan_layers(const Graph& graph, PlanOptions options, const LayerSplit& split, int64_t& on_device) {
  auto plan_with = [&](int64_t layers) {
    options.on_host = nodes_before(graph, split.layers - layers);
    on_device = layers;
    return make_plan(graph, options);
  };
  int64_t most = split.wanted ? std::min(split.wanted, split.layers) : split.layers;
  Plan plan = plan_with(most);
  uint64_t needed = accelerator_bytes(plan);
  if (needed <= split.free_memory) return plan;
  int64_t fit = 0;
  for (int64_t low = 1, high = split.wanted ? 0 : most - 1; low <= high;) {  // the most that fit
    int64_t middle = (low + high) / 2;
    Plan tried = plan_with(middle);
    if (accelerator_bytes(tried) > split.free_memory) {
      high = middle - 1;
    } else {
      fit = middle, low = middle + 1;
      plan = std::move(tried);
    }
  }
  on_device = fit;
  if (fit) return plan;
  Error error(Status::out_of_device_memory,
              format_message("{} of {} layers need {} bytes of '{}', which has {} free: give fewer device_layers, or a smaller context, or run on the CPU", most,
                             split.layers, needed, options.accelerator->name(), split.free_memory),
              "device_layers");
  error.needed_bytes = needed, error.available_bytes = split.free_memory;
  throw error;
}

}  // namespace prm
