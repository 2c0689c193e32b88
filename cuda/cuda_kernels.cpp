#include "cuda_kernels.h"

#include "ops/ops.h"
#include "quant/format.h"
#include "quant_pack.h"

namespace prm {

thread_local Submission submitting_to = {};

namespace {

bool accepts_f32(const KernelQuery& q) { return q.in[0].dtype == DType::f32 && (q.inputs < 2 || q.in[1].dtype == DType::f32); }
bool accepts_rows(const KernelQuery& q) { return q.in[0].dtype == DType::f32; }
bool is_cache(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::q8_0; }
bool accepts_kv_write(const KernelQuery& q) { return q.in[1].dtype == DType::f32 && is_cache(q.in[0].dtype); }
bool accepts_attention(const KernelQuery& q) {
  return q.in[0].dtype == DType::f32 && is_cache(q.in[1].dtype) && q.attr.as<AttentionAttr>().head_dim <= kMaxHeadDim;
}
bool accepts_quant_matmul(const KernelQuery& q) {
  const QuantFormat* format = find_format(q.in[1].dtype);
  return format && q.constant[1] && q.in[0].dtype == format->activation;
}

bool accepts_quant_embed(const KernelQuery& q) { return q.constant[0] && find_format(q.in[0].dtype); }

CacheType cache_type(DType type) {
  return type == DType::f32 ? CacheType::f32 : type == DType::f16 ? CacheType::f16 : type == DType::bf16 ? CacheType::bf16 : CacheType::q8_0;
}

void run_rms_norm(const OpArgs& a) {
  int64_t D = a.x(1).dim[0];
  launch_rms_norm(submitting_to.stream, a.x(0).as<float>(), a.x(1).as<float>(), a.y().as<float>(), a.x(0).count() / D, D, a.at<NormAttr>().eps);
}
void run_add(const OpArgs& a) {
  launch_add(submitting_to.stream, a.x(0).as<float>(), a.x(1).as<float>(), a.y().as<float>(), a.x(0).rows(), a.x(0).cols(), a.x(1).rank < a.x(0).rank);
}
void run_scale(const OpArgs& a) { launch_scale(submitting_to.stream, a.x(0).as<float>(), a.at<ScaleAttr>().factor, a.y().as<float>(), a.y().count()); }
void run_soft_cap(const OpArgs& a) { launch_soft_cap(submitting_to.stream, a.x(0).as<float>(), a.at<SoftCapAttr>().cap, a.y().as<float>(), a.y().count()); }
void run_glu(const OpArgs& a) {
  launch_glu(submitting_to.stream, a.x(0).as<float>(), a.x(1).as<float>(), a.y().as<float>(), a.y().count(), a.at<GluAttr>().gate == Gate::gelu);
}
void run_rope(const OpArgs& a) {
  auto attr = a.at<RopeAttr>();
  launch_rope(submitting_to.stream, a.x(0).as<float>(), a.x(1).as<float>(), a.y().as<float>(), a.x(0).dim[0], a.x(0).dim[1], attr.head_dim, a.x(1).dim[1], attr.pairing == Pairing::neighbours);
}
void run_select_rows(const OpArgs& a) {
  launch_select_rows(submitting_to.stream, a.x(0).as<float>(), a.x(1).as<int32_t>(), a.y().as<float>(), a.y().dim[0], a.y().cols());
}
void run_kv_write(const OpArgs& a) {
  launch_kv_write(submitting_to.stream, a.x(1).as<float>(), a.x(2).as<int32_t>(), a.y().data, cache_type(a.y().dtype), a.x(1).dim[0], a.x(1).dim[1]);
}
void run_quantize(const OpArgs& a) {
  launch_quantize(submitting_to.stream, a.x(0).as<float>(), a.y().data, a.x(0).dim[0], a.x(0).dim[1], a.at<DType>() == DType::a8k);
}
void run_quant_matmul(const OpArgs& a) {
  const Tensor& w = a.x(1);
  launch_quant_matmul(submitting_to.stream, quant_layout(w.dtype), w.data, a.x(0).data, a.y().as<float>(), a.x(0).dim[0], w.dim[0], w.dim[1], int32_t(k_parts(w.dim[1])));
}

void run_quant_embed(const OpArgs& a) {
  const Tensor& table = a.x(0);
  launch_quant_embed(submitting_to.stream, quant_layout(table.dtype), table.data, a.x(1).as<int32_t>(), a.y().as<float>(), a.x(1).count(), table.dim[1]);
}

void attend(const OpArgs& a, const int32_t* sequence, const Tensor* table, const Tensor* sinks) {
  auto attr = a.at<AttentionAttr>();
  const Tensor &q = a.x(0), &k = a.x(1);
  AttentionLaunch l{};
  l.q = q.as<float>(), l.k = k.data, l.v = a.x(2).data, l.positions = a.x(3).as<int32_t>(), l.y = a.y().as<float>();
  l.sequence = sequence, l.table = table ? table->as<int32_t>() : nullptr, l.sinks = sinks ? sinks->as<float>() : nullptr;
  l.T = q.dim[0], l.D = attr.head_dim, l.H = q.cols() / l.D, l.G = k.cols() / l.D;
  l.page = table ? k.dim[1] : 0, l.pages_each = table ? table->dim[1] : 0, l.sequences = table ? table->dim[0] : 0, l.row_bytes = int64_t(k.row_bytes());
  l.window = attr.window, l.scale = attr.scale, l.soft_cap = attr.soft_cap, l.type = cache_type(k.dtype);
  l.scratch = static_cast<float*>(submitting_to.scratch), l.scratch_bytes = int64_t(submitting_to.scratch_bytes);
  launch_attention(submitting_to.stream, l);
}
void run_attention(const OpArgs& a) { attend(a, nullptr, nullptr, a.in[4]); }
void run_attention_paged(const OpArgs& a) { attend(a, a.x(4).as<int32_t>(), &a.x(5), a.in[6]); }

constexpr Kernel kKernels[] = {
    {"rms_norm", "cuda", accepts_f32, run_rms_norm},
    {"add", "cuda", accepts_f32, run_add},
    {"scale", "cuda", accepts_f32, run_scale},
    {"soft_cap", "cuda", accepts_f32, run_soft_cap},
    {"glu", "cuda", accepts_f32, run_glu},
    {"rope", "cuda", accepts_f32, run_rope},
    {"select_rows", "cuda", accepts_rows, run_select_rows},
    {"kv_write", "cuda", accepts_kv_write, run_kv_write},
    {"quantize", "cuda", accepts_f32, run_quantize},
    {"matmul", "quant tiles", accepts_quant_matmul, run_quant_matmul, {nullptr, &kQuantTiles}},
    {"embed", "quant tiles", accepts_quant_embed, run_quant_embed, {&kQuantTiles}},
    {"attention", "cuda", accepts_attention, run_attention},
    {"attention_paged", "cuda", accepts_attention, run_attention_paged},
};

}  // namespace

std::span<const Kernel> cuda_kernels() { return kKernels; }

}  // namespace prm
