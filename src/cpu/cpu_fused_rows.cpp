// Driver of fused_rows: the row functions of an instruction set, step after step on one row. A single token is one chunk:
// it runs on the calling thread without waking another.
#include <algorithm>

#include "cpu/cpu_kernels.h"
#include "ops/fused_rows.h"

namespace prm {

namespace {

template <const CpuIsa& isa>
void run_step_on_row(const PlacedStep& s, int64_t t, std::byte* scratch) {
  auto* x = reinterpret_cast<const float*>(s.in[0].at(t, scratch));
  auto* other = reinterpret_cast<const float*>(s.in[1].at(t, scratch));
  auto* y = reinterpret_cast<float*>(s.out.at(t, scratch));
  int64_t C = s.in[0].shape.cols(), D = s.in[1].shape.cols();
  switch (s.step.kind) {
    case RowStepKind::rms_norm:
      for (int64_t c = 0; c < C; c += D) isa.rms_norm(x + c, other, y + c, D, s.step.value);
      break;
    case RowStepKind::add: isa.add(x, other, y, C); break;
    case RowStepKind::scale: isa.scale(x, s.step.value, y, C); break;
    case RowStepKind::rope: rotate_heads<isa>(x, other, y, C, s.step.head_dim, D, s.step.option); break;
    case RowStepKind::glu: (Gate(s.step.option) == Gate::silu ? isa.glu_silu : isa.glu_gelu)(x, other, y, C); break;
    case RowStepKind::quantize: (DType(s.step.option) == DType::a8 ? isa.quantize_a8 : isa.quantize_a8k)(x, y, C); break;
    case RowStepKind::kv_write: {
      int64_t slot = *reinterpret_cast<const int32_t*>(s.in[2].at(t, scratch));
      if (slot >= 0) isa.store_row[row_type(s.out.shape.dtype)](other, s.out.shape.row<std::byte>(slot), D);
      break;
    }
    case RowStepKind::none: break;
  }
}

}  // namespace

bool accepts_fused_rows(const KernelQuery& q) {
  for (int i = 0; i < q.inputs; ++i) {
    DType type = q.in[i].dtype;
    bool state = q.in[i].rank == 3 && row_type(type) != kRowCount;
    if (type != DType::f32 && type != DType::i32 && !state) return false;
  }
  return true;
}

template <const CpuIsa& isa>
void run_fused_rows(const OpArgs& a) {
  PlacedSteps placed(a);
  int64_t values = 0;  // of a row, in all steps
  for (int i = 0; i < placed.count; ++i) values += placed.step[i].out.row_wise ? placed.step[i].out.shape.cols() : 0;
  a.work->rows(placed.rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, values)), [&](int64_t begin, int64_t end) {
    alignas(64) std::byte scratch[kRowScratch];
    for (int64_t t = begin; t < end; ++t)
      for (int i = 0; i < placed.count; ++i) run_step_on_row<isa>(placed.step[i], t, scratch);
  });
}

#define PRM_INSTANTIATE(isa) template void run_fused_rows<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
