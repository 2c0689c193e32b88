// Packing weights once, binding addresses once, extents each run, and the run loop.
#include "graph/plan.h"

namespace prm {

void WeightPool::fill(const Plan& plan, const Work& work, const std::function<void(const Tensor&)>& packed) {
  std::vector<const PlanValue*> missing;
  uint64_t total = 0, done = 0;
  for (const PlanValue& value : plan.values) {
    if (value.place != Place::weight || !value.layout || find(value.bound, value.layout)) continue;
    missing.push_back(&value);
    total += value.bound.bytes();
  }
  for (const PlanValue* value : missing) {
    work.control.progress("repack", done, total);
    Buffer buffer(value->layout->bytes(value->bound), account_, "packed '" + value->name + "'");
    value->layout->pack(value->bound, buffer.data(), work);
    work.control.require();
    buffers_.emplace(std::pair(value->bound.data, value->layout), std::move(buffer));
    done += value->bound.bytes();
    packed(value->bound);
  }
  if (!missing.empty()) work.control.progress("repack", done, total);
}

std::byte* WeightPool::find(const Tensor& plain, const Layout* layout) const {
  auto found = buffers_.find({plain.data, layout});
  return found == buffers_.end() ? nullptr : found->second.data();
}

PlanState::PlanState(std::shared_ptr<const Plan> plan, const WeightPool& weights, MemoryAccount& account)
    : plan_(std::move(plan)), tensors_(plan_->values.size()), launches_(plan_->launches.size()), extents_(plan_->bounds) {
  arena_ = Buffer(plan_->arena_bytes, account, "scratch");
  for (size_t i = 0; i < plan_->values.size(); ++i) {
    const PlanValue& value = plan_->values[i];
    const PlanValue& root = plan_->values[size_t(value.root)];
    Tensor& t = tensors_[i] = value.bound;
    if (value.place == Place::weight) {
      if (value.layout) t.data = weights.find(value.bound, value.layout);
    } else if (root.place == Place::state) {
      Buffer& state = states_[value.root];
      if (!state.data()) state = Buffer(root.bound.bytes(), account, "state '" + root.name + "'");
      t.data = state.data();
    } else {
      t.data = arena_.data() + root.offset;
    }
  }
  for (size_t i = 0; i < plan_->launches.size(); ++i) {
    const PlanLaunch& from = plan_->launches[i];
    OpArgs& args = launches_[i].args;
    launches_[i].run = from.run;
    for (int j = 0; j < from.inputs; ++j) args.in[j] = &tensors_[size_t(from.in[j])];
    for (int j = 0; j < from.outputs; ++j) args.out[j] = &tensors_[size_t(from.out[j])];
    args.attr = &from.attr;
    args.work = &work_;
  }
}

Tensor& PlanState::io(const std::string& name) {
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
  plan_->dims.evaluate(extents_.data());
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Shape& shape = plan_->values[i].shape;
    for (int j = 0; j < shape.rank; ++j) tensors_[i].dim[j] = value_of(shape.dims[j], extents_.data());
  }
  work_ = work;
  ThreadPool::Step step(work.pool);
  return plan_->device->submit(launches_, work_);
}

}  // namespace prm
