// Packing weights once, binding addresses once, extents each run, and the run loop.
#include <algorithm>
#include <exception>
#include <mutex>

#include "base/checked.h"
#include "graph/plan.h"

namespace prm {

namespace {

constexpr int64_t kPieceBytes = 4 << 20;  // of a constant: read, packed and forgotten before the next

// Layouts see a constant as rows of its first dimension.
size_t layout_row_bytes(const Tensor& t) { return t.dim[0] ? t.bytes() / size_t(t.dim[0]) : 0; }

// Rows of a piece: whole groups.
int64_t piece_rows(const PlanValue& value) {
  int64_t group = value.layout->group_rows, rows = kPieceBytes / std::max<int64_t>(int64_t(layout_row_bytes(value.bound)), 1) / group * group;
  return std::clamp(rows, group, std::max(group, ceil_div(value.bound.dim[0], group) * group));
}

Tensor rows_of(const Tensor& whole, int64_t begin, int64_t end, std::byte* data) {
  Tensor part = whole;
  part.data = data;
  part.dim[0] = end - begin;
  return part;
}

// Copying from the system's file cache takes as long as packing does: threads share it. The first failure is returned, since
// nothing may be thrown through a step.
std::exception_ptr read_shared(const FileBytes& file, uint64_t offset, size_t size, std::byte* to, const Work& work) {
  constexpr int64_t kPart = 256 << 10;
  std::mutex guard;
  std::exception_ptr failure;
  auto read_parts = [&](int64_t begin, int64_t end) {
    size_t first = size_t(begin * kPart), n = std::min(size, size_t(end * kPart)) - first;
    try {
      file.read(offset + first, n, to + first);
    } catch (...) {
      std::lock_guard lock(guard);
      if (!failure) failure = std::current_exception();
    }
  };
  int64_t parts = ceil_div(int64_t(size), kPart);
  work.rows(parts, file.one_reader ? parts : 1, read_parts);
  return failure;
}

}  // namespace

bool WeightPool::in_file(const Tensor& plain) const {
  return file_ && plain.data >= file_->bytes.data() && plain.data < file_->bytes.data() + file_->bytes.size();
}

bool WeightPool::wanted(const PlanValue& value) const { return value.place == Place::weight && (value.layout || in_file(value.bound)); }

WeightBytes WeightPool::reserve(const Plan& plan) {
  WeightBytes bytes;
  for (const PlanValue& value : plan.values) {
    if (!wanted(value) || !buffers_of(value.bound).try_emplace({value.bound.data, value.layout}).second) continue;
    bytes.held += value.layout ? value.layout->bytes(value.bound) : value.bound.bytes();
    if (value.layout && in_file(value.bound)) bytes.staging = std::max(bytes.staging, uint64_t(piece_rows(value)) * layout_row_bytes(value.bound));
  }
  return bytes;
}

void WeightPool::fill_one(const PlanValue& value, Buffer& staging, const Work& work) {
  const Tensor& plain = value.bound;
  bool from_file = in_file(plain);
  uint64_t offset = from_file ? uint64_t(plain.data - file_->bytes.data()) : 0;
  std::exception_ptr failure;
  auto require_read = [&] {
    if (failure) std::rethrow_exception(failure);
    work.control.require();
  };
  Buffer buffer(value.layout ? value.layout->bytes(plain) : plain.bytes(), account_, MemoryKind::weights, value.name);
  if (!value.layout) {
    work.during_step([&] { failure = read_shared(*file_, offset, buffer.size(), buffer.data(), work); });
    require_read();
  } else {
    int64_t step = piece_rows(value);
    for (int64_t begin = 0; begin < plain.dim[0]; begin += step) {
      int64_t end = std::min(plain.dim[0], begin + step);
      size_t skipped = size_t(begin) * layout_row_bytes(plain);
      Tensor piece = rows_of(plain, begin, end, from_file ? staging.data() : plain.data + skipped);
      std::byte* out = buffer.data() + value.layout->bytes(rows_of(plain, 0, begin, nullptr));
      work.during_step([&] {
        if (from_file) failure = read_shared(*file_, offset + skipped, piece.bytes(), piece.data, work);
        if (!failure) value.layout->pack(piece, out, work);
      });
      require_read();
    }
  }
  buffers_of(plain)[{plain.data, value.layout}] = std::move(buffer);
}

void WeightPool::fill(const Plan& plan, const Work& work) {
  auto missing = [&](const PlanValue& value) { return wanted(value) && !buffers_of(value.bound)[{value.bound.data, value.layout}].data(); };
  uint64_t total = 0, done = 0, staged = 0;
  for (const PlanValue& value : plan.values) {
    if (!missing(value)) continue;
    total += value.bound.bytes();
    if (value.layout && in_file(value.bound)) staged = std::max(staged, uint64_t(piece_rows(value)) * layout_row_bytes(value.bound));
  }
  Buffer staging;
  if (staged) staging = Buffer(size_t(staged), account_, MemoryKind::scratch, "reading weights");
  for (const PlanValue& value : plan.values) {
    if (!missing(value)) continue;
    work.control.progress("repack", done, total);
    fill_one(value, staging, work);
    done += value.bound.bytes();
  }
  if (total) work.control.progress("repack", done, total);
}

std::byte* WeightPool::find(const Tensor& plain, const Layout* layout) const {
  const Buffers& buffers = buffers_of(plain);
  auto found = buffers.find({plain.data, layout});
  return found != buffers.end() ? found->second.data() : layout ? nullptr : plain.data;
}

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
    args.work = &work_;
  }
}

void PlanState::allocate(const WeightPool& weights, MemoryAccount& account) {
  arena_ = Buffer(plan_->arena_bytes, account, MemoryKind::scratch, "scratch of a step");
  for (size_t i = 0; i < plan_->values.size(); ++i) {
    const PlanValue& value = plan_->values[i];
    const PlanValue& root = plan_->values[size_t(value.root)];
    Tensor& t = tensors_[i];
    if (value.place == Place::weight) {
      t.data = weights.find(value.bound, value.layout);
    } else if (root.place == Place::weight) {
      t.data = tensors_[size_t(value.root)].data;  // a view; what it shows stands in front of it
    } else if (root.place == Place::state) {
      Buffer& state = states_[value.root];
      if (!state.data()) state = Buffer(root.bound.bytes(), account, MemoryKind::cache, root.name);
      t.data = state.data();
    } else {
      t.data = arena_.data() + root.offset;
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
  work.during_step([&] { status = run_launches(); });
  return status;
}

void PlanState::set_extents() {
  plan_->dims.evaluate(extents_.data(), false);
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Shape& shape = plan_->values[i].shape;
    for (int j = 0; j < shape.rank; ++j) tensors_[i].dim[j] = value_of(shape.dims[j], extents_.data());
  }
}

// In one go, but for launches that find extents: those behind them must know.
Status PlanState::run_launches() {
  std::span<const Launch> left = launches_;
  size_t begun = 0;
  for (size_t i = 0; i < plan_->definitions.size();) {
    size_t launch = plan_->definitions[i].launch;
    Status status = plan_->device->submit(left.subspan(0, launch + 1 - begun), work_);
    if (status != Status::ok) return status;
    for (; i < plan_->definitions.size() && plan_->definitions[i].launch == launch; ++i) {
      const PlanDefinition& found = plan_->definitions[i];
      extents_[size_t(found.expression)] = std::clamp<int64_t>(tensors_[size_t(found.value)].dim[found.axis], 0, plan_->bounds[size_t(found.expression)]);
    }
    set_extents();
    left = left.subspan(launch + 1 - begun);
    begun = launch + 1;
  }
  return plan_->device->submit(left, work_);
}

}  // namespace prm
