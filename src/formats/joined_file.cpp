#include "formats/joined_file.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"
#include "base/system_file.h"

namespace prm {

namespace {

void convert(const std::byte* from, DType type, float plus, size_t count, std::byte* to) {
  for (size_t i = 0; i < count; ++i) {
    float value;
    uint16_t half;
    if (type == DType::f32) {
      std::memcpy(&value, from + i * 4, 4);
    } else {
      std::memcpy(&half, from + i * 2, 2);
      value = type == DType::f16 ? half_to_float(half) : bf16_to_float(half);
    }
    value += plus;
    std::memcpy(to + i * 4, &value, 4);
  }
}

}  // namespace

struct JoinedFile : FileBytes {
  Vector<FileJoiner::Placed> pieces;
  ~JoinedFile() override {
    if (!bytes.empty()) release_addresses(const_cast<std::byte*>(bytes.data()), bytes.size());
  }

  void copy(uint64_t offset, size_t size, std::byte* to) const override {
    auto after = [](uint64_t at, const FileJoiner::Placed& placed) { return at < placed.begin; };
    auto next = std::upper_bound(pieces.begin(), pieces.end(), offset, after);
    if (next == pieces.begin()) fail(Status::internal, "{}: a read at {}, in front of all pieces", name, offset);
    for (auto placed = next - 1; size > 0; ++placed) {
      if (placed == pieces.end() || offset < placed->begin || offset - placed->begin >= placed->size)
        fail(Status::internal, "{}: a read at {}, where no piece lies", name, offset);
      uint64_t at = offset - placed->begin;
      size_t n = size_t(std::min<uint64_t>(size, placed->size - at));
      if (placed->piece.to_f32) read_values(placed->piece, at, n, to);
      else placed->piece.file->read(placed->piece.offset + at, n, to);
      offset += n, size -= n, to += n;
    }
  }

  static void read_values(const FilePiece& piece, uint64_t at, size_t size, std::byte* to) {
    if (at % 4 || size % 4) fail(Status::internal, "{}: a read of parts of values", piece.file->name);
    std::byte raw[4096];
    size_t width = size_t(info(piece.from).bytes), most = sizeof raw / width;
    uint64_t from = piece.offset + at / 4 * width;
    for (size_t left = size / 4, n; left > 0; left -= n, from += n * width, to += n * 4) {
      n = std::min(left, most);
      piece.file->read(from, n * width, raw);
      convert(raw, piece.from, piece.plus, n, to);
    }
  }
};

uint64_t FileJoiner::align() {
  if (!checked_add(size_, 63, size_)) fail(Status::limit, "the model's files are too large together");
  return size_ &= ~uint64_t(63);
}

void FileJoiner::add(const FilePiece& piece) {
  uint64_t size = piece.bytes;
  if (piece.to_f32 && !checked_mul(size / uint64_t(info(piece.from).bytes), 4, size)) size = UINT64_MAX;
  uint64_t begin = size_;
  if (!checked_add(size_, size, size_))
    fail_about(Status::limit, piece.file->name, "{}: the model's files are too large together", piece.file->name);
  if (size) pieces_.push_back({begin, size, piece});
}

FilePtr FileJoiner::finish(std::string_view name) {
  auto joined = make_charged<JoinedFile>();
  joined->name = name;
  joined->in_memory = false;
  joined->pieces = std::move(pieces_);
  for (const Placed& placed : joined->pieces) joined->one_reader = joined->one_reader || placed.piece.file->one_reader;
  if (size_ > SIZE_MAX / 2)
    fail_about(Status::limit, name, "{}: {} bytes of tensors are too many for this system's addresses", name, size_);
  if (size_ == 0) return joined;
  std::byte* addresses = reserve_addresses(size_t(size_));
  if (!addresses)
    fail_about(Status::out_of_memory, name, "{}: the system has no range of {} addresses left", name, size_);
  joined->bytes = {addresses, size_t(size_)};
  return joined;
}

}  // namespace prm
