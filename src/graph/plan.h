// Plan: immutable and shareable; everything that can fail fails while it is made. PlanState: the memory of one runner. Upper bounds at
// plan time, extents at run time: one plan serves every token count.
#pragma once
#include <memory>

#include "graph/device.h"
#include "graph/graph.h"

namespace prm {

enum class Place : uint8_t { arena, input, weight, state };

// Where a launch runs and where a value lies: the CPU in the host's memory, or the accelerator that a plan may have.
enum Side : uint8_t { kHost, kAccelerator };
inline constexpr int kSides = 2;

struct PlanValue {
  String name;
  Place place;
  Side side;
  int root;         // the value whose memory this one is: itself, or the state it is a version of
  Tensor bound;     // extents at the upper bounds; constants: the plain data too
  Shape shape;
  const Layout* layout = nullptr;
  size_t offset = 0;         // in the arena
  int first = 0, last = -1;  // launches that need it
};

struct PlanLaunch {
  const Op* op;
  Side side;
  const char* kernel;  // "reference" when the device has none
  void (*run)(const OpArgs&);
  Attr attr;
  String name;
  int inputs = 0, outputs = 0;
  int in[kMaxInputs] = {}, out[kMaxOutputs] = {};
  int scratch = -1;  // a value of this launch's own
};

// An extent that a launch finds: dimension `axis` of a value of its own.
struct PlanDefinition {
  size_t launch;
  int value, axis, expression;
};

// Neighbouring launches of one side, up to one that finds extents.
struct PlanSegment {
  Side side;
  size_t begin, end;
};

struct PlanOptions {
  Device* device = nullptr;       // the host's
  Map<String, int64_t> bounds;    // upper bound of every symbol
  Device* accelerator = nullptr;  // gets what it has kernels for
  Vector<bool> on_host = {};      // nodes that it does not get though it could; empty: none
};

struct PlanBytes {
  size_t arena = 0, states = 0;
  size_t unshared = 0;  // what the arena would take without reuse
};

struct Plan {
  DimTable dims;
  Vector<int64_t> bounds;
  Device* device[kSides] = {};
  Vector<PlanValue> values;
  Vector<PlanLaunch> launches;
  Vector<PlanSegment> segments;
  Vector<PlanDefinition> definitions;  // in the order of the launches
  Vector<std::shared_ptr<const void>> keep;  // owners of the constants
  Map<String, int, std::less<>> io;                  // inputs and outputs by name
  PlanBytes bytes[kSides];
  int fallbacks = 0;                              // launches that run their reference

  int symbol(const String& name) const;      // expression of a symbol, for Binding
};

Plan make_plan(const Graph& graph, const PlanOptions& options);

// The accounts that memory of each side is charged to.
struct MemoryAccounts {
  MemoryAccount* side[kSides] = {};
  MemoryAccounts(MemoryAccount& host, MemoryAccount* accelerator = nullptr) : side{&host, accelerator} {}
};

class WeightPool;

struct Binding {
  int symbol;
  int64_t value;
};

class PlanState {
 public:
  explicit PlanState(std::shared_ptr<const Plan> plan);
  // Takes the memory of states and arena and binds all addresses; `weights` must hold what the plan needs and outlive this.
  // `accounts` by side; plans without an accelerator need the host's alone.
  void allocate(const WeightPool& weights, const MemoryAccounts& accounts);
  Tensor& io(std::string_view name);  // inputs before a run, outputs after it
  // Runs all launches. Allocates nothing. Fails with invalid_argument when an extent is over its bound.
  Status run(std::span<const Binding> bindings, const Work& work);
  const Plan& plan() const { return *plan_; }

 private:
  void set_extents();
  Status run_launches(const Device*& failed);
  std::shared_ptr<const Plan> plan_;
  Buffer arena_[kSides];
  Map<int, Buffer> states_;
  Vector<Tensor> tensors_;
  Vector<Launch> launches_;
  Vector<int64_t> extents_;
  Work work_;
};

}  // namespace prm
