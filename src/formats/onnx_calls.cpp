// How much stands in a model once functions are in place of their calls. Calls of calls multiply: a file of a few kB can
// describe 2^64 nodes, so they are counted and never made.
#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "formats/onnx_reader.h"

namespace prm {

namespace {

enum class Mark : uint8_t { unseen, open, done };

struct Cost {
  Mark mark = Mark::unseen;
  uint64_t nodes = 0;   // all in all; the most that there are where it does not fit
  uint32_t depth = 0;   // of calls, its own among them
};

struct Visit {
  uint32_t function;
  Map<uint32_t, uint64_t>::const_iterator next;
};

void add_calls(uint64_t& nodes, uint64_t times, uint64_t each) {
  uint64_t product;
  if (!checked_mul(times, each, product) || !checked_add(nodes, product, nodes)) nodes = UINT64_MAX;
}

}  // namespace

void check_onnx_calls(const OnnxReader& reader, const OnnxBody& main, const Vector<OnnxBody>& bodies) {
  Vector<Cost> costs(bodies.size());
  Vector<Visit> open;
  auto begin = [&](uint32_t function) {
    costs[function] = {Mark::open, bodies[function].nodes, 1};
    open.push_back({function, bodies[function].calls.begin()});
  };
  for (uint32_t root = 0; root < bodies.size(); ++root) {
    if (costs[root].mark == Mark::unseen) begin(root);
    while (!open.empty()) {
      Visit& visit = open.back();
      Cost& cost = costs[visit.function];
      std::string_view name = reader.model.functions[visit.function].name;
      if (visit.next == bodies[visit.function].calls.end()) {
        if (cost.depth > reader.limits.call_depth)
          fail_about(Status::limit, reader.file->name, "{}: calls of function '{}' are nested {} deep, the limit is {}", reader.file->name, name, cost.depth, reader.limits.call_depth);
        cost.mark = Mark::done;
        open.pop_back();
        continue;
      }
      auto [callee, times] = *visit.next;
      const Cost& inner = costs[callee];
      if (inner.mark == Mark::open) reader.bad(format_message("function '{}' calls itself through '{}'", reader.model.functions[callee].name, name));
      if (inner.mark == Mark::unseen) {
        begin(callee);  // and comes back to this call
        continue;
      }
      add_calls(cost.nodes, times, inner.nodes);
      cost.depth = std::max(cost.depth, inner.depth + 1);
      ++visit.next;
    }
  }
  uint64_t nodes = main.nodes;
  for (auto& [callee, times] : main.calls) add_calls(nodes, times, costs[callee].nodes);
  if (nodes > reader.limits.nodes)
    fail_about(Status::limit, reader.file->name, "{}: with functions in place of their calls there are {}{} nodes, the limit is {}", reader.file->name,
               nodes == UINT64_MAX ? "more than " : "", nodes, reader.limits.nodes);
}

}  // namespace prm
