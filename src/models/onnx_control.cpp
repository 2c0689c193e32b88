// If, Loop, Scan and Optional: branches that are known are put in their place, loops whose trips are known are unrolled.
#include <algorithm>
#include <limits>

#include "models/onnx_lists.h"
#include "ops/assemble.h"
#include "ops/indexing.h"
#include "ops/view.h"
#include "tensor/dense.h"

namespace prm {

namespace {

const OnnxGraph& body_of(const OnnxCall& c, std::string_view name) {
  const OnnxAttribute* found = c.attribute(name, OnnxAttributeKind::graph);
  c.need(found && found->graphs.size() == 1, format_text("it lacks attribute '{}'", name));
  return c.importer.model.graphs[found->graphs[0]];
}

uint32_t index_of(const OnnxCall& c, const OnnxGraph& graph) { return uint32_t(&graph - c.importer.model.graphs.data()); }

bool known_truth(const OnnxCall& c, ValueId v, const char* what) {
  if (!c.is_known(v)) c.unsupported(format_text("{} that is not known when the model is opened", what));
  Tensor data = c.contents(v);
  c.need(data.count() == 1 && data.dtype == DType::boolean, format_text("{} is not one truth value", what));
  return load_integer(data, 0) != 0;
}

void import_if(OnnxCall& c) {
  const OnnxGraph &then_branch = body_of(c, "then_branch"), &else_branch = body_of(c, "else_branch");
  const OnnxGraph& taken = known_truth(c, c.in(0), "a condition") ? then_branch : else_branch;
  c.need(int(taken.outputs.size()) == c.outputs(), "its branch has another number of outputs");
  OnnxScope scope{.around = &c.scope, .opsets = c.scope.opsets, .prefix = c.scope.prefix};
  Vector<ValueId> made = c.importer.import_graph(index_of(c, taken), scope);
  for (size_t i = 0; i < made.size(); ++i) c.out(int(i), made[i]);
}

// The body of a loop, once for each trip.
struct Unrolled {
  OnnxCall& c;
  const OnnxGraph& body;
  Map<std::string_view, ValueId> initializers = {};

  Unrolled(OnnxCall& call, const OnnxGraph& graph) : c(call), body(graph) { ++c.importer.repeating; }
  ~Unrolled() { --c.importer.repeating; }
  Vector<ValueId> trip(const Vector<ValueId>& in) {
    c.importer.count_unrolled(c.node);  // a body may have no nodes
    OnnxScope scope{.around = &c.scope, .opsets = c.scope.opsets, .prefix = c.scope.prefix, .values = initializers};
    for (size_t i = 0; i < in.size(); ++i) scope.values[body.inputs[i].name] = in[i];
    Vector<ValueId> made = c.importer.import_graph(index_of(c, body), scope);
    for (const OnnxTensor& tensor : body.initializers) initializers[tensor.name] = scope.values[tensor.name];
    return made;
  }
};

ValueId with_axis(OnnxCall& c, ValueId v, int axis) {
  Shape shape = c.graph()[v].shape;
  c.need(shape.rank < kMaxRank, "a result of more than 8 dimensions");
  for (int i = shape.rank; i > axis; --i) shape.dims[i] = shape.dims[i - 1];
  shape.dims[axis] = 1;
  ++shape.rank;
  return c.add(kView, shape_attr(shape), {v});
}

// Values of one shape along a new axis.
ValueId stacked(OnnxCall& c, Vector<ValueId> parts, int64_t wanted_axis) {
  const Shape shape = c.graph()[parts[0]].shape;
  int axis = c.axis(wanted_axis, shape.rank + 1);
  for (ValueId& part : parts) {
    c.need(c.graph()[part].shape == shape, "what it collects changes its shape");
    part = with_axis(c, part, axis);
  }
  while (parts.size() > 1) {
    Vector<ValueId> joined;
    for (size_t i = 0; i < parts.size(); i += size_t(kMaxInputs)) {
      Vector<ValueId> group(parts.begin() + std::ptrdiff_t(i), parts.begin() + std::ptrdiff_t(std::min(parts.size(), i + size_t(kMaxInputs))));
      joined.push_back(group.size() == 1 ? group[0] : c.add(kConcat, ConcatAttr{axis}, group));
    }
    parts = std::move(joined);
  }
  return parts[0];
}

// What a loop without a trip collects: nothing, of the type and shape that its body tells.
ValueId nothing_of(OnnxCall& c, const OnnxValue& output) {
  std::optional<DType> type = onnx_dtype(output.type.element);
  bool known = type && output.type.has_shape && output.type.dims.size() < size_t(kMaxRank);
  Vector<int64_t> dims{0};
  Dim count = 1;
  for (const OnnxDim& dim : output.type.dims) {
    known = known && dim.extent >= 0;
    dims.push_back(dim.extent);
    if (dim.extent > 0) count = c.graph().dims.multiply(count, dim.extent);  // fails where it does not fit
  }
  if (!known) c.unsupported("a loop without a trip, whose body does not tell the shapes of what it gives,");
  return c.constant(*type, dims, nullptr);
}

void import_loop(OnnxCall& c) {
  const OnnxGraph& body = body_of(c, "body");
  size_t states = size_t(std::max(c.inputs() - 2, 0)), outputs = body.outputs.size();
  c.need(c.inputs() >= 2 && body.inputs.size() == states + 2 && outputs >= states + 1 && outputs == size_t(c.outputs()) + 1, "its body has another number of inputs or outputs");
  int64_t most = std::numeric_limits<int64_t>::max();
  if (c.has(0)) {
    Vector<int64_t> given = c.integers(0, "trip counts");
    c.need(given.size() == 1, "its trip count is not one number");
    most = given[0];
  }
  bool go_on = !c.has(1) || known_truth(c, c.in(1), "a condition");
  Vector<ValueId> in{-1, -1};
  for (size_t i = 0; i < states; ++i) in.push_back(c.in(int(i) + 2));
  Vector<Vector<ValueId>> collected(outputs - states - 1);
  Unrolled loop{c, body};
  for (int64_t trip = 0; trip < most && go_on; ++trip) {
    uint8_t truth = 1;
    in[0] = c.constant(DType::i64, {}, &trip);
    in[1] = c.constant(DType::boolean, {}, &truth);
    Vector<ValueId> made = loop.trip(in);
    go_on = known_truth(c, made[0], "a condition of a loop");  // also where it was not asked for at first, as ONNX Runtime does
    for (size_t i = 0; i < states; ++i) in[i + 2] = made[i + 1];
    for (size_t i = 0; i < collected.size(); ++i) collected[i].push_back(made[i + states + 1]);
  }
  for (size_t i = 0; i < states; ++i) c.out(int(i), in[i + 2]);
  for (size_t i = 0; i < collected.size(); ++i)
    c.out(int(states + i), collected[i].empty() ? nothing_of(c, body.outputs[i + states + 1]) : stacked(c, collected[i], 0));
}

// ---- Scan ------------------------------------------------------------------------------------------------------------

struct ScanPlan {
  size_t states, inputs, outputs;
  Vector<int64_t> input_axis, input_reversed, output_axis, output_reversed;
};

Vector<int64_t> scan_list(const OnnxCall& c, const char* name, size_t count) {
  Vector<int64_t> values = c.list(name).value_or(Vector<int64_t>(count, 0));
  c.need(values.size() == count, format_text("{} has another number of values", name));
  return values;
}

ScanPlan scan_plan(const OnnxCall& c, const OnnxGraph& body, size_t given) {
  int64_t scanned = c.integer("num_scan_inputs");
  c.need(scanned > 0 && uint64_t(scanned) <= given && body.inputs.size() == given, "its body or num_scan_inputs has another number of inputs");
  ScanPlan plan{given - size_t(scanned), size_t(scanned), 0, {}, {}, {}, {}};
  c.need(body.outputs.size() >= plan.states && body.outputs.size() == size_t(c.outputs()), "its body has another number of outputs");
  plan.outputs = body.outputs.size() - plan.states;
  bool first = c.version < 9;
  plan.input_axis = first ? Vector<int64_t>(plan.inputs, 0) : scan_list(c, "scan_input_axes", plan.inputs);
  plan.input_reversed = scan_list(c, first ? "directions" : "scan_input_directions", plan.inputs);
  plan.output_axis = first ? Vector<int64_t>(plan.outputs, 0) : scan_list(c, "scan_output_axes", plan.outputs);
  plan.output_reversed = first ? Vector<int64_t>(plan.outputs, 0) : scan_list(c, "scan_output_directions", plan.outputs);
  return plan;
}

ValueId taken_from(OnnxCall& c, ValueId v, int axis, int64_t index) { return c.add(kGather, GatherAttr{axis}, {v, c.constant(DType::i64, {}, &index)}); }

// The states at the end, and what was collected.
Vector<ValueId> scanned(Unrolled& loop, const ScanPlan& plan, Vector<ValueId> in) {
  OnnxCall& c = loop.c;
  Vector<ValueId> from(in.begin() + std::ptrdiff_t(plan.states), in.end());
  Vector<int> axis;
  for (size_t i = 0; i < from.size(); ++i) axis.push_back(c.axis(plan.input_axis[i], c.graph()[from[i]].shape.rank));
  int64_t trips = c.extent(from[0], axis[0]);
  for (size_t i = 0; i < from.size(); ++i) c.need(c.extent(from[i], axis[i]) == trips, "its inputs are of several lengths");
  Vector<Vector<ValueId>> collected(plan.outputs);
  for (int64_t trip = 0; trip < trips; ++trip) {
    for (size_t i = 0; i < from.size(); ++i) in[plan.states + i] = taken_from(c, from[i], axis[i], plan.input_reversed[i] ? trips - 1 - trip : trip);
    Vector<ValueId> made = loop.trip(in);
    for (size_t i = 0; i < plan.states; ++i) in[i] = made[i];
    for (size_t i = 0; i < plan.outputs; ++i) collected[i].push_back(made[plan.states + i]);
  }
  Vector<ValueId> results(in.begin(), in.begin() + std::ptrdiff_t(plan.states));
  for (size_t i = 0; i < plan.outputs; ++i) {
    if (plan.output_reversed[i]) std::reverse(collected[i].begin(), collected[i].end());
    results.push_back(trips ? stacked(c, collected[i], plan.output_axis[i]) : nothing_of(c, loop.body.outputs[plan.states + i]));
  }
  return results;
}

// In version 8 the first dimension of everything is one of batches, and input 0 their lengths.
void import_scan(OnnxCall& c) {
  const OnnxGraph& body = body_of(c, "body");
  int first = c.version < 9 ? 1 : 0;
  if (first && c.has(0)) c.unsupported("sequence_lens");
  Vector<ValueId> in;
  for (int i = first; i < c.inputs(); ++i) in.push_back(c.in(i));
  ScanPlan plan = scan_plan(c, body, in.size());
  Unrolled loop{c, body};
  Vector<ValueId> results;
  if (!first) results = scanned(loop, plan, in);
  else {
    c.need(c.graph()[in[0]].shape.rank > 0, "its inputs have no batches");
    int64_t batches = c.extent(in[0], 0);
    c.need(batches > 0, "its inputs have no batches");
    Vector<Vector<ValueId>> parts(plan.states + plan.outputs);
    for (int64_t batch = 0; batch < batches; ++batch) {
      Vector<ValueId> own;
      for (ValueId v : in) own.push_back(taken_from(c, v, 0, batch));
      Vector<ValueId> made = scanned(loop, plan, own);
      for (size_t i = 0; i < made.size(); ++i) parts[i].push_back(made[i]);
    }
    for (Vector<ValueId>& part : parts) results.push_back(stacked(c, part, 0));
  }
  for (size_t i = 0; i < results.size(); ++i) c.out(int(i), results[i]);
}

// Of a tensor, which is there as soon as it is named.
void import_has_element(OnnxCall& c) {
  uint8_t truth = c.has(0);
  c.out(0, c.constant(DType::boolean, {}, &truth));
}
void import_get_element(OnnxCall& c) { c.out(0, c.in(0)); }

constexpr OnnxOperator kOperators[] = {
    {"If", import_if},
    {"Loop", import_loop},
    {"Scan", import_scan},
    {"OptionalHasElement", import_has_element},
    {"OptionalGetElement", import_get_element},
};

}  // namespace

std::span<const OnnxOperator> onnx_control() { return kOperators; }

}  // namespace prm
