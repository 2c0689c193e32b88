// Runs a small graph on a device with the inputs given by name; returns the bytes of its output.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "cpu/cpu_device.h"
#include "graph/weight_pool.h"

namespace prm::test {

// A device without kernels: every op runs its reference.
struct BareDevice : Device {
  const char* name() const override { return "reference"; }
  std::span<const Kernel> kernels() const override { return {}; }
  Status submit(std::span<const Launch> segment, const Work& work) noexcept override {
    for (const Launch& launch : segment) {
      if (work.control.check() != Status::ok) return work.control.check();
      launch.run(launch.args);
    }
    return Status::ok;
  }
};

struct GraphRun {
  Map<String, int64_t> extents;                       // of every symbol; also the bounds unless set
  std::map<std::string, std::vector<std::byte>> inputs;
  Map<String, int64_t> bounds;
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  auto* data = reinterpret_cast<const std::byte*>(values.data());
  return {data, data + values.size() * sizeof(T)};
}

inline std::vector<std::byte> run_plan(const Graph& graph, Plan made, const GraphRun& run, const Work& work = {}) {
  auto plan = std::make_shared<Plan>(std::move(made));
  MemoryAccount account;
  MemoryAccounts accounts(account, plan->device[kAccelerator] ? plan->device[kAccelerator]->memory() : nullptr);
  WeightPool weights(accounts, nullptr);
  weights.reserve(*plan);
  weights.fill(*plan, work);
  PlanState state(plan);
  state.allocate(weights, accounts);
  for (auto& [name, data] : run.inputs)
    if (!data.empty()) std::memcpy(state.io(name).data, data.data(), data.size());
  std::vector<Binding> bindings;
  for (auto& [name, value] : run.extents) bindings.push_back({plan->symbol(name), value});
  if (state.run(bindings, work) != Status::ok) fail(Status::internal, "the run was not ok");
  const Tensor& out = state.io(graph[graph.outputs[0]].name);
  return {out.data, out.data + out.bytes()};
}

inline std::vector<std::byte> run_graph(const Graph& graph, Device& device, const GraphRun& run, const Work& work = {}, Plan* plan_out = nullptr) {
  PlanOptions options;
  options.device = &device;
  options.bounds = run.bounds.empty() ? run.extents : run.bounds;
  Plan plan = make_plan(graph, options);
  if (plan_out) *plan_out = plan;
  return run_plan(graph, std::move(plan), run, work);
}

}  // namespace prm::test
