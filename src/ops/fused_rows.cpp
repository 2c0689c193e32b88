// A run of row-wise ops as one node: each row goes through all steps while it is in the cache. Shapes, costs and references
// are those of the steps' own ops.
#include "ops/fused_rows.h"

namespace prm {

namespace {

const Op& op_of(RowStepKind kind) {
  constexpr const Op* kOf[] = {nullptr, &kRmsNorm, &kAdd, &kScale, &kRope, &kGlu, &kQuantize, &kKvWrite};
  return *kOf[int(kind)];
}

int operands_of(RowStepKind kind) {
  constexpr int kOf[] = {0, 2, 2, 1, 2, 2, 1, 3};
  return kOf[int(kind)];
}

Attr attr_of(const RowStep& step) {
  switch (step.kind) {
    case RowStepKind::rms_norm: return NormAttr{step.value};
    case RowStepKind::scale: return ScaleAttr{step.value};
    case RowStepKind::rope: return RopeAttr{step.head_dim, Pairing(step.option)};
    case RowStepKind::glu: return GluAttr{Gate(step.option)};
    case RowStepKind::quantize: return DType(step.option);
    default: return {};
  }
}

bool has_step(const RowsAttr& attr, int i) { return i < kMaxRowSteps && attr.step[i].kind != RowStepKind::none; }

void infer_rows(ShapeRule& r) {
  RowsAttr attr = r.at<RowsAttr>();
  Graph parts;
  parts.dims = r.graph.dims;
  Vector<ValueId> known(size_t(kRowStepResult + kMaxRowSteps), -1);
  for (int i = 0; i < r.inputs(); ++i) known[size_t(i)] = parts.input(r.x(i).name, r.x(i).dtype, r.shape(i));
  int64_t scratch = 0;
  for (int i = 0; has_step(attr, i); ++i) {
    const RowStep& step = attr.step[i];
    Vector<ValueId> in;
    for (int j = 0; j < operands_of(step.kind); ++j) {
      r.need(step.in[j] < known.size() && known[step.in[j]] >= 0, "a step reads what is not there");
      in.push_back(known[step.in[j]]);
    }
    const Value& made = parts[known[size_t(kRowStepResult + i)] = parts.node(op_of(step.kind), attr_of(step), std::move(in), r.name)];
    r.need(made.shape.rank >= 2 && made.shape[-1].literal(), "a step is not row-wise");
    if (step.output) r.out.push_back({made.dtype, made.shape});
    else scratch += int64_t(row_scratch_bytes(made.dtype, made.shape[-1].value));
    r.need(step.output || step.kind != RowStepKind::kv_write, "a state's new version is no output");
  }
  r.need(!r.out.empty() && r.out.size() <= size_t(kMaxOutputs), "no outputs, or too many");
  r.need(scratch <= kRowScratch, "the values between the steps do not fit the scratch of a row");
}

int alias_rows(const Attr& raw, int output) {
  RowsAttr attr = raw.as<RowsAttr>();
  for (int i = 0; has_step(attr, i); ++i)
    if (attr.step[i].output && output-- == 0) return attr.step[i].kind == RowStepKind::kv_write ? attr.step[i].in[0] : -1;
  return -1;
}

// A step's own arguments over `rows` rows from row t on.
struct PartArgs {
  Attr attr;
  Tensor tensor[4];
  OpArgs args;

  PartArgs(const PlacedStep& step, int64_t t, int64_t rows, std::byte* scratch) : attr(attr_of(step.step)) {
    args.attr = &attr;
    for (int j = 0; j < operands_of(step.step.kind); ++j) tensor[j] = part_of(step.in[j], t, rows, scratch), args.in[j] = &tensor[j];
    tensor[3] = part_of(step.out, t, rows, scratch);
    args.out[0] = &tensor[3];
  }
  PartArgs(const PartArgs&) = delete;
  PartArgs& operator=(const PartArgs&) = delete;

  static Tensor part_of(const RowOperand& operand, int64_t t, int64_t rows, std::byte* scratch) {
    Tensor part = operand.shape;
    part.data = operand.at(t, scratch);
    if (operand.row_wise) part.dim[0] = rows;
    return part;
  }
};

Cost cost_rows(const OpArgs& a) {
  PlacedSteps placed(a);
  Cost cost;
  for (int i = 0; i < placed.count; ++i) {
    PartArgs part(placed.step[i], 0, placed.rows, nullptr);
    cost.flops += op_of(placed.step[i].step.kind).cost(part.args).flops;
    if (placed.step[i].step.kind == RowStepKind::kv_write) cost.bytes += double(placed.step[i].in[1].shape.bytes());
  }
  auto count = [&](const Tensor* t) { cost.bytes += t && t->rank < 3 ? double(t->bytes()) : 0.0; };  // states: the rows written
  for (const Tensor* x : a.in) count(x);
  for (const Tensor* y : a.out) count(y);
  return cost;
}

void reference_rows(const OpArgs& a) {
  alignas(64) std::byte scratch[kRowScratch];
  PlacedSteps placed(a);
  for (int64_t t = 0; t < placed.rows; ++t)
    for (int i = 0; i < placed.count; ++i) op_of(placed.step[i].step.kind).reference(PartArgs(placed.step[i], t, 1, scratch).args);
}

}  // namespace

size_t row_scratch_bytes(DType type, int64_t cols) {
  return (size_t(cols / info(type).block) * size_t(info(type).bytes) + 63) / 64 * 64;
}

PlacedSteps::PlacedSteps(const OpArgs& a) {
  RowsAttr attr = a.at<RowsAttr>();
  size_t used = 0;
  for (int outputs = 0; has_step(attr, count); ++count) {
    PlacedStep& to = step[count];
    to.step = attr.step[count];
    for (int j = 0; j < operands_of(to.step.kind); ++j) {
      int from = to.step.in[j];
      if (from >= kRowStepResult) {
        to.in[j] = step[from - kRowStepResult].out;
        continue;
      }
      const Tensor& x = a.x(from);
      bool whole = (to.step.kind == RowStepKind::kv_write && j == 0) || (to.step.kind != RowStepKind::kv_write && x.rank == 1);
      to.in[j] = {x, whole ? 0 : x.rank == 1 ? size_t(info(x.dtype).bytes) : x.row_bytes(), !whole, -1};
    }
    const RowOperand& first = to.in[to.step.kind == RowStepKind::kv_write ? 1 : 0];
    rows = first.shape.dim[0];
    if (to.step.kind == RowStepKind::kv_write) {
      to.out = {a.y(outputs++), 0, false, -1};
    } else if (to.step.output) {
      const Tensor& y = a.y(outputs++);
      to.out = {y, y.row_bytes(), true, -1};
    } else {
      Tensor between = first.shape;
      if (to.step.kind == RowStepKind::quantize) between.dtype = DType(to.step.option);
      to.out = {between, 0, true, int64_t(used)};
      used += row_scratch_bytes(between.dtype, between.cols());
    }
  }
}

const Op kFusedRows{.name = "fused_rows", .infer = infer_rows, .cost = cost_rows, .reference = reference_rows, .alias = alias_rows};

ValueId fused_rows(Graph& g, Vector<ValueId> in, const RowsAttr& attr, const String& name) {
  return g.node(kFusedRows, attr, std::move(in), name);
}

}  // namespace prm
