// Planning: sides, kernels and layouts, then launches, in the graph's own order; memory is plan_memory.cpp's.
#include "graph/plan.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "graph/plan_memory.h"

namespace prm {

namespace {

// Where a node runs, and by what; null: its reference.
struct Choice {
  const Kernel* kernel = nullptr;
  Side side = kHost;
};

struct Planner {
  const Graph& graph;
  const PlanOptions& options;
  Plan plan;
  Vector<Choice> choice;                                          // per node
  Map<std::pair<ValueId, Side>, Vector<const Layout*>> layouts;   // of constants, as chosen so far
  Map<std::tuple<ValueId, const Layout*, Side>, int> placed;      // plan value of a graph value
  Map<int, ValueId> latest;                                       // newest version of each state, by root

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
    plan.device[kHost] = options.device;
    plan.device[kAccelerator] = options.accelerator;
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

  bool has_layout(ValueId v, Side side, const Layout* layout) const {
    auto found = layouts.find({v, side});
    return found != layouts.end() && std::count(found->second.begin(), found->second.end(), layout);
  }

  static bool accepts(const Kernel& kernel, const Node& n, const KernelQuery& q) {
    if (std::strcmp(kernel.op, n.op->name) || !kernel.accepts(q)) return false;
    for (int i = 0; i < q.inputs; ++i)
      if (kernel.layout[i] && !q.constant[i]) return false;
    return true;
  }

  bool needs_new_copy(const Kernel& kernel, const Node& n, const KernelQuery& q, Side side) const {
    for (int i = 0; i < q.inputs; ++i) {
      if (kernel.layout[i] && !has_layout(n.in[size_t(i)], side, kernel.layout[i])) return true;
      if (q.constant[i] && !kernel.layout[i] && layouts.count({n.in[size_t(i)], side})) return true;
    }
    return false;
  }

  // A kernel that takes the constants as they are packed already (or plain) comes before one that needs another copy.
  void choose(size_t index) {
    const Node& n = graph.nodes[index];
    Choice& chosen = choice[index];
    KernelQuery q = query(n);
    const Kernel* first = nullptr;
    for (const Kernel& kernel : plan.device[chosen.side]->kernels()) {
      if (chosen.kernel || !accepts(kernel, n, q)) continue;
      if (!first) first = &kernel;
      if (heavy(n) || !needs_new_copy(kernel, n, q, chosen.side)) chosen.kernel = &kernel;
    }
    if (!chosen.kernel) chosen.kernel = first;
    if (!chosen.kernel && !n.op->view) ++plan.fallbacks;
    for (int i = 0; i < q.inputs; ++i) {
      const Layout* layout = chosen.kernel ? chosen.kernel->layout[i] : nullptr;
      if (q.constant[i] && layout && !has_layout(n.in[size_t(i)], chosen.side, layout)) layouts[{n.in[size_t(i)], chosen.side}].push_back(layout);
    }
  }

  bool accelerator_has(size_t index) const {
    if (index < options.on_host.size() && options.on_host[index]) return false;
    const Node& n = graph.nodes[index];
    KernelQuery q = query(n);
    return std::ranges::any_of(options.accelerator->kernels(), [&](const Kernel& kernel) { return accepts(kernel, n, q); });
  }

  // The accelerator gets what it has kernels for, but a state with all that reads and writes it as a whole: it is never copied.
  void choose_sides() {
    if (!options.accelerator) return;
    Vector<ValueId> state_of(graph.values.size(), -1);
    Set<ValueId> on_host;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node& n = graph.nodes[i];
      choice[i].side = accelerator_has(i) ? kAccelerator : kHost;
      for (ValueId v : n.in) {
        if (graph[v].kind == ValueKind::state) state_of[size_t(v)] = v;
        if (state_of[size_t(v)] >= 0 && choice[i].side == kHost && !n.op->view) on_host.insert(state_of[size_t(v)]);
      }
      for (size_t j = 0; j < n.out.size(); ++j) {
        int from = n.op->view ? 0 : n.op->alias ? n.op->alias(n.attr, int(j)) : -1;
        if (from >= 0) state_of[size_t(n.out[j])] = state_of[size_t(n.in[size_t(from)])];
      }
    }
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      for (ValueId v : graph.nodes[i].in)
        if (state_of[size_t(v)] >= 0 && on_host.count(state_of[size_t(v)])) choice[i].side = kHost;
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
    choice.assign(graph.nodes.size(), {});
    choose_sides();
    Vector<double> flops(graph.nodes.size());
    for (size_t i = 0; i < flops.size(); ++i) flops[i] = cost(graph.nodes[i]).flops;
    Vector<size_t> order(graph.nodes.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return flops[a] > flops[b]; });
    for (size_t i : order) choose(i);
  }

  int place(ValueId v, Place where, Side side, const Layout* layout) {
    const Value& value = graph[v];
    int id = int(plan.values.size());
    plan.values.push_back({value.name, where, side, id, bound(v), value.shape, layout, 0, 0, -1});
    placed[{v, layout, side}] = id;
    if (value.keep) plan.keep.push_back(value.keep);
    return id;
  }

  int need(ValueId v, Side side, const Layout* layout) {
    if (auto found = placed.find({v, layout, side}); found != placed.end()) return found->second;
    switch (graph[v].kind) {
      case ValueKind::constant: return place(v, Place::weight, side, layout);
      case ValueKind::state: return place(v, Place::state, side, nullptr);
      case ValueKind::input: return side == kHost ? place(v, Place::input, kHost, nullptr) : copy_over(v, need(v, kHost, nullptr), side);
      default: break;
    }
    auto other = placed.find({v, nullptr, side == kHost ? kAccelerator : kHost});
    if (other == placed.end()) fail(Status::internal, "plan: '{}' is used before it is made", graph[v].name);
    return copy_over(v, other->second, side);
  }

  // A value as the other side has it, made where it is first wanted there.
  int copy_over(ValueId v, int from, Side to) {
    const Op& op = to == kHost ? kToHost : kToDevice;
    auto kernels = options.accelerator->kernels();
    auto kernel = std::ranges::find_if(kernels, [&](const Kernel& k) { return !std::strcmp(k.op, op.name); });
    const PlanValue& source = plan.values[size_t(from)];
    if (kernel == kernels.end() || plan.values[size_t(source.root)].place == Place::state)
      fail(Status::internal, "plan: '{}' cannot be copied from or to '{}'", graph[v].name, options.accelerator->name());
    PlanLaunch launch{&op, kAccelerator, kernel->name, kernel->run, {}, graph[v].name};
    launch.inputs = launch.outputs = 1;
    launch.in[0] = from;
    launch.out[0] = place(v, Place::arena, to, nullptr);
    plan.launches.push_back(launch);
    return launch.out[0];
  }

  void note_definitions(ValueId v, int id) {
    const Shape& shape = graph[v].shape;
    for (int i = 0; i < shape.rank; ++i)
      if (!shape[i].literal() && plan.dims.is_defined(shape[i].expression))
        plan.definitions.push_back({plan.launches.size(), id, i, shape[i].expression});
  }

  // Where what it shows was made.
  void emit_view(const Node& n) {
    Side side = placed.count({n.in[0], nullptr, kAccelerator}) ? kAccelerator : kHost;
    int from = need(n.in[0], side, nullptr), id = place(n.out[0], Place::arena, side, nullptr);
    plan.values[size_t(id)].root = plan.values[size_t(from)].root;
  }

  void emit(size_t index) {
    const Node& n = graph.nodes[index];
    auto [kernel, side] = choice[index];
    if (n.op->view) return emit_view(n);
    PlanLaunch launch{n.op, side, kernel ? kernel->name : "reference", kernel ? kernel->run : n.op->reference, n.attr, n.name};
    for (ValueId v : n.in) {
      int id = need(v, side, kernel ? kernel->layout[launch.inputs] : nullptr);
      auto newest = latest.find(plan.values[size_t(id)].root);
      if (newest != latest.end() && newest->second != v)
        fail(Status::internal, "plan: '{}' reads '{}' after '{}' replaced it", n.name, graph[v].name, graph[newest->second].name);
      launch.in[launch.inputs++] = id;
    }
    for (ValueId v : n.out) {
      int id = place(v, Place::arena, side, nullptr);
      if (int from = n.op->alias ? n.op->alias(n.attr, launch.outputs) : -1; from >= 0) {
        int root = plan.values[size_t(launch.in[from])].root;
        plan.values[size_t(id)].root = root;
        latest[root] = v;
      }
      if (n.op->defines) note_definitions(v, id);
      launch.out[launch.outputs++] = id;
    }
    if (kernel && kernel->scratch) launch.scratch = place_scratch(kernel->scratch(query(n)), side, n.name);
    plan.launches.push_back(std::move(launch));
  }

  int place_scratch(size_t bytes, Side side, const String& name) {
    Shape shape;
    shape[shape.rank++] = int64_t(bytes);
    int id = int(plan.values.size());
    plan.values.push_back({name, Place::arena, side, id, Tensor(DType::u8, {int64_t(bytes)}), shape, nullptr, 0, 0, -1});
    return id;
  }

  void cut_segments() {
    auto finds = [&](size_t launch) { return std::ranges::any_of(plan.definitions, [&](const PlanDefinition& d) { return d.launch == launch; }); };
    for (size_t i = 0; i < plan.launches.size(); ++i) {
      Side side = plan.launches[i].side;
      if (plan.segments.empty() || plan.segments.back().side != side || finds(i - 1)) plan.segments.push_back({side, i, i});
      plan.segments.back().end = i + 1;
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
  for (ValueId v : graph.outputs) planner.plan.io[graph[v].name] = planner.need(v, kHost, nullptr);
  for (size_t i = 0; i < graph.values.size(); ++i)
    if (graph.values[i].kind == ValueKind::input) planner.need(ValueId(i), kHost, nullptr);  // also one that nobody reads
  for (size_t i = 0; i < planner.plan.values.size(); ++i)
    if (planner.plan.values[i].place == Place::input) planner.plan.io[planner.plan.values[i].name] = int(i);
  planner.cut_segments();
  lay_out_memory(planner.plan);
  return std::move(planner.plan);
}

}  // namespace prm
