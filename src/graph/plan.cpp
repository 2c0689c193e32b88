// Planning: kernels and layouts, then lifetimes, then memory. Launch order is the graph's own order.
#include "graph/plan.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"

namespace prm {

namespace {

constexpr size_t kManyValues = 4096;  // of an arena, from which on it is laid out in a time that grows with their number alone

// Memory that is free between values, by place and by size.
struct FreeBlocks {
  Map<size_t, size_t> by_offset;
  Set<std::pair<size_t, size_t>> by_size;
  size_t end = 0;

  void add(size_t offset, size_t bytes) {
    auto next = by_offset.lower_bound(offset);
    if (next != by_offset.end() && next->first == offset + bytes) bytes += next->second, next = remove(next);
    if (next != by_offset.begin())
      if (auto before = std::prev(next); before->first + before->second == offset) offset = before->first, bytes += before->second, remove(before);
    by_offset[offset] = bytes;
    by_size.insert({bytes, offset});
  }
  // The smallest that is large enough; else the last one, or the end, is made larger.
  size_t take(size_t bytes) {
    auto found = by_size.lower_bound({bytes, 0});
    if (found == by_size.end()) {
      bool at_end = !by_offset.empty() && std::prev(by_offset.end())->first + std::prev(by_offset.end())->second == end;
      size_t offset = at_end ? std::prev(by_offset.end())->first : end;
      if (at_end) remove(std::prev(by_offset.end()));
      end = offset + bytes;
      return offset;
    }
    auto [size, offset] = *found;
    remove(by_offset.find(offset));
    if (size > bytes) add(offset + bytes, size - bytes);
    return offset;
  }

 private:
  Map<size_t, size_t>::iterator remove(Map<size_t, size_t>::iterator at) {
    by_size.erase({at->second, at->first});
    return by_offset.erase(at);
  }
};

struct Planner {
  const Graph& graph;
  const PlanOptions& options;
  Plan plan;
  Vector<const Kernel*> choice;                                 // per node; null = reference
  Map<ValueId, Vector<const Layout*>> layouts;             // of constants, as chosen so far
  Map<std::pair<ValueId, const Layout*>, int> placed;           // plan value of a graph value
  Map<int, ValueId> latest;                                     // newest version of each state, by root

  Tensor bound(ValueId v) const {
    const Value& value = graph[v];
    Tensor t = value.data;
    t.dtype = value.dtype;
    t.rank = uint8_t(value.shape.rank);
    for (int i = 0; i < t.rank; ++i) t.dim[i] = value_of(value.shape.dims[i], plan.bounds.data());
    return t;
  }

  void bind_bounds() {
    plan.dims = graph.dims;
    plan.device = options.device;
    plan.bounds.assign(size_t(graph.dims.size()), 0);
    for (int i = 0; i < graph.dims.size(); ++i) {
      if (!graph.dims.is_symbol(i)) continue;
      auto found = options.bounds.find(graph.dims.name(i));
      if (found == options.bounds.end()) fail(Status::internal, "plan: dimension '{}' has no upper bound", graph.dims.name(i));
      plan.bounds[size_t(i)] = found->second;
    }
    plan.dims.evaluate(plan.bounds.data(), true);
  }

  KernelQuery query(const Node& n) const {
    KernelQuery q{*n.op, n.attr, int(n.in.size()), {}, {}, graph[n.out[0]].dtype};
    for (size_t i = 0; i < n.in.size(); ++i) {
      q.in[i] = bound(n.in[i]);
      q.constant[i] = graph[n.in[i]].kind == ValueKind::constant;
    }
    return q;
  }

  bool has_layout(ValueId v, const Layout* layout) const {
    auto found = layouts.find(v);
    return found != layouts.end() && std::count(found->second.begin(), found->second.end(), layout);
  }

  // A kernel that takes the constants as they are packed already (or plain) comes before one that needs another copy.
  bool usable(const Kernel& kernel, const Node& n, const KernelQuery& q, bool no_new_copy) const {
    if (std::strcmp(kernel.op, n.op->name) || !kernel.accepts(q)) return false;
    for (int i = 0; i < q.inputs; ++i) {
      if (kernel.layout[i] && !q.constant[i]) return false;
      if (no_new_copy && kernel.layout[i] && !has_layout(n.in[size_t(i)], kernel.layout[i])) return false;
      if (no_new_copy && q.constant[i] && !kernel.layout[i] && layouts.count(n.in[size_t(i)])) return false;
    }
    return true;
  }

  void choose(size_t index) {
    const Node& n = graph.nodes[index];
    KernelQuery q = query(n);
    for (bool no_new_copy : {true, false}) {
      for (const Kernel& kernel : options.device->kernels())
        if (!choice[index] && usable(kernel, n, q, no_new_copy && !heavy(n))) choice[index] = &kernel;
    }
    if (!choice[index] && !n.op->view) ++plan.fallbacks;
    for (int i = 0; i < q.inputs; ++i) {
      const Layout* layout = choice[index] ? choice[index]->layout[i] : nullptr;
      if (q.constant[i] && layout && !has_layout(n.in[size_t(i)], layout)) layouts[n.in[size_t(i)]].push_back(layout);
    }
  }

  Cost cost(const Node& n) const {
    Tensor in[kMaxInputs], out[kMaxOutputs];
    OpArgs args;
    args.attr = &n.attr;
    for (size_t i = 0; i < n.in.size(); ++i) in[i] = bound(n.in[i]), args.in[i] = &in[i];
    for (size_t i = 0; i < n.out.size(); ++i) out[i] = bound(n.out[i]), args.out[i] = &out[i];
    return n.op->cost(args);
  }

  // Arithmetic dominates memory traffic: such a node earns a layout of its own; others read what is there.
  bool heavy(const Node& n) const {
    Cost c = cost(n);
    return c.flops > 0.25 * c.bytes;
  }

  void choose_all() {
    choice.assign(graph.nodes.size(), nullptr);
    Vector<double> flops(graph.nodes.size());
    for (size_t i = 0; i < flops.size(); ++i) flops[i] = cost(graph.nodes[i]).flops;
    Vector<size_t> order(graph.nodes.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return flops[a] > flops[b]; });
    for (size_t i : order) choose(i);
  }

  int place(ValueId v, Place where, const Layout* layout) {
    const Value& value = graph[v];
    int id = int(plan.values.size());
    plan.values.push_back({value.name, where, id, bound(v), value.shape, layout, 0, 0, -1});
    placed[{v, layout}] = id;
    if (value.keep) plan.keep.push_back(value.keep);
    return id;
  }

  int need(ValueId v, const Layout* layout) {
    if (auto found = placed.find({v, layout}); found != placed.end()) return found->second;
    switch (graph[v].kind) {
      case ValueKind::constant: return place(v, Place::weight, layout);
      case ValueKind::state: return place(v, Place::state, nullptr);
      case ValueKind::input: return place(v, Place::input, nullptr);
      default: fail(Status::internal, "plan: '{}' is used before it is made", graph[v].name);
    }
  }

  void note_definitions(ValueId v, int id) {
    const Shape& shape = graph[v].shape;
    for (int i = 0; i < shape.rank; ++i)
      if (!shape[i].literal() && plan.dims.is_defined(shape[i].expression))
        plan.definitions.push_back({plan.launches.size(), id, i, shape[i].expression});
  }

  void emit(size_t index) {
    const Node& n = graph.nodes[index];
    const Kernel* kernel = choice[index];
    PlanLaunch launch{n.op, kernel ? kernel->name : "reference", kernel ? kernel->run : n.op->reference, n.attr, n.name};
    for (ValueId v : n.in) {
      int id = need(v, kernel ? kernel->layout[launch.inputs] : nullptr);
      auto newest = latest.find(plan.values[size_t(id)].root);
      if (newest != latest.end() && newest->second != v)
        fail(Status::internal, "plan: '{}' reads '{}' after '{}' replaced it", n.name, graph[v].name, graph[newest->second].name);
      launch.in[launch.inputs++] = id;
    }
    if (n.op->view) {
      int id = place(n.out[0], Place::arena, nullptr);
      plan.values[size_t(id)].root = plan.values[size_t(launch.in[0])].root;
      return;
    }
    for (ValueId v : n.out) {
      int id = place(v, Place::arena, nullptr);
      if (int from = n.op->alias ? n.op->alias(n.attr, launch.outputs) : -1; from >= 0) {
        int root = plan.values[size_t(launch.in[from])].root;
        plan.values[size_t(id)].root = root;
        latest[root] = v;
      }
      if (n.op->defines) note_definitions(v, id);
      launch.out[launch.outputs++] = id;
    }
    plan.launches.push_back(std::move(launch));
  }

  void lifetimes() {
    int end = int(plan.launches.size());
    auto root_of = [&](int id) -> PlanValue& { return plan.values[size_t(plan.values[size_t(id)].root)]; };
    for (int i = 0; i < end; ++i) {
      const PlanLaunch& launch = plan.launches[size_t(i)];
      for (int j = 0; j < launch.outputs; ++j) {
        PlanValue& value = plan.values[size_t(launch.out[j])];
        if (value.root == launch.out[j]) value.first = i;
        root_of(launch.out[j]).last = i;
      }
      for (int j = 0; j < launch.inputs; ++j) root_of(launch.in[j]).last = i;
    }
    for (auto& [name, id] : plan.io) root_of(id).last = end;
    for (PlanValue& value : plan.values)
      if (value.place == Place::input) value.first = 0, value.last = end;  // written before the run, kept for the next
  }

  size_t bytes_of(int id) const { return round_up(plan.values[size_t(id)].bound.bytes(), kAlignment); }

  // In the order of their first launches, each where something as small as possible is free.
  void lay_out_in_order(Vector<int> order) {
    auto value_of_id = [&](int id) -> PlanValue& { return plan.values[size_t(id)]; };
    Vector<int> ends = order;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return value_of_id(a).first < value_of_id(b).first; });
    std::stable_sort(ends.begin(), ends.end(), [&](int a, int b) { return value_of_id(a).last < value_of_id(b).last; });
    FreeBlocks free;
    size_t ended = 0;
    for (int id : order) {
      for (; value_of_id(ends[ended]).last < value_of_id(id).first; ++ended)
        if (size_t bytes = bytes_of(ends[ended])) free.add(value_of_id(ends[ended]).offset, bytes);
      size_t bytes = bytes_of(id);
      if (bytes) value_of_id(id).offset = free.take(bytes);
      plan.unshared_bytes += bytes;
    }
    plan.arena_bytes = free.end;
  }

  // Largest first, each at the lowest offset where nothing alive at the same time lies.
  void lay_out_arena() {
    Vector<int> order;
    for (int i = 0; i < int(plan.values.size()); ++i) {
      const PlanValue& value = plan.values[size_t(i)];
      if (value.root == i && (value.place == Place::arena || value.place == Place::input)) order.push_back(i);
    }
    if (order.size() > kManyValues) return lay_out_in_order(std::move(order));
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return bytes_of(a) > bytes_of(b); });
    Vector<int> done;  // by ascending offset
    for (int id : order) {
      PlanValue& value = plan.values[size_t(id)];
      size_t at = 0, bytes = bytes_of(id);
      for (int other_id : done) {
        const PlanValue& other = plan.values[size_t(other_id)];
        bool together = other.first <= value.last && value.first <= other.last;
        if (!together || other.offset + bytes_of(other_id) <= at) continue;
        if (other.offset >= at + bytes) break;
        at = other.offset + bytes_of(other_id);
      }
      value.offset = at;
      done.insert(std::upper_bound(done.begin(), done.end(), at, [&](size_t o, int d) { return o < plan.values[size_t(d)].offset; }), id);
      plan.arena_bytes = std::max(plan.arena_bytes, at + bytes);
      plan.unshared_bytes += bytes;
    }
  }

  void count_memory() {
    for (int i = 0; i < int(plan.values.size()); ++i) {
      const PlanValue& value = plan.values[size_t(i)];
      if (value.place == Place::state && value.root == i) plan.state_bytes += value.bound.bytes();
    }
  }
};

}  // namespace

int Plan::symbol(const String& name) const {
  int id = dims.find(name);
  if (id < 0) fail(Status::internal, "plan has no dimension '{}'", name);
  return id;
}

Plan make_plan(const Graph& graph, const PlanOptions& options) {
  Planner planner{graph, options, {}, {}, {}, {}, {}};
  planner.bind_bounds();
  planner.choose_all();
  for (size_t i = 0; i < graph.nodes.size(); ++i) planner.emit(i);
  for (ValueId v : graph.outputs) planner.plan.io[graph[v].name] = planner.need(v, nullptr);
  for (size_t i = 0; i < graph.values.size(); ++i)
    if (graph.values[i].kind == ValueKind::input) planner.need(ValueId(i), nullptr);  // also one that nobody reads
  for (size_t i = 0; i < planner.plan.values.size(); ++i)
    if (planner.plan.values[i].place == Place::input) planner.plan.io[planner.plan.values[i].name] = int(i);
  planner.lifetimes();
  planner.lay_out_arena();
  planner.count_memory();
  return std::move(planner.plan);
}

}  // namespace prm
