// Drivers of the ops that work row by row.
#include <algorithm>
#include <cstring>

#include "base/numeric.h"
#include "cpu/cpu_kernels.h"
#include "cpu/w16_pack.h"
#include "ops/ops.h"
#include "quant/format.h"

namespace prm {

namespace {

// Rows of `cols` values in one chunk: enough to be worth a thread's while, well under a millisecond.
int64_t row_grain(int64_t cols) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, cols)); }

}  // namespace

template <const CpuIsa& isa>
void run_quantize(const OpArgs& a) {
  auto* quantize_row = a.at<DType>() == DType::a8 ? isa.quantize_a8 : isa.quantize_a8k;
  int64_t K = a.x(0).dim[1];
  a.work->rows(a.x(0).dim[0], row_grain(K), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) quantize_row(a.x(0).row<float>(t), a.y().row<std::byte>(t), K);
  });
}

template <const CpuIsa& isa>
void run_rms_norm(const OpArgs& a) {
  const float* gain = a.x(1).as<float>();
  int64_t C = a.x(0).dim[1], D = a.x(1).dim[0];
  float eps = a.at<NormAttr>().eps;
  a.work->rows(a.x(0).dim[0], row_grain(C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * C; i < end * C; i += D) isa.rms_norm(a.x(0).as<float>() + i, gain, a.y().as<float>() + i, D, eps);
  });
}

template <const CpuIsa& isa>
void run_add(const OpArgs& a) {
  int64_t C = a.x(0).cols(), rows = a.x(0).rows();
  bool bias = a.x(1).rank < a.x(0).rank;
  a.work->rows(rows, row_grain(C), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) isa.add(a.x(0).row<float>(t), bias ? a.x(1).as<float>() : a.x(1).row<float>(t), a.y().row<float>(t), C);
  });
}

template <const CpuIsa& isa>
void run_scale(const OpArgs& a) {
  int64_t C = a.x(0).cols();
  float factor = a.at<ScaleAttr>().factor;
  a.work->rows(a.x(0).rows(), row_grain(C), [&](int64_t begin, int64_t end) {
    isa.scale(a.x(0).row<float>(begin), factor, a.y().row<float>(begin), (end - begin) * C);
  });
}

template <const CpuIsa& isa>
void run_glu(const OpArgs& a) {
  auto* act = a.at<GluAttr>().gate == Gate::silu ? isa.glu_silu : isa.glu_gelu;
  int64_t C = a.x(0).cols();
  a.work->rows(a.x(0).rows(), row_grain(C * 4), [&](int64_t begin, int64_t end) {
    act(a.x(0).row<float>(begin), a.x(1).row<float>(begin), a.y().row<float>(begin), (end - begin) * C);
  });
}

template <const CpuIsa& isa>
void run_soft_cap(const OpArgs& a) {
  constexpr int64_t kPiece = 4096;  // a row of logits is long: threads share it
  float cap = a.at<SoftCapAttr>().cap;
  int64_t count = a.x(0).count();
  a.work->rows((count + kPiece - 1) / kPiece, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kPiece; i < std::min(count, end * kPiece); i += kPiece) {
      int64_t n = std::min(kPiece, count - i);
      float* y = a.y().as<float>() + i;
      std::memcpy(y, a.x(0).as<float>() + i, size_t(n) * sizeof(float));
      isa.soft_cap(y, int(n), cap);
    }
  });
}

template <const CpuIsa& isa>
void run_rope(const OpArgs& a) {
  auto attr = a.at<RopeAttr>();
  int64_t C = a.x(0).dim[1], R = a.x(1).dim[1];
  a.work->rows(a.x(0).dim[0], row_grain(C), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      rotate_heads<isa>(a.x(0).row<float>(t), a.x(1).row<float>(t), a.y().row<float>(t), C, attr.head_dim, R, int(attr.pairing));
  });
}

template <const CpuIsa& isa>
void run_kv_write(const OpArgs& a) {
  int64_t C = a.x(1).dim[1];
  auto* store_row = isa.store_row[row_type(a.y().dtype)];
  a.work->rows(a.x(1).dim[0], row_grain(C), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      int64_t slot = a.x(2).as<int32_t>()[t];
      if (slot >= 0) store_row(a.x(1).row<float>(t), a.y().row<std::byte>(slot), C);
    }
  });
}

void run_embed_plain(const OpArgs& a) {
  const Tensor& table = a.x(0);
  int64_t C = table.dim[1];
  a.work->rows(a.x(1).count(), row_grain(C), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      row_to_float(table.dtype, table.row<std::byte>(a.x(1).as<int32_t>()[t]), a.y().row<float>(t), C);
  });
}

// Reads rows out of the packed matmul layout: a tied table is held once.
void run_embed_w16(const OpArgs& a) {
  const Tensor& table = a.x(0);
  int64_t C = table.dim[1];
  a.work->rows(a.x(1).count(), row_grain(C), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) w16_row_to_float(table.dtype, table.data, C, a.x(1).as<int32_t>()[t], a.y().row<float>(t));
  });
}

bool accepts_embed_w16(const KernelQuery& q) { return q.constant[0] && w16_type(q.in[0].dtype) >= 0; }

void run_select_rows(const OpArgs& a) {
  size_t bytes = a.y().row_bytes();
  for (int64_t r = 0; r < a.y().dim[0]; ++r) std::memcpy(a.y().row<std::byte>(r), a.x(0).row<std::byte>(a.x(1).as<int32_t>()[r]), bytes);
}

void run_rope_table(const OpArgs& a) {
  auto attr = a.at<RopeTableAttr>();
  int64_t R = attr.dims, half = R / 2;
  const float* factors = a.in[1] ? a.x(1).as<float>() : nullptr;
  double log_base = log_of(attr.base), ramp = std::max(0.001, attr.ramp_high - attr.ramp_low);
  a.work->rows(a.x(0).dim[0], row_grain(R * 16), [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < half; ++i) {
      double scaled = std::clamp((double(i) - attr.ramp_low) / ramp, 0.0, 1.0);
      double frequency = exp_of(-2.0 * double(i) / double(R) * log_base) / (factors ? double(factors[i]) : 1.0);
      frequency *= attr.position_scale * scaled + (1.0 - scaled);
      for (int64_t t = begin; t < end; ++t) {
        double c, s;
        cos_sin(double(a.x(0).as<int32_t>()[t]) * frequency, c, s);
        a.y().row<float>(t)[i] = float(c * attr.magnitude);
        a.y().row<float>(t)[half + i] = float(s * attr.magnitude);
      }
    }
  });
}

#define PRM_INSTANTIATE(isa)                         \
  template void run_quantize<isa>(const OpArgs&);    \
  template void run_rms_norm<isa>(const OpArgs&);    \
  template void run_add<isa>(const OpArgs&);         \
  template void run_scale<isa>(const OpArgs&);       \
  template void run_glu<isa>(const OpArgs&);         \
  template void run_soft_cap<isa>(const OpArgs&);    \
  template void run_rope<isa>(const OpArgs&);        \
  template void run_kv_write<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
