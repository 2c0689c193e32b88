// Drivers of mixtures of experts: the router, the matmuls of chosen experts over rows of the same packed layout as any
// other weight, and the weighted sum.
#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/numeric.h"
#include "cpu/cpu_kernels.h"
#include "cpu/w16_pack.h"
#include "ops/experts.h"

namespace prm {

namespace {

constexpr size_t kGatherBytes = 1 << 16;  // of a thread's stack, for activations of tokens that chose one expert

int64_t rows_of_expert(const KernelQuery& q) { return q.in[1].dim[0] / q.attr.as<ExpertsAttr>().experts; }

}  // namespace

bool accepts_route(const KernelQuery& q) { return q.in[0].dtype == DType::f32 && q.in[0].dim[1] <= kMostExperts; }
bool accepts_combine(const KernelQuery& q) { return q.in[0].dtype == DType::f32; }

// Softmax by 16 lanes and the tree; chosen weights are added in their order.
void run_moe_route(const OpArgs& a) {
  auto attr = a.at<RouteAttr>();
  int64_t E = a.x(0).dim[1], k = attr.used;
  int64_t grain = std::clamp<int64_t>((int64_t(1) << 18) / (E * k), 1, 16);  // the cancel flag is read behind so many tokens
  a.work->rows(a.x(0).dim[0], grain, [&](int64_t begin, int64_t end) {
    float part[kMostExperts];
    for (int64_t t = begin; t < end; ++t) {
      const float* logits = a.x(0).row<float>(t);
      int32_t* chosen = a.y(0).as<int32_t>() + t * k;
      float *weights = a.y(1).row<float>(t), lane[16] = {}, used = 0;
      choose_experts(E, k, [&](int64_t e) { return logits[e]; }, chosen);
      float top = logits[chosen[0]];
      for (int64_t e = 0; e < E; ++e) part[e] = exp_of(logits[e] - top), lane[e & 15] += part[e];
      float all = merge_lanes(lane);
      for (int64_t j = 0; j < k; ++j) weights[j] = part[chosen[j]] / all, used += weights[j];
      for (int64_t j = 0; j < k; ++j) {
        if (attr.renormalize) weights[j] /= std::max(used, kLeastRouteSum);
        weights[j] *= attr.scale;
      }
    }
  });
}

bool accepts_moe_plain(const KernelQuery& q) { return accepts_block_matmul(q); }

void run_moe_plain(const OpArgs& a) {
  int64_t k = a.x(2).dim[1], K = a.x(1).dim[1], N = a.y().dim[1] / k;
  int64_t pieces = ceil_div(N, 16);
  a.work->rows(a.x(2).count() * pieces, std::max<int64_t>(1, (kChunkMacs / 16) / (16 * K)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      ExpertSlot slot(a, i / pieces / k, i / pieces % k);
      int64_t n = i % pieces * 16;
      multiply_plain_rows(slot.w, n, int(std::min<int64_t>(16, N - n)), slot.x, 0, 1, slot.y.as<float>() + n, N);
    }
  });
}

// Groups of 16 rows do not reach over the end of an expert.
template <const CpuIsa& isa>
bool accepts_moe_w16(const KernelQuery& q) {
  return rows_of_expert(q) % 16 == 0 && accepts_matmul_w16<isa>(q);
}

template <const CpuIsa& isa>
void run_moe_w16(const OpArgs& a) {
  const Tensor& w = a.x(1);
  const int32_t* chosen = a.x(2).as<int32_t>();
  W16MatmulFn kernel = isa.matmul[w16_type(w.dtype)];
  int64_t E = a.at<ExpertsAttr>().experts, k = a.x(2).dim[1], K = w.dim[1], N = w.dim[0] / E, groups = N / 16, slots = a.x(2).count();
  size_t group_bytes = w16_group_bytes(w.dtype, K);
  int64_t grain = std::clamp<int64_t>(kChunkMacs / (16 * K), 1, std::max<int64_t>(1, slots * groups / 16));
  auto multiply = [&](int64_t slot, int64_t g) {
    ExpertSlot at(a, slot / k, slot % k);
    kernel(w.data + size_t(at.expert * groups + g) * group_bytes, at.x.data, at.x.row_bytes(), 1, K, at.y.as<float>() + g * 16, N, 16);
  };
  if (slots <= E) {  // few tokens: what they chose, in their order
    a.work->rows(slots * groups, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) multiply(i / groups, i % groups);
    });
    return;
  }
  // Many: expert by expert, its tokens side by side a few at a time, as kernels take them.
  size_t row_bytes = size_t(K / info(a.x(0).dtype).block) * size_t(info(a.x(0).dtype).bytes);
  int64_t most = std::clamp<int64_t>(int64_t(kGatherBytes / row_bytes), 1, kTokenStep);
  a.work->rows(E * groups, std::max<int64_t>(1, grain * E / slots), [&](int64_t begin, int64_t end) {
    alignas(64) std::byte gathered[kGatherBytes];
    float sums[kTokenStep * 16], *y[kTokenStep];
    for (int64_t i = begin; i < end;) {
      int64_t expert = i / groups, until = std::min(end, (expert + 1) * groups);
      for (int64_t slot = 0; slot < slots;) {
        const std::byte* x = gathered;
        int64_t n = 0;
        for (; slot < slots && n < most; ++slot) {
          if (chosen[slot] != expert) continue;
          ExpertSlot at(a, slot / k, slot % k);
          if (most == 1) x = at.x.data;
          else std::memcpy(gathered + size_t(n) * row_bytes, at.x.data, row_bytes);
          y[n++] = at.y.as<float>();
        }
        for (int64_t g = i; n && g < until; ++g) {
          kernel(w.data + size_t(g) * group_bytes, x, row_bytes, n, K, sums, 16, 16);
          for (int64_t j = 0; j < n; ++j) std::memcpy(y[j] + (g - expert * groups) * 16, sums + j * 16, 16 * sizeof(float));
        }
      }
      i = until;
    }
  });
}

// From 0 by fma in the router's order; the shared expert last, its weight 1 / (1 + exp(-gate)).
template <const CpuIsa& isa>
void run_moe_combine(const OpArgs& a) {
  constexpr int64_t kPiece = 256;
  int64_t C = a.y().dim[1], k = a.x(1).dim[1], pieces = ceil_div(C, kPiece);
  size_t stride = size_t(C) * sizeof(float);
  a.work->rows(a.y().dim[0] * pieces, std::max<int64_t>(1, 16384 / (kPiece * k)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t t = i / pieces, c = i % pieces * kPiece;
      int n = int(std::min(kPiece, C - c));
      float* y = a.y().row<float>(t) + c;
      std::fill_n(y, n, 0.0f);
      isa.add_rows[kRowF32](a.x(1).row<float>(t), a.x(0).row<float>(t) + c, stride, int(k), n, y);
      if (!a.in[2]) continue;
      float gate = 1.0f / (1.0f + exp_of(-a.x(3).as<float>()[t]));
      isa.add_rows[kRowF32](&gate, a.x(2).row<float>(t) + c, stride, 1, n, y);
    }
  });
}

#define PRM_PACKED(isa)                                   \
  template bool accepts_moe_w16<isa>(const KernelQuery&); \
  template void run_moe_w16<isa>(const OpArgs&);
PRM_VECTOR_ISAS(PRM_PACKED)
#define PRM_INSTANTIATE(isa) template void run_moe_combine<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
