// Attention driver: one walk for rows and for pages. Keys ascend in splits at absolute positions 256 i, masked keys are
// skipped, splits are merged in index order (online softmax: Milakov and Gimelshein, 2018).
#include <algorithm>
#include <cmath>

#include "base/numeric.h"
#include "cpu/cpu_kernels.h"
#include "ops/ops.h"

namespace prm {

namespace {

constexpr int kMaxHeadDim = 1024;

// Runs of positions whose rows lie one after another: next(j, end, run) gives the row of position j and how many follow.
struct RowRuns {
  int64_t first_row = 0;           // rows: row of position 0
  const int32_t* pages = nullptr;  // or pages of the sequence
  int64_t page = 0;

  int64_t row(int64_t j, int64_t end, int& run) const {
    if (!pages) {
      run = int(end - j);
      return first_row + j;
    }
    run = int(std::min(end - j, page - j % page));
    return int64_t(pages[j / page]) * page + j % page;
  }
};

struct HeadTask {
  const float* q;
  const std::byte *k, *v;  // column of this kv head in row 0
  size_t stride;           // bytes of a cache row
  float* out;
  int D;
  RowType type;
  float factor;
};

template <const CpuIsa& isa>
void attend_head(const HeadTask& h, const RowRuns& rows, int64_t first, int64_t last) {
  float sum[kMaxHeadDim], part[kMaxHeadDim], score[kAttentionSplit];
  float top = -INFINITY, total = 0;
  std::fill(sum, sum + h.D, 0.0f);
  for (int64_t begin = first; begin <= last;) {
    int64_t end = std::min(last + 1, (begin / kAttentionSplit + 1) * kAttentionSplit);
    int run = 0;
    for (int64_t j = begin; j < end; j += run) {
      const std::byte* row = h.k + size_t(rows.row(j, end, run)) * h.stride;
      isa.score_rows[h.type](h.q, row, h.stride, run, h.D, h.factor, score + (j - begin));
    }
    float split_top, split_total = isa.softmax_split(score, int(end - begin), int(begin % kAttentionSplit), &split_top);
    std::fill(part, part + h.D, 0.0f);
    for (int64_t j = begin; j < end; j += run) {
      const std::byte* row = h.v + size_t(rows.row(j, end, run)) * h.stride;
      isa.add_rows[h.type](score + (j - begin), row, h.stride, run, h.D, part);
    }
    float new_top = std::max(top, split_top);
    float keep = begin == first ? 0.0f : exp_of(top - new_top), join = exp_of(split_top - new_top);
    total = total * keep + split_total * join;
    isa.merge_split(sum, part, keep, join, h.D);
    top = new_top;
    begin = end;
  }
  for (int d = 0; d < h.D; ++d) h.out[d] = last < first ? 0.0f : sum[d] / total;
}

template <const CpuIsa& isa>
void attend_all(const OpArgs& a, const Tensor& k, const Tensor& v, RowRuns (*runs_of)(const OpArgs&, int64_t t, int64_t position)) {
  auto attr = a.at<AttentionAttr>();
  const Tensor& q = a.x(0);
  const int32_t* positions = a.x(3).as<int32_t>();
  int64_t D = attr.head_dim, H = q.cols() / D, group = q.cols() / k.cols();
  size_t value_bytes = size_t(info(k.dtype).bytes);
  a.work->rows(q.dim[0] * H, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t t = i / H, h = i % H, last = positions[t];
      int64_t first = attr.window > 0 ? std::max<int64_t>(0, last - attr.window + 1) : 0;
      size_t column = size_t(h / group * D) * value_bytes;
      HeadTask task{q.row<float>(t) + h * D, k.data + column, v.data + column, k.row_bytes(), a.y().row<float>(t) + h * D, int(D),
                    k.dtype == DType::f16 ? kRowF16 : kRowF32, attr.scale};
      attend_head<isa>(task, runs_of(a, t, last), first, last);
    }
  });
}

RowRuns runs_in_rows(const OpArgs&, int64_t t, int64_t position) { return {.first_row = t - position}; }

RowRuns runs_in_pages(const OpArgs& a, int64_t t, int64_t position) {
  return {.pages = a.x(5).row<int32_t>(position < 0 ? 0 : a.x(4).as<int32_t>()[t]), .page = a.x(1).dim[1]};
}

}  // namespace

bool accepts_attention(const KernelQuery& q) {
  bool types = q.in[0].dtype == DType::f32 && (q.in[1].dtype == DType::f32 || q.in[1].dtype == DType::f16);
  return types && q.attr.as<AttentionAttr>().head_dim <= kMaxHeadDim;
}

template <const CpuIsa& isa>
void run_attention(const OpArgs& a) {
  attend_all<isa>(a, a.x(1), a.x(2), runs_in_rows);
}

template <const CpuIsa& isa>
void run_attention_paged(const OpArgs& a) {
  attend_all<isa>(a, a.x(1), a.x(2), runs_in_pages);
}

template void run_attention<kScalarIsa>(const OpArgs&);
template void run_attention<kAvx2Isa>(const OpArgs&);
template void run_attention_paged<kScalarIsa>(const OpArgs&);
template void run_attention_paged<kAvx2Isa>(const OpArgs&);

}  // namespace prm
