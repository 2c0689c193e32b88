// WeightPool: constants as plans want them, shared by plans.
#pragma once
#include <tuple>

#include "base/file.h"
#include "graph/plan.h"

namespace prm {

// What loading will take: all of it stays but the staging, which is gone when the states and the arena come.
struct WeightBytes {
  uint64_t held = 0;
  uint64_t staging = 0;  // where pieces of a file are read to before they are packed, and packed before they are uploaded
  uint64_t on_accelerator = 0;
};

// Constants by (data, layout, side): packed, or plain where they are read from a file or go to an accelerator. What lies in the host's
// memory anyway and is wanted plain there stays where it is.
class WeightPool {
 public:
  // `file`: where constants come from whose addresses are its; others lie in memory. Null when all do. It and the accounts outlive
  // the pool.
  WeightPool(const MemoryAccounts& accounts, const FileBytes* file) : accounts_(accounts), file_(file && !file->in_memory ? file : nullptr) {}
  // For plans whose constants in memory go when they do: those it holds itself, all that lie in the file another pool, which
  // outlives it.
  WeightPool(const MemoryAccounts& accounts, WeightPool& shared) : accounts_(accounts), file_(shared.file_), shared_(&shared) {}
  // Takes note of what the plan needs and the pool lacks; returns the bytes that fill() will charge for it.
  WeightBytes reserve(const Plan& plan);
  // Reads, packs and uploads it, piece by piece. Progress stage "repack" in plain bytes. When it fails, what was done stays.
  void fill(const Plan& plan, const Work& work);
  std::byte* find(const PlanValue& value) const;

 private:
  using Key = std::tuple<const std::byte*, const Layout*, Side>;
  using Buffers = Map<Key, Buffer>;
  struct Filling {
    Device* accelerator;
    Buffer read, packed;  // a piece each
    const Work& work;
  };
  static Key key_of(const PlanValue& value) { return {value.bound.data, value.layout, value.side}; }
  Buffers& buffers_of(const Tensor& plain) { return shared_ && in_file(plain) ? shared_->buffers_ : buffers_; }
  const Buffers& buffers_of(const Tensor& plain) const { return shared_ && in_file(plain) ? shared_->buffers_ : buffers_; }
  bool in_file(const Tensor& plain) const;
  bool wanted(const PlanValue& value) const;
  uint64_t read_bytes(const PlanValue& value) const;
  uint64_t packed_bytes(const PlanValue& value) const;
  void fill_one(const PlanValue& value, Filling& filling);
  std::byte* read_piece(const Tensor& piece, size_t skipped, Filling& filling, std::byte* to);
  void put_piece(const PlanValue& value, const Tensor& piece, std::byte* out, Filling& filling);
  MemoryAccounts accounts_;
  const FileBytes* file_;
  WeightPool* shared_ = nullptr;
  Buffers buffers_;
};

}  // namespace prm
