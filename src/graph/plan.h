// Plan: immutable and shareable; everything that can fail fails while it is made. PlanState: the memory of one runner.
// WeightPool: packed constants, shared by plans. Upper bounds at plan time, extents at run time: one plan serves every
// token count.
#pragma once
#include <memory>

#include "base/file.h"
#include "graph/device.h"
#include "graph/graph.h"

namespace prm {

enum class Place : uint8_t { arena, input, weight, state };

struct PlanValue {
  String name;
  Place place;
  int root;         // the value whose memory this one is: itself, or the state it is a version of
  Tensor bound;     // extents at the upper bounds; constants: the plain data too
  Shape shape;
  const Layout* layout = nullptr;
  size_t offset = 0;         // in the arena
  int first = 0, last = -1;  // launches that need it
};

struct PlanLaunch {
  const Op* op;
  const char* kernel;  // "reference" when the device has none
  void (*run)(const OpArgs&);
  Attr attr;
  String name;
  int inputs = 0, outputs = 0;
  int in[kMaxInputs] = {}, out[kMaxOutputs] = {};
};

// An extent that a launch finds: dimension `axis` of a value of its own.
struct PlanDefinition {
  size_t launch;
  int value, axis, expression;
};

struct PlanOptions {
  Device* device = nullptr;
  Map<String, int64_t> bounds;  // upper bound of every symbol
};

struct Plan {
  DimTable dims;
  Vector<int64_t> bounds;
  Device* device = nullptr;
  Vector<PlanValue> values;
  Vector<PlanLaunch> launches;
  Vector<PlanDefinition> definitions;  // in the order of the launches
  Vector<std::shared_ptr<const void>> keep;  // owners of the constants
  Map<String, int, std::less<>> io;                  // inputs and outputs by name
  size_t arena_bytes = 0, state_bytes = 0;
  size_t unshared_bytes = 0;                      // what the arena would take without reuse
  int fallbacks = 0;                              // launches that run their reference

  int symbol(const String& name) const;      // expression of a symbol, for Binding
};

Plan make_plan(const Graph& graph, const PlanOptions& options);

// What loading will take: all of it stays but the staging, which is gone when the states and the arena come.
struct WeightBytes {
  uint64_t held = 0;
  uint64_t staging = 0;  // where pieces of a file are read to before they are packed
};

// Constants as plans want them, by (data, layout): packed, or plain where they are read from a file. What lies in memory
// anyway and is wanted plain stays where it is.
class WeightPool {
 public:
  // `file`: where constants come from whose addresses are its; others lie in memory. Null when all do. It and the account outlive
  // the pool.
  WeightPool(MemoryAccount& account, const FileBytes* file) : account_(account), file_(file && !file->in_memory ? file : nullptr) {}
  // For plans whose constants in memory go when they do: those it holds itself, all that lie in the file another pool, which
  // outlives it.
  WeightPool(MemoryAccount& account, WeightPool& shared) : account_(account), file_(shared.file_), shared_(&shared) {}
  // Takes note of what the plan needs and the pool lacks; returns the bytes that fill() will charge for it.
  WeightBytes reserve(const Plan& plan);
  // Reads and packs it, piece by piece. Progress stage "repack" in plain bytes. When it fails, what was done stays.
  void fill(const Plan& plan, const Work& work);
  std::byte* find(const Tensor& plain, const Layout* layout) const;
 private:
  using Buffers = Map<std::pair<const std::byte*, const Layout*>, Buffer>;
  Buffers& buffers_of(const Tensor& plain) { return shared_ && in_file(plain) ? shared_->buffers_ : buffers_; }
  const Buffers& buffers_of(const Tensor& plain) const { return shared_ && in_file(plain) ? shared_->buffers_ : buffers_; }
  bool in_file(const Tensor& plain) const;
  bool wanted(const PlanValue& value) const;
  void fill_one(const PlanValue& value, Buffer& staging, const Work& work);
  MemoryAccount& account_;
  const FileBytes* file_;
  WeightPool* shared_ = nullptr;
  Buffers buffers_;
};

struct Binding {
  int symbol;
  int64_t value;
};

class PlanState {
 public:
  explicit PlanState(std::shared_ptr<const Plan> plan);
  // Takes the memory of states and arena and binds all addresses; `weights` must hold what the plan needs and outlive this.
  void allocate(const WeightPool& weights, MemoryAccount& account);
  Tensor& io(std::string_view name);  // inputs before a run, outputs after it
  // Runs all launches. Allocates nothing. Fails with invalid_argument when an extent is over its bound.
  Status run(std::span<const Binding> bindings, const Work& work);
  const Plan& plan() const { return *plan_; }

 private:
  void set_extents();
  Status run_launches();
  std::shared_ptr<const Plan> plan_;
  Buffer arena_;
  Map<int, Buffer> states_;
  Vector<Tensor> tensors_;
  Vector<Launch> launches_;
  Vector<int64_t> extents_;
  Work work_;
};

}  // namespace prm
