// Reading, packing and uploading constants, a piece at a time.
#include "graph/weight_pool.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include "base/checked.h"

namespace prm {

namespace {

constexpr int64_t kPieceBytes = 4 << 20;  // of a constant: read, packed, uploaded and forgotten before the next

// Layouts see a constant as rows of its first dimension.
size_t layout_row_bytes(const Tensor& t) { return t.dim[0] ? t.bytes() / size_t(t.dim[0]) : 0; }

// A plain constant that need not be cut.
Tensor as_bytes(const Tensor& plain) { return Tensor(DType::u8, {int64_t(plain.bytes())}, plain.data); }

// What pieces are cut from: rows of the constant where they are packed, else its bytes.
Tensor cut_of(const PlanValue& value) { return value.layout ? value.bound : as_bytes(value.bound); }

// Rows of a piece: whole groups.
int64_t piece_rows(const PlanValue& value) {
  if (!value.layout) return kPieceBytes;
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

bool WeightPool::wanted(const PlanValue& value) const {
  return value.place == Place::weight && (value.layout || value.side == kAccelerator || in_file(value.bound));
}

// Of the memory that a piece is read to, and packed to. What stays on the host as it is read goes straight to its place.
uint64_t WeightPool::read_bytes(const PlanValue& value) const {
  if (!in_file(value.bound) || (!value.layout && value.side == kHost)) return 0;
  return std::min<uint64_t>(uint64_t(piece_rows(value)) * layout_row_bytes(cut_of(value)), value.layout ? UINT64_MAX : value.bound.bytes());
}
uint64_t WeightPool::packed_bytes(const PlanValue& value) const {
  if (!value.layout || value.side == kHost) return 0;
  return value.layout->bytes(rows_of(value.bound, 0, std::min(piece_rows(value), value.bound.dim[0]), nullptr));
}

WeightBytes WeightPool::reserve(const Plan& plan) {
  WeightBytes bytes;
  uint64_t read = 0, packed = 0;
  for (const PlanValue& value : plan.values) {
    if (!wanted(value) || !buffers_of(value.bound).try_emplace(key_of(value)).second) continue;
    (value.side == kHost ? bytes.held : bytes.on_accelerator) += value.layout ? value.layout->bytes(value.bound) : value.bound.bytes();
    read = std::max(read, read_bytes(value)), packed = std::max(packed, packed_bytes(value));
  }
  bytes.staging = read + packed;
  return bytes;
}

// Where the piece lies: in memory, or read to `to`.
std::byte* WeightPool::read_piece(const Tensor& piece, size_t skipped, Filling& filling, std::byte* to) {
  if (!in_file(piece)) return piece.data + skipped;
  std::exception_ptr failure;
  uint64_t offset = uint64_t(piece.data - file_->bytes.data()) + skipped;
  filling.work.during_step([&] { failure = read_shared(*file_, offset, piece.bytes(), to, filling.work); });
  if (failure) std::rethrow_exception(failure);
  filling.work.control.require();
  return to;
}

void WeightPool::put_piece(const PlanValue& value, const Tensor& piece, std::byte* out, Filling& filling) {
  const std::byte* ready = piece.data;
  if (value.layout) {
    std::byte* to = value.side == kHost ? out : filling.packed.data();
    filling.work.during_step([&] { value.layout->pack(piece, to, filling.work); });
    filling.work.control.require();
    ready = to;
  }
  if (value.side == kHost) return;
  size_t size = value.layout ? value.layout->bytes(piece) : piece.bytes();
  if (Status status = filling.accelerator->upload(out, ready, size); status != Status::ok)
    fail_about(status, value.name, "{} does not reach '{}': {}", value.name, filling.accelerator->name(), filling.accelerator->failure());
}

void WeightPool::fill_one(const PlanValue& value, Filling& filling) {
  Buffer buffer(value.layout ? value.layout->bytes(value.bound) : value.bound.bytes(), *accounts_.side[value.side], MemoryKind::weights, value.name);
  bool stays_as_read = !value.layout && value.side == kHost;
  Tensor whole = cut_of(value);
  int64_t step = stays_as_read ? whole.dim[0] : piece_rows(value);
  for (int64_t begin = 0; begin < whole.dim[0]; begin += step) {
    size_t skipped = size_t(begin) * layout_row_bytes(whole);
    Tensor piece = rows_of(whole, begin, std::min(whole.dim[0], begin + step), whole.data);
    std::byte* out = buffer.data() + (value.layout ? value.layout->bytes(rows_of(whole, 0, begin, nullptr)) : skipped);
    piece.data = read_piece(piece, skipped, filling, stays_as_read ? out : filling.read.data());
    if (!stays_as_read) put_piece(value, piece, out, filling);
  }
  buffers_of(value.bound)[key_of(value)] = std::move(buffer);
}

void WeightPool::fill(const Plan& plan, const Work& work) {
  auto missing = [&](const PlanValue& value) { return wanted(value) && !buffers_of(value.bound)[key_of(value)].data(); };
  uint64_t total = 0, done = 0, read = 0, packed = 0;
  for (const PlanValue& value : plan.values) {
    if (!missing(value)) continue;
    total += value.bound.bytes();
    read = std::max(read, read_bytes(value)), packed = std::max(packed, packed_bytes(value));
  }
  Filling filling{plan.device[kAccelerator], {}, {}, work};
  if (read) filling.read = Buffer(size_t(read), *accounts_.side[kHost], MemoryKind::scratch, "reading weights");
  if (packed) filling.packed = Buffer(size_t(packed), *accounts_.side[kHost], MemoryKind::scratch, "packing weights for the accelerator");
  for (const PlanValue& value : plan.values) {
    if (!missing(value)) continue;
    work.control.progress("repack", done, total);
    fill_one(value, filling);
    done += value.bound.bytes();
  }
  if (total) work.control.progress("repack", done, total);
}

std::byte* WeightPool::find(const PlanValue& value) const {
  const Buffers& buffers = buffers_of(value.bound);
  auto found = buffers.find(key_of(value));
  return found != buffers.end() ? found->second.data() : value.layout || value.side == kAccelerator ? nullptr : value.bound.data;
}

}  // namespace prm
