// Attention pieces of the 512 kernels (cpu/isa.h): scores, softmax of a split, weighted sum of rows, merge of splits.
#pragma once
#include "cpu/kernels512_rowwise.h"

namespace {

PRM_OP Floats load_row(const float* p, int n) { return load_piece(p, n); }
PRM_OP Floats load_row(const uint16_t* p, int n) { return n == 16 ? load_half(p) : load_half_part(p, n); }

template <class T>
PRM_OP const T* row_at(const void* rows, size_t stride, int j) {
  return reinterpret_cast<const T*>(static_cast<const char*>(rows) + size_t(j) * stride);
}

// Sixteen rows at once: their trees are merged in one.
template <class T>
void score_rows(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  int j = 0;
  for (; j + 16 <= n; j += 16) {
    const char* first = row_at<char>(rows, stride, j);
    Floats sum[16];
    PRM_UNROLL for (int r = 0; r < 16; ++r) sum[r] = splat(0.0f);
    each_piece(D, [&](int64_t d, int lanes) {
      Floats v = load_piece(q + d, lanes);
      PRM_UNROLL for (int r = 0; r < 16; ++r) sum[r] = fma(v, load_row(row_at<T>(first, stride, r) + d, lanes), sum[r]);
    });
    store(score + j, mul(merge_16(sum), splat(factor)));
  }
  for (; j < n; ++j) {
    const T* row = row_at<T>(rows, stride, j);
    Floats sum = splat(0.0f);
    each_piece(D, [&](int64_t d, int lanes) { sum = fma(load_piece(q + d, lanes), load_row(row + d, lanes), sum); });
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
template <class T, int NV>
PRM_OP void add_columns(const float* weight, const void* rows, size_t stride, int n, int d, int lanes, float* sum) {
  Floats s[NV];
  PRM_UNROLL for (int v = 0; v < NV; ++v) s[v] = load_piece(sum + d + 16 * v, lanes);
  for (int j = 0; j < n; ++j) {
    const T* row = row_at<T>(rows, stride, j) + d;
    Floats w = splat(weight[j]);
    PRM_UNROLL for (int v = 0; v < NV; ++v) s[v] = fma(w, load_row(row + 16 * v, lanes), s[v]);
  }
  PRM_UNROLL for (int v = 0; v < NV; ++v) store_piece(sum + d + 16 * v, s[v], lanes);
}

template <class T>
void add_rows(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  int d = 0;
  for (; d + 256 <= D; d += 256) add_columns<T, 16>(weight, rows, stride, n, d, 16, sum);
  for (; d + 64 <= D; d += 64) add_columns<T, 4>(weight, rows, stride, n, d, 16, sum);
  for (; d + 16 <= D; d += 16) add_columns<T, 1>(weight, rows, stride, n, d, 16, sum);
  if (d < D) add_columns<T, 1>(weight, rows, stride, n, d, D - d, sum);
}

// Four queries and four rows at once: each vector is loaded once for four products, and one merge makes 16 scores.
void score_tile(const float* q, int queries, const float* rows, size_t stride, int n, int D, float factor, float* score, int score_stride) {
  int i = 0;
  for (; i + 4 <= queries; i += 4) {
    int j = 0;
    for (; j + 4 <= n; j += 4) {
      const float* row[4];
      Floats sum[16];
      PRM_UNROLL for (int r = 0; r < 4; ++r) row[r] = row_at<float>(rows, stride, j + r);
      PRM_UNROLL for (int s = 0; s < 16; ++s) sum[s] = splat(0.0f);
      for (int d = 0; d < D; d += 16) {
        Floats v[4];
        PRM_UNROLL for (int r = 0; r < 4; ++r) v[r] = load(row[r] + d);
        PRM_UNROLL for (int s = 0; s < 16; ++s) sum[s] = fma(load(q + (i + s / 4) * D + d), v[s % 4], sum[s]);
      }
      float scores[16];
      store(scores, mul(merge_16(sum), splat(factor)));
      for (int query = 0; query < 4; ++query) memcpy(score + (i + query) * score_stride + j, scores + 4 * query, 16);
    }
    for (int query = i; j < n && query < i + 4; ++query)
      score_rows<float>(q + query * D, row_at<float>(rows, stride, j), stride, n - j, D, factor, score + query * score_stride + j);
  }
  for (; i < queries; ++i) score_rows<float>(q + i * D, rows, stride, n, D, factor, score + i * score_stride);
}

// NQ queries, NV vectors of each one's sum in registers while all rows go by.
template <int NQ, int NV>
PRM_OP void add_queries(const float* weight, int weight_stride, const float* rows, size_t stride, int n, int D, int d, float* sum) {
  Floats s[NQ][NV];
  PRM_UNROLL for (int i = 0; i < NQ; ++i)
    PRM_UNROLL for (int v = 0; v < NV; ++v) s[i][v] = load(sum + i * D + d + 16 * v);
  for (int j = 0; j < n; ++j) {
    const float* row = row_at<float>(rows, stride, j) + d;
    Floats values[NV];
    PRM_UNROLL for (int v = 0; v < NV; ++v) values[v] = load(row + 16 * v);
    PRM_UNROLL for (int i = 0; i < NQ; ++i) {
      Floats w = splat(weight[i * weight_stride + j]);
      PRM_UNROLL for (int v = 0; v < NV; ++v) s[i][v] = fma(w, values[v], s[i][v]);
    }
  }
  PRM_UNROLL for (int i = 0; i < NQ; ++i)
    PRM_UNROLL for (int v = 0; v < NV; ++v) store(sum + i * D + d + 16 * v, s[i][v]);
}

void add_tile(const float* weight, int weight_stride, int queries, const float* rows, size_t stride, int n, int D, float* sum) {
  int i = 0;
  for (; i + 4 <= queries; i += 4) {
    int d = 0;
    for (; d + 64 <= D; d += 64) add_queries<4, 4>(weight + i * weight_stride, weight_stride, rows, stride, n, D, d, sum + i * D);
    for (; d < D; d += 16) add_queries<4, 1>(weight + i * weight_stride, weight_stride, rows, stride, n, D, d, sum + i * D);
  }
  for (; i < queries; ++i) add_rows<float>(weight + i * weight_stride, rows, stride, n, D, sum + i * D);
}

void load_halves(const uint16_t* x, float* y, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, load_row(x + i, lanes), lanes); });
}

void merge_split(float* sum, const float* part, float keep, float join, int D) {
  each_piece(D, [&](int64_t d, int lanes) {
    store_piece(sum + d, add(mul(load_piece(sum + d, lanes), splat(keep)), mul(load_piece(part + d, lanes), splat(join))), lanes);
  });
}

}  // namespace
