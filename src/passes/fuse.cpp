// Neutral pass: fusion. First matmuls that read one value, then runs of row-wise ops between them.
#include <algorithm>

#include "graph/rewrite.h"
#include "ops/fused_rows.h"
#include "passes/passes.h"

namespace prm {

namespace {

// The forms that the device has kernels for; all of them where there is none.
struct Forms {
  const Graph& graph;
  const Device* device;

  bool have(const Op& op, const Attr& attr, const Vector<ValueId>& in) const {
    if (!device) return true;
    KernelQuery q{op, attr, int(in.size()), {}};
    for (size_t i = 0; i < in.size(); ++i) {
      const Value& value = graph[in[i]];
      q.in[i] = value.data;
      q.in[i].dtype = value.dtype, q.in[i].rank = uint8_t(value.shape.rank);
      for (int d = 0; d < value.shape.rank; ++d) q.in[i].dim[d] = value.shape[d].literal() ? value.shape[d].value : 1;
      q.constant[i] = value.kind == ValueKind::constant;
    }
    return std::ranges::any_of(device->kernels(), [&](const Kernel& kernel) { return String(kernel.op) == op.name && kernel.accepts(q); });
  }
};

const Node* constant_matmul(const Graph& graph, const Node* n) {
  return n && n->op == &kMatmul && graph[n->in[1]].kind == ValueKind::constant ? n : nullptr;
}

// gate and up of `n` when it is a gated activation of two matmuls of one x that nobody else reads.
bool gated_pair(const Graph& graph, const Vector<int>& readers, const Node& n, const Node*& gate, const Node*& up) {
  if (n.op != &kGlu) return false;
  auto producer = [&](ValueId v) { return graph[v].producer < 0 || readers[size_t(v)] != 1 ? nullptr : &graph.nodes[size_t(graph[v].producer)]; };
  gate = constant_matmul(graph, producer(n.in[0]));
  up = constant_matmul(graph, producer(n.in[1]));
  return gate && up && gate->in[0] == up->in[0];
}

Graph fuse_matmuls(const Graph& graph, const Device* device) {
  Forms forms{graph, device};
  Vector<int> readers = Readers(graph).count;
  Map<const Node*, std::pair<const Node*, const Node*>> pairs;  // of a gated activation
  Set<const Node*> gone;
  for (const Node& n : graph.nodes) {
    const Node *gate, *up;
    if (!gated_pair(graph, readers, n, gate, up) || !forms.have(kMatmulGlu, n.attr, {gate->in[0], gate->in[1], up->in[1]})) continue;
    pairs[&n] = {gate, up};
    gone.insert({gate, up});
  }
  Map<ValueId, Vector<const Node*>> by_x;  // of the other matmuls
  for (const Node& n : graph.nodes)
    if (constant_matmul(graph, &n) && !gone.count(&n) && by_x[n.in[0]].size() < size_t(kMaxOutputs)) by_x[n.in[0]].push_back(&n);
  Rewriter r(graph);
  for (const Node& n : graph.nodes) {
    if (gone.count(&n)) continue;
    if (auto pair = pairs.find(&n); pair != pairs.end()) {
      auto [gate, up] = pair->second;
      r.map[size_t(n.out[0])] = matmul_glu(r.to, r.use(gate->in[0]), r.use(gate->in[1]), r.use(up->in[1]), n.attr.as<GluAttr>().gate, n.name);
      continue;
    }
    auto group = by_x.find(n.in.empty() ? -1 : n.in[0]);
    Vector<ValueId> in;
    if (group != by_x.end() && group->second.size() > 1 && group->second[0] == &n) {
      in.push_back(n.in[0]);
      for (const Node* member : group->second) in.push_back(member->in[1]);
    }
    if (in.empty() || !forms.have(kMatmulGroup, {}, in)) {
      r.copy(n);
      continue;
    }
    Vector<ValueId> weights;
    String name;
    for (const Node* member : group->second) weights.push_back(r.use(member->in[1])), name += (name.empty() ? "" : "+") + member->name;
    matmul_group(r.to, r.use(n.in[0]), weights, name);
    for (size_t i = 0; i < weights.size(); ++i) {
      const Node* member = group->second[i];
      ValueId made = r.to.nodes.back().out[i];
      r.to.values[size_t(made)].name = graph[member->out[0]].name;
      r.map[size_t(member->out[0])] = made;
      gone.insert(member);
    }
  }
  return r.finish();
}

RowStepKind step_kind(const Op* op) {
  constexpr std::pair<const Op*, RowStepKind> kKinds[] = {
      {&kRmsNorm, RowStepKind::rms_norm}, {&kAdd, RowStepKind::add}, {&kScale, RowStepKind::scale},       {&kRope, RowStepKind::rope},
      {&kGlu, RowStepKind::glu},          {&kQuantize, RowStepKind::quantize}, {&kKvWrite, RowStepKind::kv_write}};
  for (auto& [known, kind] : kKinds)
    if (known == op) return kind;
  return RowStepKind::none;
}

// The value whose rows a row-wise node works through; -1 where the node is none.
ValueId rows_of(const Graph& graph, const Node& n) {
  RowStepKind kind = step_kind(n.op);
  if (kind == RowStepKind::none) return -1;
  if (kind == RowStepKind::kv_write && graph[n.in[0]].kind != ValueKind::state) return -1;
  ValueId rows = n.in[kind == RowStepKind::kv_write ? 1 : 0];
  const Value& value = graph[rows];
  return value.shape.rank == 2 && value.shape[1].literal() && value.dtype == DType::f32 ? rows : -1;
}

// Row-wise nodes in the graph's order, held back until somebody else reads a result of theirs.
struct RowRun {
  Rewriter& r;
  const Vector<int>& readers;
  const Device* device;
  Vector<const Node*> nodes;

  bool makes(ValueId v) const {
    for (const Node* n : nodes)
      if (std::count(n->out.begin(), n->out.end(), v)) return true;
    return false;
  }
  bool feeds(const Node& n) const { return std::any_of(n.in.begin(), n.in.end(), [&](ValueId v) { return makes(v); }); }

  bool takes(const Node& n) const {
    if (nodes.empty()) return true;
    const Graph& graph = r.from;
    return graph[rows_of(graph, n)].shape[0] == graph[rows_of(graph, *nodes[0])].shape[0];
  }

  void flush() {
    emit(0, nodes.size());
    nodes.clear();
  }

  // One fused node when the members' operands, outputs and scratch fit; else its halves.
  void emit(size_t begin, size_t end) {
    if (end - begin < 2) {
      if (begin < end) r.copy(*nodes[begin]);
    } else if (!emit_fused(begin, end)) {
      emit(begin, begin + (end - begin) / 2);
      emit(begin + (end - begin) / 2, end);
    }
  }

  bool emit_fused(size_t begin, size_t end) {
    if (end - begin > size_t(kMaxRowSteps)) return false;
    const Graph& graph = r.from;
    Map<ValueId, int> operand, inner_reads;
    Vector<ValueId> in, out;
    RowsAttr attr;
    String name;
    size_t scratch = 0;
    for (size_t i = begin; i < end; ++i)
      for (ValueId v : nodes[i]->in) ++inner_reads[v];
    for (size_t i = begin; i < end; ++i) {
      const Node& n = *nodes[i];
      RowStep& step = attr.step[i - begin];
      step.kind = step_kind(n.op);
      for (size_t j = 0; j < n.in.size(); ++j) {
        auto [slot, added] = operand.try_emplace(n.in[j], int(in.size()));
        if (added) in.push_back(n.in[j]);
        step.in[j] = uint8_t(slot->second);
      }
      if (step.kind == RowStepKind::rms_norm) step.value = n.attr.as<NormAttr>().eps;
      if (step.kind == RowStepKind::scale) step.value = n.attr.as<ScaleAttr>().factor;
      if (step.kind == RowStepKind::rope) {
        RopeAttr rope = n.attr.as<RopeAttr>();
        step.option = uint8_t(rope.pairing), step.head_dim = uint16_t(rope.head_dim);
      }
      if (step.kind == RowStepKind::glu) step.option = uint8_t(n.attr.as<GluAttr>().gate);
      if (step.kind == RowStepKind::quantize) step.option = uint8_t(n.attr.as<DType>());
      ValueId made = n.out[0];
      operand[made] = kRowStepResult + int(i - begin);
      step.output = step.kind == RowStepKind::kv_write || readers[size_t(made)] > inner_reads[made];
      if (step.output) out.push_back(made);
      else scratch += row_scratch_bytes(graph[made].dtype, graph[made].shape[1].value);
      name += (name.empty() ? "" : "+") + n.name;
    }
    if (in.size() > size_t(kMaxInputs) || out.empty() || out.size() > size_t(kMaxOutputs) || scratch > size_t(kRowScratch)) return false;
    if (!Forms{graph, device}.have(kFusedRows, attr, in)) return false;
    Vector<ValueId> used;
    for (ValueId v : in) used.push_back(r.use(v));
    fused_rows(r.to, std::move(used), attr, name);
    for (size_t i = 0; i < out.size(); ++i) {
      ValueId made = r.to.nodes.back().out[i];
      r.to.values[size_t(made)].name = graph[out[i]].name;
      r.map[size_t(out[i])] = made;
    }
    return true;
  }
};

// A quantization stands in front of the first matmul that reads it; here it follows the value that it quantizes.
Graph fuse_rows(const Graph& graph, const Device* device) {
  Vector<int> readers = Readers(graph).count;
  Map<ValueId, Vector<const Node*>> quantized;
  for (const Node& n : graph.nodes)
    if (n.op == &kQuantize) quantized[n.in[0]].push_back(&n);
  Set<const Node*> moved;
  Rewriter r(graph);
  RowRun run{r, readers, device, {}};
  for (const Node& n : graph.nodes) {
    if (moved.count(&n)) continue;
    bool row_wise = rows_of(graph, n) >= 0;
    if (row_wise ? !run.takes(n) : run.feeds(n)) run.flush();
    if (!row_wise) {
      r.copy(n);
      continue;
    }
    run.nodes.push_back(&n);
    for (const Node* next : quantized[n.out[0]]) run.nodes.push_back(next), moved.insert(next);
  }
  run.flush();
  return r.finish();
}

}  // namespace

Graph fuse(const Graph& graph, const Device* device) { return fuse_rows(fuse_matmuls(graph, device), device); }

}  // namespace prm
