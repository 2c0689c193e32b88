// Attention driver: one walk for rows and for pages. A work item is a tile of queries (neighbouring tokens, query heads of
// one kv head) that passes over the rows together, as flash attention does (Dao et al., 2022), while each query keeps the
// canonical order: keys ascend in splits at absolute positions 256 i, masked keys are skipped, splits are merged in index
// order (online softmax: Milakov and Gimelshein, 2018). So the cut into tiles changes no byte.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "base/numeric.h"
#include "cpu/cpu_kernels.h"
#include "ops/ops.h"

namespace prm {

namespace {

// Runs of positions whose rows lie one after another: row(j, end, run) gives the row of position j and how many follow.
struct RowRuns {
  int64_t first_row = 0;           // rows: row of position 0
  const int32_t* pages = nullptr;  // or pages of the sequence
  int64_t page = 0;

  bool operator==(const RowRuns&) const = default;

  int64_t row(int64_t j, int64_t end, int& run) const {
    if (!pages) {
      run = int(end - j);
      return first_row + j;
    }
    run = int(std::min(end - j, page - j % page));
    return int64_t(pages[j / page]) * page + j % page;
  }
};

// A tile's queries, and the block of rows that they read, stay in the first-level cache.
constexpr int kTileFloats = 4096, kTileQueries = 32;
// So many queries read the cache's rows as they are; for more, a block of rows is made floats once.
constexpr int kDirectQueries = 8;

struct Query {
  int64_t first, last;  // positions that it sees
  float top = -INFINITY, total = 0;
};

// Tokens t .. t + tokens - 1 of one sequence, none of them padding; query heads head .. head + heads - 1 of one kv head.
struct TileTask {
  const OpArgs& a;
  RowRuns rows;
  int64_t t, tokens, head, heads;
};

template <const CpuIsa& isa>
struct TileWalk {
  const OpArgs& a;
  const RowRuns rows;
  const AttentionAttr attr;
  const int D, heads, queries;
  const RowType stored;  // type of the rows
  const bool tiled;      // all queries at a time; else one after another
  const RowType read;    // as what the functions of the instruction set get them: in larger tiles, floats, converted once for all queries
  size_t column;     // bytes to the kv head in a row
  int64_t low = INT64_MAX, high = -1, all_low = -1, all_high = INT64_MAX;  // seen by any query, seen by all
  Query query[kTileQueries];
  alignas(64) float q[kTileFloats];
  alignas(64) float sum[kTileFloats];
  alignas(64) float part[kTileFloats];
  alignas(64) float block[kTileFloats];
  alignas(64) float score[kTileQueries * kAttentionSplit];

  explicit TileWalk(const TileTask& task)
      : a(task.a), rows(task.rows), attr(a.at<AttentionAttr>()), D(attr.head_dim), heads(int(task.heads)),
        queries(int(task.tokens * task.heads)), stored(row_type(a.x(1).dtype)), tiled(isa.score_tile[kRowF32] && D % 16 == 0 && queries > 1),
        read(tiled && queries > kDirectQueries ? kRowF32 : stored) {
    const Tensor &x = a.x(0), &k = a.x(1);
    column = size_t(task.head / (x.cols() / k.cols()) * D / info(k.dtype).block) * size_t(info(k.dtype).bytes);
    for (int i = 0; i < queries; ++i) {
      int64_t t = task.t + i / heads, last = a.x(3).as<int32_t>()[t];
      int64_t first = attr.window > 0 ? std::max<int64_t>(0, last - attr.window + 1) : 0;
      query[i] = {first, last};
      low = std::min(low, first), high = std::max(high, last);
      all_low = std::max(all_low, first), all_high = std::min(all_high, last);
      std::copy_n(x.row<float>(t) + (task.head + i % heads) * D, D, q + i * D);
    }
    std::fill(sum, sum + queries * D, 0.0f);
  }

  // use(j, n, rows, stride): the rows of positions j .. j + n - 1 in [begin, end), ascending.
  template <class Use>
  void each_block(const Tensor& cache, int64_t begin, int64_t end, Use use) {
    size_t stride = cache.row_bytes();
    int n = 0;
    for (int64_t j = begin; j < end; j += n) {
      const std::byte* row = cache.data + size_t(rows.row(j, end, n)) * stride + column;
      if (tiled) n = std::min(n, kTileFloats / D);
      if (read == stored) {
        use(j, n, row, stride);
        continue;
      }
      for (int r = 0; r < n; ++r) isa.load_row[stored](row + size_t(r) * stride, block + r * D, D);
      use(j, n, reinterpret_cast<const std::byte*>(block), size_t(D) * sizeof(float));
    }
  }

  // In tiles also masked keys get a score, which nothing reads.
  void score_keys(int64_t begin, int64_t end) {
    each_block(a.x(1), begin, end, [&](int64_t j, int n, const std::byte* row, size_t stride) {
      float* to = score + (j - begin);
      if (tiled) return isa.score_tile[read](q, queries, row, stride, n, D, attr.scale, to, kAttentionSplit);
      for (int i = 0; i < queries; ++i) {
        int64_t from = std::max(j, query[i].first), until = std::min(j + n, query[i].last + 1);
        if (from >= until) continue;
        isa.score_rows[read](q + i * D, row + size_t(from - j) * stride, stride, int(until - from), D, attr.scale, to + i * kAttentionSplit + (from - j));
      }
    });
  }

  void add_values(int64_t begin, int64_t end) {
    std::fill(part, part + queries * D, 0.0f);
    each_block(a.x(2), begin, end, [&](int64_t j, int n, const std::byte* row, size_t stride) {
      int step = !tiled ? 1 : j >= all_low && j + n - 1 <= all_high ? queries : heads;  // queries that see the same rows
      for (int i = 0; i < queries; i += step) {
        int64_t from = std::max(j, query[i].first), until = std::min(j + n, query[i].last + 1);
        if (from >= until) continue;
        const std::byte* at = row + size_t(from - j) * stride;
        const float* weight = score + i * kAttentionSplit + (from - begin);
        if (tiled) isa.add_tile[read](weight, kAttentionSplit, step, at, stride, int(until - from), D, part + i * D);
        else isa.add_rows[read](weight, at, stride, int(until - from), D, part + i * D);
      }
    });
  }

  void walk_split(int64_t begin, int64_t end) {
    float split_top[kTileQueries], split_total[kTileQueries];
    score_keys(begin, end);
    for (int i = 0; i < queries; ++i) {
      int64_t from = std::max(begin, query[i].first), until = std::min(end, query[i].last + 1);
      if (from >= until) continue;
      float* seen = score + i * kAttentionSplit + (from - begin);
      if (attr.soft_cap > 0) isa.soft_cap(seen, int(until - from), attr.soft_cap);
      split_total[i] = isa.softmax_split(seen, int(until - from), int(from % kAttentionSplit), &split_top[i]);
    }
    add_values(begin, end);
    for (int i = 0; i < queries; ++i) {
      if (std::max(begin, query[i].first) < std::min(end, query[i].last + 1)) merge(i, begin <= query[i].first, split_top[i], split_total[i]);
    }
  }

  // One more split of query i, whose values stand in `part`.
  void merge(int i, bool is_first, float split_top, float split_total) {
    Query& own = query[i];
    float new_top = std::max(own.top, split_top);
    float keep = is_first ? 0.0f : exp_of(own.top - new_top), join = exp_of(split_top - new_top);
    own.total = own.total * keep + split_total * join;
    own.top = new_top;
    isa.merge_split(sum + i * D, part + i * D, keep, join, D);
  }

  // A sink is the last split: a logit as its maximum, a sum of one, no values.
  void merge_sinks(const float* sinks) {
    std::fill(part, part + queries * D, 0.0f);
    for (int i = 0; i < queries; ++i) merge(i, false, sinks[i % heads], 1.0f);
  }

  void run() {
    for (int64_t begin = low, end = 0; begin <= high; begin = end) {
      if (a.work->control.check() != Status::ok) return;  // a long context: a tile may take longer than a chunk should
      end = std::min(high + 1, (begin / kAttentionSplit + 1) * kAttentionSplit);
      walk_split(begin, end);
    }
  }

  void store(const TileTask& task) const {
    for (int i = 0; i < queries; ++i) {
      float* out = a.y().row<float>(task.t + i / heads) + (task.head + i % heads) * D;
      for (int d = 0; d < D; ++d) out[d] = sum[i * D + d] / query[i].total;
    }
  }
};

using RunsOf = RowRuns (*)(const OpArgs&, int64_t t, int64_t position);

// Tokens t .. end - 1: neighbours of one sequence walk together, padding gives zeros.
template <const CpuIsa& isa>
void attend_tokens(const OpArgs& a, int64_t t, int64_t end, int64_t head, int64_t heads, const float* sinks, RunsOf runs_of) {
  const int32_t* positions = a.x(3).as<int32_t>();
  int64_t D = a.at<AttentionAttr>().head_dim;
  while (t < end) {
    RowRuns rows = runs_of(a, t, positions[t]);
    int64_t next = t + 1;
    if (positions[t] < 0) {
      std::fill_n(a.y().row<float>(t) + head * D, heads * D, 0.0f);
    } else {
      while (next < end && positions[next] >= 0 && runs_of(a, next, positions[next]) == rows) ++next;
      TileTask task{a, rows, t, next - t, head, heads};
      TileWalk<isa> walk(task);
      walk.run();
      if (sinks) walk.merge_sinks(sinks + head);
      walk.store(task);
    }
    t = next;
  }
}

template <const CpuIsa& isa>
void attend_all(const OpArgs& a, const Tensor* sinks, RunsOf runs_of) {
  int64_t D = a.at<AttentionAttr>().head_dim, T = a.x(0).dim[0], H = a.x(0).cols() / D, G = a.x(1).cols() / D, group = H / G;
  int64_t most = std::min<int64_t>(kTileQueries, kTileFloats / D), workers = a.work->pool ? a.work->pool->workers() : 1;
  int64_t heads = std::min(group, most);
  while (heads > 1 && T * G * ceil_div(group, heads) < workers) heads = (heads + 1) / 2;  // a single token: heads part
  int64_t tokens = std::max<int64_t>(1, most / heads), tiles = ceil_div(T, tokens), parts = ceil_div(group, heads);
  a.work->rows(G * parts * tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t t = i % tiles * tokens, part = i / tiles % parts, first = part * heads;
      attend_tokens<isa>(a, t, std::min(T, t + tokens), i / tiles / parts * group + first, std::min(heads, group - first),
                         sinks ? sinks->as<float>() : nullptr, runs_of);
    }
  });
}

RowRuns runs_in_rows(const OpArgs&, int64_t t, int64_t position) { return {.first_row = t - position}; }

RowRuns runs_in_pages(const OpArgs& a, int64_t t, int64_t position) {
  return {.pages = a.x(5).row<int32_t>(position < 0 ? 0 : a.x(4).as<int32_t>()[t]), .page = a.x(1).dim[1]};
}

}  // namespace

bool accepts_attention(const KernelQuery& q) {
  return q.in[0].dtype == DType::f32 && row_type(q.in[1].dtype) != kRowCount && q.attr.as<AttentionAttr>().head_dim <= kMaxHeadDim;
}

template <const CpuIsa& isa>
void run_attention(const OpArgs& a) {
  attend_all<isa>(a, a.in[4], runs_in_rows);
}

template <const CpuIsa& isa>
void run_attention_paged(const OpArgs& a) {
  attend_all<isa>(a, a.in[6], runs_in_pages);
}

#define PRM_INSTANTIATE(isa)                       \
  template void run_attention<isa>(const OpArgs&); \
  template void run_attention_paged<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
