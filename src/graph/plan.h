// Plan: immutable and shareable; everything that can fail fails while it is made. PlanState: the memory of one runner.
// WeightPool: packed constants, shared by plans. Upper bounds at plan time, extents at run time: one plan serves every
// token count.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "graph/device.h"
#include "graph/graph.h"

namespace prm {

enum class Place : uint8_t { arena, input, weight, state };

struct PlanValue {
  std::string name;
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
  std::string name;
  int inputs = 0, outputs = 0;
  int in[kMaxInputs] = {}, out[kMaxOutputs] = {};
};

struct PlanOptions {
  Device* device = nullptr;
  std::map<std::string, int64_t> bounds;  // upper bound of every symbol
};

struct Plan {
  DimTable dims;
  std::vector<int64_t> bounds;
  Device* device = nullptr;
  std::vector<PlanValue> values;
  std::vector<PlanLaunch> launches;
  std::vector<std::shared_ptr<const void>> keep;  // owners of the constants
  std::map<std::string, int> io;                  // inputs and outputs by name
  size_t arena_bytes = 0, weight_bytes = 0, state_bytes = 0;
  size_t unshared_bytes = 0;                      // what the arena would take without reuse
  int fallbacks = 0;                              // launches that run their reference

  int symbol(const std::string& name) const;      // expression of a symbol, for Binding
};

Plan make_plan(const Graph& graph, const PlanOptions& options);

// Packed constants by (data, layout). `packed` is told of each plain constant that is not read any more.
class WeightPool {
 public:
  explicit WeightPool(MemoryAccount& account) : account_(account) {}
  // Packs what the plan needs and the pool lacks. Progress stage "repack" in plain bytes.
  void fill(const Plan& plan, const Work& work, const std::function<void(const Tensor& plain)>& packed);
  std::byte* find(const Tensor& plain, const Layout* layout) const;  // null when it is not there

 private:
  MemoryAccount& account_;
  std::map<std::pair<const std::byte*, const Layout*>, Buffer> buffers_;
};

struct Binding {
  int symbol;
  int64_t value;
};

class PlanState {
 public:
  // Allocates the arena and the states; `weights` must hold what the plan needs and outlive this.
  PlanState(std::shared_ptr<const Plan> plan, const WeightPool& weights, MemoryAccount& account);
  Tensor& io(const std::string& name);  // inputs before a run, outputs after it
  // Runs all launches. Allocates nothing. Fails with invalid_argument when an extent is over its bound.
  Status run(std::span<const Binding> bindings, const Work& work);
  const Plan& plan() const { return *plan_; }

 private:
  std::shared_ptr<const Plan> plan_;
  Buffer arena_;
  std::map<int, Buffer> states_;
  std::vector<Tensor> tensors_;
  std::vector<Launch> launches_;
  std::vector<int64_t> extents_;
  Work work_;
};

}  // namespace prm
