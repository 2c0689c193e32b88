// Attention pieces of the 512 kernels (cpu/isa.h): scores, softmax of a split, weighted sum of rows, merge of splits.
#pragma once
#include "cpu/kernels512_rowwise.h"

namespace {

// Rows of the cache: n <= 16 values from d on, as floats.
struct RowF32 {
  static PRM_METHOD Floats load_at(const char* row, int64_t d, int n) { return load_piece(reinterpret_cast<const float*>(row) + d, n); }
};
struct RowF16 {
  static PRM_METHOD Floats load_at(const char* row, int64_t d, int n) {
    auto* p = reinterpret_cast<const uint16_t*>(row) + d;
    return n == 16 ? load_half(p) : load_half_part(p, n);
  }
};
struct RowBF16 {
  static PRM_METHOD Floats load_at(const char* row, int64_t d, int n) {
    auto* p = reinterpret_cast<const uint16_t*>(row) + d;
    return n == 16 ? load_bf16(p) : load_bf16_part(p, n);
  }
};
struct RowQ8_0 {  // d a multiple of 16, n = 16
  static PRM_METHOD Floats load_at(const char* row, int64_t d, int) {
    auto* block = reinterpret_cast<const prm::BlockQ8_0*>(row) + uint64_t(d) / 32;
    return mul(to_floats(widen(block->q + uint64_t(d) % 32)), splat_half(&block->d));
  }
};

PRM_OP const char* row_at(const void* rows, size_t stride, int j) { return static_cast<const char*>(rows) + size_t(j) * stride; }

// Sixteen rows at once: their trees are merged in one.
template <class Row>
void score_rows(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  int j = 0;
  for (; j + 16 <= n; j += 16) {
    const char* first = row_at(rows, stride, j);
    Floats sum[16];
    PRM_UNROLL for (int r = 0; r < 16; ++r) sum[r] = splat(0.0f);
    each_piece(D, [&](int64_t d, int lanes) {
      Floats v = load_piece(q + d, lanes);
      PRM_UNROLL for (int r = 0; r < 16; ++r) sum[r] = fma(v, Row::load_at(row_at(first, stride, r), d, lanes), sum[r]);
    });
    store(score + j, mul(merge_16(sum), splat(factor)));
  }
  for (; j < n; ++j) {
    const char* row = row_at(rows, stride, j);
    Floats sum = splat(0.0f);
    each_piece(D, [&](int64_t d, int lanes) { sum = fma(load_piece(q + d, lanes), Row::load_at(row, d, lanes), sum); });
    score[j] = merge_lanes(sum) * factor;
  }
}

void soft_cap(float* score, int n, float cap) {
  each_piece(n, [&](int64_t j, int lanes) {
    Floats s = div(load_piece(score + j, lanes), splat(cap));
    store_piece(score + j, mul(splat(cap), add(tanh_lanes(s), sub(s, s))), lanes);
  });
}

float softmax_split(float* score, int n, int first, float* top) {
  Floats highest = splat(-__builtin_inff());
  each_piece(n, [&](int64_t j, int lanes) {
    if (lanes == 16) highest = max_of(load(score + j), highest);
    else for (int i = 0; i < lanes; ++i) highest = max_of(splat(score[j + i]), highest);
  });
  float max = max_lane(highest);
  *top = max;
  // A vector's lane l holds positions l mod 16 from the split's first key on: one rotation at the end makes lanes of them.
  Floats sum = splat(0.0f);
  each_piece(n, [&](int64_t j, int lanes) {
    store_piece(score + j, exp_lanes(sub(load_piece(score + j, lanes), splat(max))), lanes);
    sum = add(sum, load_piece(score + j, lanes));
  });
  float lane[32];
  store(lane, sum);
  store(lane + 16, sum);
  return merge_lanes(load(lane + (16 - (first & 15))));
}

// NV vectors of the sum stay in registers while all rows go by; the last has `lanes`.
template <class Row, int NV>
PRM_OP void add_columns(const float* weight, const void* rows, size_t stride, int n, int d, int lanes, float* sum) {
  Floats s[NV];
  PRM_UNROLL for (int v = 0; v < NV; ++v) s[v] = load_piece(sum + d + 16 * v, lanes);
  for (int j = 0; j < n; ++j) {
    const char* row = row_at(rows, stride, j);
    Floats w = splat(weight[j]);
    PRM_UNROLL for (int v = 0; v < NV; ++v) s[v] = fma(w, Row::load_at(row, d + 16 * v, lanes), s[v]);
  }
  PRM_UNROLL for (int v = 0; v < NV; ++v) store_piece(sum + d + 16 * v, s[v], lanes);
}

template <class Row>
void add_rows(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  int d = 0;
  for (; d + 256 <= D; d += 256) add_columns<Row, 16>(weight, rows, stride, n, d, 16, sum);
  for (; d + 64 <= D; d += 64) add_columns<Row, 4>(weight, rows, stride, n, d, 16, sum);
  for (; d + 16 <= D; d += 16) add_columns<Row, 1>(weight, rows, stride, n, d, 16, sum);
  if (d < D) add_columns<Row, 1>(weight, rows, stride, n, d, D - d, sum);
}

// NQ queries and 16 / NQ rows at once: each vector of a row is read once for NQ products, and one merge makes 16 scores.
template <class Row, int NQ>
void score_queries(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score, int score_stride) {
  constexpr int NR = 16 / NQ;
  int j = 0;
  for (; j + NR <= n; j += NR) {
    const char* row[NR];
    Floats sum[16];
    PRM_UNROLL for (int r = 0; r < NR; ++r) row[r] = row_at(rows, stride, j + r);
    PRM_UNROLL for (int s = 0; s < 16; ++s) sum[s] = splat(0.0f);
    for (int d = 0; d < D; d += 16) {
      Floats v[NR];
      PRM_UNROLL for (int r = 0; r < NR; ++r) v[r] = Row::load_at(row[r], d, 16);
      PRM_UNROLL for (int s = 0; s < 16; ++s) sum[s] = fma(load(q + s / NR * D + d), v[s % NR], sum[s]);
    }
    float scores[16];
    store(scores, mul(merge_16(sum), splat(factor)));
    for (int i = 0; i < NQ; ++i) memcpy(score + i * score_stride + j, scores + NR * i, NR * sizeof(float));
  }
  for (int i = 0; j < n && i < NQ; ++i) score_rows<Row>(q + i * D, row_at(rows, stride, j), stride, n - j, D, factor, score + i * score_stride + j);
}

template <class Row>
void score_tile(const float* q, int queries, const void* rows, size_t stride, int n, int D, float factor, float* score, int score_stride) {
  int i = 0;
  for (; i + 4 <= queries; i += 4) score_queries<Row, 4>(q + i * D, rows, stride, n, D, factor, score + i * score_stride, score_stride);
  if (i + 2 <= queries) {
    score_queries<Row, 2>(q + i * D, rows, stride, n, D, factor, score + i * score_stride, score_stride);
    i += 2;
  }
  if (i < queries) score_rows<Row>(q + i * D, rows, stride, n, D, factor, score + i * score_stride);
}

// NQ queries, NV vectors of each one's sum in registers while all rows go by.
template <class Row, int NQ, int NV>
PRM_OP void add_queries(const float* weight, int weight_stride, const void* rows, size_t stride, int n, int D, int d, float* sum) {
  Floats s[NQ][NV];
  PRM_UNROLL for (int i = 0; i < NQ; ++i)
    PRM_UNROLL for (int v = 0; v < NV; ++v) s[i][v] = load(sum + i * D + d + 16 * v);
  for (int j = 0; j < n; ++j) {
    const char* row = row_at(rows, stride, j);
    Floats values[NV];
    PRM_UNROLL for (int v = 0; v < NV; ++v) values[v] = Row::load_at(row, d + 16 * v, 16);
    PRM_UNROLL for (int i = 0; i < NQ; ++i) {
      Floats w = splat(weight[i * weight_stride + j]);
      PRM_UNROLL for (int v = 0; v < NV; ++v) s[i][v] = fma(w, values[v], s[i][v]);
    }
  }
  PRM_UNROLL for (int i = 0; i < NQ; ++i)
    PRM_UNROLL for (int v = 0; v < NV; ++v) store(sum + i * D + d + 16 * v, s[i][v]);
}

template <class Row, int NQ>
PRM_OP void add_all_columns(const float* weight, int weight_stride, const void* rows, size_t stride, int n, int D, float* sum) {
  int d = 0;
  for (; d + 64 <= D; d += 64) add_queries<Row, NQ, 4>(weight, weight_stride, rows, stride, n, D, d, sum);
  for (; d < D; d += 16) add_queries<Row, NQ, 1>(weight, weight_stride, rows, stride, n, D, d, sum);
}

template <class Row>
void add_tile(const float* weight, int weight_stride, int queries, const void* rows, size_t stride, int n, int D, float* sum) {
  int i = 0;
  for (; i + 4 <= queries; i += 4) add_all_columns<Row, 4>(weight + i * weight_stride, weight_stride, rows, stride, n, D, sum + i * D);
  switch (queries - i) {
    case 3: return add_all_columns<Row, 3>(weight + i * weight_stride, weight_stride, rows, stride, n, D, sum + i * D);
    case 2: return add_all_columns<Row, 2>(weight + i * weight_stride, weight_stride, rows, stride, n, D, sum + i * D);
    case 1: return add_rows<Row>(weight + i * weight_stride, rows, stride, n, D, sum + i * D);
    default: return;
  }
}

template <class Row>
void load_values(const void* row, float* y, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, Row::load_at(static_cast<const char*>(row), i, lanes), lanes); });
}

void merge_split(float* sum, const float* part, float keep, float join, int D) {
  each_piece(D, [&](int64_t d, int lanes) {
    store_piece(sum + d, add(mul(load_piece(sum + d, lanes), splat(keep)), mul(load_piece(part + d, lanes), splat(join))), lanes);
  });
}

}  // namespace
