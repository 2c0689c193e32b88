// Binding addresses once, extents each run, and the run loop.
#include <algorithm>

#include "graph/plan.h"
#include "graph/weight_pool.h"

namespace prm {

PlanState::PlanState(std::shared_ptr<const Plan> plan)
    : plan_(std::move(plan)), tensors_(plan_->values.size()), launches_(plan_->launches.size()), extents_(plan_->bounds) {
  for (size_t i = 0; i < plan_->values.size(); ++i) {
    tensors_[i] = plan_->values[i].bound;
    if (plan_->values[i].place == Place::state) states_.try_emplace(plan_->values[i].root);
  }
  for (size_t i = 0; i < plan_->launches.size(); ++i) {
    const PlanLaunch& from = plan_->launches[i];
    OpArgs& args = launches_[i].args;
    launches_[i].run = from.run;
    for (int j = 0; j < from.inputs; ++j) args.in[j] = &tensors_[size_t(from.in[j])];
    for (int j = 0; j < from.outputs; ++j) args.out[j] = &tensors_[size_t(from.out[j])];
    args.attr = &from.attr;
    if (from.scratch >= 0) args.scratch = &tensors_[size_t(from.scratch)];
    args.work = &work_;
  }
}

void PlanState::allocate(const WeightPool& weights, const MemoryAccounts& accounts) {
  for (Side side : {kHost, kAccelerator})
    if (plan_->device[side]) arena_[side] = Buffer(plan_->bytes[side].arena, *accounts.side[side], MemoryKind::scratch, "scratch of a step");
  for (size_t i = 0; i < plan_->values.size(); ++i) {
    const PlanValue& value = plan_->values[i];
    const PlanValue& root = plan_->values[size_t(value.root)];
    Tensor& t = tensors_[i];
    if (value.place == Place::weight) {
      t.data = weights.find(value);
    } else if (root.place == Place::weight) {
      t.data = tensors_[size_t(value.root)].data;  // a view; what it shows stands in front of it
    } else if (root.place == Place::state) {
      Buffer& state = states_[value.root];
      if (!state.data()) state = Buffer(root.bound.bytes(), *accounts.side[root.side], MemoryKind::cache, root.name);
      t.data = state.data();
    } else {
      t.data = arena_[root.side].data() + root.offset;
    }
  }
}

Tensor& PlanState::io(std::string_view name) {
  auto found = plan_->io.find(name);
  if (found == plan_->io.end()) fail(Status::internal, "plan has no input or output '{}'", name);
  return tensors_[size_t(found->second)];
}

Status PlanState::run(std::span<const Binding> bindings, const Work& work) {
  for (const Binding& b : bindings) {
    if (b.value < 0 || b.value > plan_->bounds[size_t(b.symbol)])
      fail(Status::invalid_argument, "run: dimension '{}' is {}, the plan allows 0 to {}", plan_->dims.name(b.symbol), b.value,
           plan_->bounds[size_t(b.symbol)]);
    extents_[size_t(b.symbol)] = b.value;
  }
  set_extents();
  work_ = work;
  Status status = Status::ok;
  const Device* failed = nullptr;
  work.during_step([&] { status = run_launches(failed); });
  if (failed && *failed->failure()) fail_about(status, failed->name(), "device '{}': {}", failed->name(), failed->failure());
  return status;
}

void PlanState::set_extents() {
  plan_->dims.evaluate(extents_.data(), false);
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Shape& shape = plan_->values[i].shape;
    for (int j = 0; j < shape.rank; ++j) tensors_[i].dim[j] = value_of(shape.dims[j], extents_.data());
  }
}

// Launches behind those that find extents must know them.
Status PlanState::run_launches(const Device*& failed) {
  auto found = plan_->definitions.begin();
  for (const PlanSegment& segment : plan_->segments) {
    Device& device = *plan_->device[segment.side];
    Status status = device.submit(std::span(launches_).subspan(segment.begin, segment.end - segment.begin), work_);
    if (status != Status::ok) {
      failed = &device;
      return status;
    }
    bool any = false;
    for (; found != plan_->definitions.end() && found->launch < segment.end; ++found, any = true)
      extents_[size_t(found->expression)] =
          std::clamp<int64_t>(tensors_[size_t(found->value)].dim[found->axis], 0, plan_->bounds[size_t(found->expression)]);
    if (any) set_extents();
  }
  return Status::ok;
}

}  // namespace prm
