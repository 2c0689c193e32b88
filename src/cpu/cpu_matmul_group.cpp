// Drivers of several matmuls over one x: all their groups of 16 rows are one loop, so that the threads meet once. The gated
// pair computes gate and up of the same rows side by side and applies the activation to them while they are in the cache.
#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "cpu/cpu_kernels.h"
#include "cpu/w16_pack.h"
#include "ops/ops.h"

namespace prm {

namespace {

// Groups of 16 rows of one weight: packed, or plain where the instruction set has no matmul of its own.
struct RowGroups {
  const Tensor& w;
  W16MatmulFn packed;
  size_t group_bytes;
  int64_t count;

  template <const CpuIsa& isa>
  static RowGroups of(const Tensor& w) {
    int type = w16_type(w.dtype);
    W16MatmulFn packed = type < 0 ? nullptr : isa.matmul[type];
    return {w, packed, packed ? w16_group_bytes(w.dtype, w.dim[1]) : 0, ceil_div(w.dim[0], 16)};
  }
  int rows(int64_t g) const { return int(std::min<int64_t>(16, w.dim[0] - g * 16)); }
  void multiply(int64_t g, const Tensor& x, int64_t t, int64_t tokens, float* y, int64_t y_stride) const {
    if (packed) packed(w.data + size_t(g) * group_bytes, x.row<std::byte>(t), x.row_bytes(), tokens, w.dim[1], y, y_stride, rows(g));
    else multiply_plain_rows(w, g * 16, rows(g), x, t, tokens, y, y_stride);
  }
};

int64_t group_grain(int64_t groups, int64_t macs_per_group, bool packed) {
  int64_t most = (packed ? kChunkMacs : kChunkMacs / 16) / std::max<int64_t>(1, macs_per_group);
  return std::clamp<int64_t>(most, 1, std::max<int64_t>(1, groups / 16));
}

KernelQuery query_of_one(const KernelQuery& q, int weight) {
  KernelQuery one = q;
  one.inputs = 2;
  one.in[1] = q.in[weight];
  one.constant[1] = q.constant[weight];
  return one;
}

template <class Accepts>
bool accepts_each(const KernelQuery& q, Accepts accepts) {
  for (int i = 1; i < q.inputs; ++i)
    if (!accepts(query_of_one(q, i))) return false;
  return true;
}

}  // namespace

bool accepts_block_matmuls(const KernelQuery& q) { return accepts_each(q, accepts_block_matmul); }

template <const CpuIsa& isa>
bool accepts_matmuls_w16(const KernelQuery& q) {
  return accepts_each(q, accepts_matmul_w16<isa>);
}

template <const CpuIsa& isa>
void run_matmul_group(const OpArgs& a) {
  const Tensor& x = a.x(0);
  int64_t T = x.dim[0], K = x.dim[1], groups = 0;
  int64_t tile = token_tile(int64_t(x.row_bytes()));
  int weights = 0;
  for (; weights < kMaxOutputs && a.in[weights + 1]; ++weights) groups += ceil_div(a.x(weights + 1).dim[0], 16);
  bool packed = RowGroups::of<isa>(a.x(1)).packed;
  a.work->rows(groups, group_grain(groups, 16 * K * T, packed), [&](int64_t begin, int64_t end) {
    int64_t first = 0;  // group of this weight among all
    for (int i = 0; i < weights; ++i) {
      RowGroups w = RowGroups::of<isa>(a.x(i + 1));
      int64_t from = std::max(begin, first) - first, until = std::min(end, first + w.count) - first;
      for (int64_t t = 0; t < T; t += tile)
        for (int64_t g = from; g < until; ++g)
          w.multiply(g, x, t, std::min(tile, T - t), a.y(i).row<float>(t) + g * 16, a.y(i).dim[1]);
      first += w.count;
    }
  });
}

template <const CpuIsa& isa>
void run_matmul_glu(const OpArgs& a) {
  const Tensor& x = a.x(0);
  RowGroups gate = RowGroups::of<isa>(a.x(1)), up = RowGroups::of<isa>(a.x(2));
  auto* act = a.at<GluAttr>().gate == Gate::silu ? isa.glu_silu : isa.glu_gelu;
  int64_t T = x.dim[0], K = x.dim[1];
  a.work->rows(gate.count, group_grain(gate.count, 32 * K * T, gate.packed), [&](int64_t begin, int64_t end) {
    constexpr int64_t kTile = 8 * kTokenStep;
    float gates[kTile * 16] = {}, ups[kTile * 16] = {};  // columns past a last, short group stay 0
    for (int64_t t = 0; t < T; t += kTile)
      for (int64_t g = begin; g < end; ++g) {
        int64_t tokens = std::min(kTile, T - t);
        gate.multiply(g, x, t, tokens, gates, 16);
        up.multiply(g, x, t, tokens, ups, 16);
        act(gates, ups, gates, tokens * 16);
        for (int64_t i = 0; i < tokens; ++i) std::memcpy(a.y().row<float>(t + i) + g * 16, gates + i * 16, size_t(gate.rows(g)) * sizeof(float));
      }
  });
}

#define PRM_ACCEPTS(isa) template bool accepts_matmuls_w16<isa>(const KernelQuery&);
PRM_VECTOR_ISAS(PRM_ACCEPTS)
#define PRM_INSTANTIATE(isa)                          \
  template void run_matmul_group<isa>(const OpArgs&); \
  template void run_matmul_glu<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
