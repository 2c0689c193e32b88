#include "cuda_kernels.h"

#include <algorithm>

#include "base/numeric.h"
#include "dense_pack.h"
#include "ops/experts.h"
#include "ops/fused_rows.h"
#include "quant/format.h"
#include "quant_pack.h"

namespace prm {

thread_local Stream submitting_to = {};

namespace {

bool accepts_f32(const KernelQuery& q) { return q.in[0].dtype == DType::f32 && (q.inputs < 2 || q.in[1].dtype == DType::f32); }
bool accepts_any(const KernelQuery&) { return true; }
bool is_cache(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::q8_0; }
bool accepts_kv_write(const KernelQuery& q) { return q.in[1].dtype == DType::f32 && is_cache(q.in[0].dtype); }
bool accepts_attention(const KernelQuery& q) {
  return q.in[0].dtype == DType::f32 && is_cache(q.in[1].dtype) && q.attr.as<AttentionAttr>().head_dim <= kMaxHeadDim;
}
bool accepts_quant_matmul(const KernelQuery& q) {
  const QuantFormat* format = find_format(q.in[1].dtype);
  return format && q.constant[1] && q.in[0].dtype == format->activation;
}

bool accepts_dense_matmul(const KernelQuery& q) { return q.in[0].dtype == DType::f32 && is_dense_weight(q.in[1].dtype); }
bool accepts_tiles(const KernelQuery& q) { return q.constant[1] && accepts_dense_matmul(q); }
bool accepts_dense_embed(const KernelQuery& q) { return is_dense_weight(q.in[0].dtype); }
bool accepts_fused_rows(const KernelQuery& q) {
  for (int i = 0; i < q.inputs; ++i) {
    const Tensor& x = q.in[i];
    if (x.dtype != DType::f32 && x.dtype != DType::i32 && !(x.rank == 3 && is_cache(x.dtype))) return false;
  }
  return true;
}

// Of matmuls of one x: each by itself.
template <bool (*accepts)(const KernelQuery&)>
bool accepts_each(const KernelQuery& q) {
  for (int i = 1; i < q.inputs; ++i) {
    KernelQuery one = q;
    one.inputs = 2, one.in[1] = q.in[i], one.constant[1] = q.constant[i];
    if (!accepts(one)) return false;
  }
  return true;
}
// Groups of packed rows do not reach over the end of an expert.
bool accepts_expert_tiles(const KernelQuery& q) { return accepts_tiles(q) && q.in[1].dim[0] / q.attr.as<ExpertsAttr>().experts % kDenseRows == 0; }
bool accepts_quant_experts(const KernelQuery& q) { return accepts_quant_matmul(q) && q.in[1].dim[0] / q.attr.as<ExpertsAttr>().experts % 16 == 0; }
bool accepts_glu_tiles(const KernelQuery& q) { return accepts_each<accepts_tiles>(q) && q.in[1].dtype == q.in[2].dtype; }

bool accepts_quant_embed(const KernelQuery& q) { return q.constant[0] && find_format(q.in[0].dtype); }

CacheType cache_type(DType type) {
  return type == DType::f32 ? CacheType::f32 : type == DType::f16 ? CacheType::f16 : type == DType::bf16 ? CacheType::bf16 : CacheType::q8_0;
}

GateKind gate_kind(const OpArgs& a) { return a.at<GluAttr>().gate == Gate::gelu ? GateKind::gelu : GateKind::silu; }

RowPlace row_place(const RowOperand& operand) { return {operand.shape.data, int64_t(operand.row_stride), operand.offset}; }
RowStepAt step_at(const PlacedStep& placed) {
  const RowStep& step = placed.step;
  constexpr RowOp kOps[] = {RowOp::rms_norm, RowOp::rms_norm, RowOp::add, RowOp::scale, RowOp::rope, RowOp::glu, RowOp::quantize_32, RowOp::kv_write};
  RowStepAt to{kOps[int(step.kind)], GateKind::none, CacheType::f32, false, step.value, placed.in[0].shape.cols(), placed.in[1].shape.cols(), step.head_dim, {}, row_place(placed.out)};
  for (int i = 0; i < 3; ++i) to.in[i] = row_place(placed.in[i]);
  if (step.kind == RowStepKind::quantize && DType(step.option) == DType::a8k) to.op = RowOp::quantize_256;
  if (step.kind == RowStepKind::glu) to.gate = Gate(step.option) == Gate::gelu ? GateKind::gelu : GateKind::silu;
  if (step.kind == RowStepKind::rope) to.neighbours = Pairing(step.option) == Pairing::neighbours;
  if (step.kind == RowStepKind::kv_write) to.C = to.D, to.cache = cache_type(placed.out.shape.dtype), to.out.stride = int64_t(placed.out.shape.row_bytes());
  return to;
}
void run_fused_rows(const OpArgs& a) {
  PlacedSteps placed(a);
  RowsLaunch l{placed.rows, 0, placed.count, {}};
  for (int i = 0; i < placed.count; ++i) {
    const RowOperand& out = placed.step[i].out;
    l.step[i] = step_at(placed.step[i]);
    if (out.offset >= 0) l.scratch_bytes = out.offset + int64_t(row_scratch_bytes(out.shape.dtype, out.shape.cols()));
  }
  launch_fused_rows(submitting_to, l);
}
// An op by itself is a run of one step.
void run_as_step(const OpArgs& a, RowStep step) {
  step.in[1] = 1, step.output = 1;
  Attr attr = RowsAttr{{step}};
  OpArgs one = a;
  one.attr = &attr;
  run_fused_rows(one);
}
void run_rms_norm(const OpArgs& a) { run_as_step(a, {.kind = RowStepKind::rms_norm, .value = a.at<NormAttr>().eps}); }
void run_rope(const OpArgs& a) {
  auto attr = a.at<RopeAttr>();
  run_as_step(a, {.kind = RowStepKind::rope, .option = uint8_t(attr.pairing), .head_dim = uint16_t(attr.head_dim)});
}
void run_add(const OpArgs& a) {
  launch_add(submitting_to, a.x(0).as<float>(), a.x(1).as<float>(), a.y().as<float>(), a.x(0).rows(), a.x(0).cols(), a.x(1).rank < a.x(0).rank);
}
void run_scale(const OpArgs& a) { launch_scale(submitting_to, a.x(0).as<float>(), a.at<ScaleAttr>().factor, a.y().as<float>(), a.y().count()); }
void run_soft_cap(const OpArgs& a) { launch_soft_cap(submitting_to, a.x(0).as<float>(), a.at<SoftCapAttr>().cap, a.y().as<float>(), a.y().count()); }
void run_glu(const OpArgs& a) {
  launch_glu(submitting_to, a.x(0).as<float>(), a.x(1).as<float>(), a.y().as<float>(), a.y().count(), gate_kind(a));
}
void run_rope_table(const OpArgs& a) {
  auto attr = a.at<RopeTableAttr>();
  RopeAngles angles{attr.dims, log_of(attr.base), attr.position_scale, attr.ramp_low, std::max(0.001, attr.ramp_high - attr.ramp_low), attr.magnitude};
  launch_rope_table(submitting_to, a.x(0).as<int32_t>(), a.in[1] ? a.x(1).as<float>() : nullptr, a.y().as<float>(), a.x(0).dim[0], angles);
}
void run_select_rows(const OpArgs& a) {
  launch_select_rows(submitting_to, a.x(0).data, a.x(1).as<int32_t>(), a.y().data, a.y().dim[0], int64_t(a.y().row_bytes()));
}
void run_kv_write(const OpArgs& a) {
  launch_kv_write(submitting_to, a.x(1).as<float>(), a.x(2).as<int32_t>(), a.y().data, cache_type(a.y().dtype), a.x(1).dim[0], a.x(1).dim[1]);
}
void run_quantize(const OpArgs& a) {
  launch_quantize(submitting_to, a.x(0).as<float>(), a.y().data, a.x(0).dim[0], a.x(0).dim[1], a.at<DType>() == DType::a8k);
}
void run_quant_matmul(const OpArgs& a) {
  const Tensor& w = a.x(1);
  launch_quant_matmul(submitting_to, {w.dtype, w.data, a.x(0).data, a.y().as<float>(), a.x(0).dim[0], w.dim[0], w.dim[1], int32_t(k_parts(w.dim[1]))});
}

int weights_of(const OpArgs& a) {
  int n = 0;
  while (n < kMaxOutputs && a.out[n]) ++n;
  return n;
}
void run_quant_group(const OpArgs& a) {
  for (int i = 0; i < weights_of(a); ++i) {
    OpArgs one = a;
    one.in[1] = a.in[i + 1], one.out[0] = a.out[i];
    run_quant_matmul(one);
  }
}

DenseLaunch dense_launch(const OpArgs& a, int first, int count) {
  const Tensor &x = a.x(0), &w = a.x(1 + first);
  DenseLaunch l{};
  l.x = x.as<float>(), l.rows = {nullptr, x.dim[0], 0, 1, false}, l.K = w.dim[1], l.parts = int32_t(k_parts(l.K)), l.type = dense_type(w.dtype), l.weights = count;
  for (int i = 0; i < count; ++i) l.weight[i] = {a.x(1 + first + i).data, a.out[first + i] ? a.y(first + i).as<float>() : nullptr, a.x(1 + first + i).dim[0]};
  return l;
}
// Neighbours of one type go together.
void run_dense_group(const OpArgs& a) {
  for (int first = 0, end; first < weights_of(a); first = end) {
    for (end = first + 1; end < weights_of(a) && a.x(1 + end).dtype == a.x(1 + first).dtype;) ++end;
    launch_dense_matmul(submitting_to, dense_launch(a, first, end - first));
  }
}
void run_dense_glu(const OpArgs& a) {
  DenseLaunch l = dense_launch(a, 0, 2);
  l.gate = gate_kind(a);
  launch_dense_matmul(submitting_to, l);
}
ExpertRows expert_rows(const OpArgs& a) {
  int64_t rows = a.x(2).count(), experts = a.at<ExpertsAttr>().experts;
  return {a.x(2).as<int32_t>(), rows, experts, a.x(0).dim[1] == a.x(1).dim[1] ? a.x(2).dim[1] : 1, rows <= experts};
}
void run_dense_experts(const OpArgs& a) {
  DenseLaunch l = dense_launch(a, 0, 1);
  l.rows = expert_rows(a), l.weight[0].N /= l.rows.experts;
  launch_dense_matmul(submitting_to, l);
}
void run_quant_experts(const OpArgs& a) {
  const Tensor& w = a.x(1);
  ExpertRows rows = expert_rows(a);
  launch_quant_experts(submitting_to, {w.dtype, w.data, a.x(0).data, a.y().as<float>(), rows.rows, w.dim[0] / rows.experts, w.dim[1], int32_t(k_parts(w.dim[1]))}, rows);
}
void run_route(const OpArgs& a) {
  auto attr = a.at<RouteAttr>();
  launch_route(submitting_to, {a.x(0).as<float>(), a.y(0).as<int32_t>(), a.y(1).as<float>(), a.x(0).dim[0], a.x(0).dim[1], attr.used, attr.renormalize != 0, attr.scale, kLeastRouteSum});
}
void run_combine(const OpArgs& a) {
  bool shared = a.in[2];
  launch_combine(submitting_to, a.x(0).as<float>(), a.x(1).as<float>(), shared ? a.x(2).as<float>() : nullptr, shared ? a.x(3).as<float>() : nullptr, a.y().as<float>(), a.y().dim[0], a.x(1).dim[1], a.y().dim[1]);
}
void run_plain_matmul(const OpArgs& a) {
  const Tensor &x = a.x(0), &w = a.x(1);
  launch_plain_matmul(submitting_to, x.as<float>(), w.data, dense_type(w.dtype), a.y().as<float>(), x.dim[0], w.dim[0], w.dim[1], int32_t(k_parts(w.dim[1])));
}
template <bool packed>
void run_dense_embed(const OpArgs& a) {
  const Tensor& table = a.x(0);
  launch_dense_embed(submitting_to, table.data, dense_type(table.dtype), packed, a.x(1).as<int32_t>(), a.y().as<float>(), a.x(1).count(), table.dim[1], int32_t(k_parts(table.dim[1])));
}

void run_quant_embed(const OpArgs& a) {
  const Tensor& table = a.x(0);
  launch_quant_embed(submitting_to, table.dtype, table.data, a.x(1).as<int32_t>(), a.y().as<float>(), a.x(1).count(), table.dim[1]);
}

void run_to_device(const OpArgs& a) { copy_to_device(submitting_to, a.y().data, a.x(0).data, a.x(0).bytes()); }
void run_to_host(const OpArgs& a) { copy_to_host(submitting_to, a.y().data, a.x(0).data, a.x(0).bytes()); }

AttentionLaunch extents_of(const AttentionAttr& attr, const Tensor& q, const Tensor& k, const Tensor* table) {
  AttentionLaunch l{};
  l.T = q.dim[0], l.D = attr.head_dim, l.H = q.cols() / l.D, l.G = k.cols() / l.D;
  l.page = table ? k.dim[1] : 0, l.pages_each = table ? table->dim[1] : 0, l.sequences = table ? table->dim[0] : 0, l.row_bytes = int64_t(k.row_bytes());
  l.window = attr.window, l.scale = attr.scale, l.soft_cap = attr.soft_cap, l.type = cache_type(k.dtype);
  return l;
}
template <bool paged>
size_t attention_scratch(const KernelQuery& q) {
  return size_t(attention_scratch_bytes(extents_of(q.attr.as<AttentionAttr>(), q.in[0], q.in[1], paged ? &q.in[5] : nullptr)));
}

void attend(const OpArgs& a, const int32_t* sequence, const Tensor* table, const Tensor* sinks) {
  const Tensor &q = a.x(0), &k = a.x(1);
  AttentionLaunch l = extents_of(a.at<AttentionAttr>(), q, k, table);
  l.q = q.as<float>(), l.k = k.data, l.v = a.x(2).data, l.positions = a.x(3).as<int32_t>(), l.y = a.y().as<float>();
  l.sequence = sequence, l.table = table ? table->as<int32_t>() : nullptr, l.sinks = sinks ? sinks->as<float>() : nullptr;
  if (a.scratch) l.scratch = a.scratch->as<float>(), l.scratch_bytes = int64_t(a.scratch->bytes());
  launch_attention(submitting_to, l);
}
void run_attention(const OpArgs& a) { attend(a, nullptr, nullptr, a.in[4]); }
void run_attention_paged(const OpArgs& a) { attend(a, a.x(4).as<int32_t>(), &a.x(5), a.in[6]); }

constexpr Kernel kKernels[] = {
    {"to_device", "copy", accepts_any, run_to_device},
    {"to_host", "copy", accepts_any, run_to_host},
    {"rms_norm", "cuda", accepts_f32, run_rms_norm},
    {"add", "cuda", accepts_f32, run_add},
    {"scale", "cuda", accepts_f32, run_scale},
    {"soft_cap", "cuda", accepts_f32, run_soft_cap},
    {"glu", "cuda", accepts_f32, run_glu},
    {"rope_table", "cuda", accepts_any, run_rope_table},
    {"rope", "cuda", accepts_f32, run_rope},
    {"fused_rows", "cuda", accepts_fused_rows, run_fused_rows},
    {"select_rows", "cuda", accepts_any, run_select_rows},
    {"kv_write", "cuda", accepts_kv_write, run_kv_write},
    {"quantize", "cuda", accepts_f32, run_quantize},
    {"matmul", "quant tiles", accepts_quant_matmul, run_quant_matmul, {nullptr, &kQuantTiles}},
    {"embed", "quant tiles", accepts_quant_embed, run_quant_embed, {&kQuantTiles}},
    {"matmul_group", "quant tiles", accepts_each<accepts_quant_matmul>, run_quant_group, {nullptr, &kQuantTiles, &kQuantTiles, &kQuantTiles, &kQuantTiles}},
    {"matmul", "dense tiles", accepts_tiles, run_dense_group, {nullptr, &kDenseTiles}},
    {"matmul", "plain", accepts_dense_matmul, run_plain_matmul},
    {"matmul_group", "dense tiles", accepts_each<accepts_tiles>, run_dense_group, {nullptr, &kDenseTiles, &kDenseTiles, &kDenseTiles, &kDenseTiles}},
    {"matmul_glu", "dense tiles", accepts_glu_tiles, run_dense_glu, {nullptr, &kDenseTiles, &kDenseTiles}},
    {"moe_matmul", "dense tiles", accepts_expert_tiles, run_dense_experts, {nullptr, &kDenseTiles}},
    {"moe_matmul", "quant tiles", accepts_quant_experts, run_quant_experts, {nullptr, &kQuantTiles}},
    {"moe_route", "cuda", accepts_f32, run_route},
    {"moe_combine", "cuda", accepts_f32, run_combine},
    {"embed", "plain", accepts_dense_embed, run_dense_embed<false>},
    {"embed", "dense tiles", accepts_dense_embed, run_dense_embed<true>, {&kDenseTiles}},
    {"attention", "cuda", accepts_attention, run_attention, {}, attention_scratch<false>},
    {"attention_paged", "cuda", accepts_attention, run_attention_paged, {}, attention_scratch<true>},
};

}  // namespace

std::span<const Kernel> cuda_kernels() { return kKernels; }

}  // namespace prm
