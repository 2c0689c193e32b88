// AVX2 attention pieces (cpu/isa.h): scores, softmax of a split, weighted sum of rows, merge of splits.
#include "cpu/avx2_math.h"
#include "cpu/avx2_table.h"

namespace {

inline __m256 load8(const float* p) { return _mm256_loadu_ps(p); }
inline __m256 load8(const uint16_t* p) { return load_half8(p); }
inline float load1(const float* p) { return *p; }
inline float load1(const uint16_t* p) { return _cvtsh_ss(*p); }

template <class T>
inline const T* row_at(const void* rows, size_t stride, int j) {
  return reinterpret_cast<const T*>(static_cast<const char*>(rows) + size_t(j) * stride);
}

// NR rows at once, so that their trees overlap. Lanes as in base/numeric.h: index mod 16.
template <class T, int NR>
inline void score_tile(const float* q, const void* rows, size_t stride, int D, float factor, float* score) {
  const T* row[NR];
  __m256 low[NR], high[NR];
  for (int r = 0; r < NR; ++r) row[r] = row_at<T>(rows, stride, r), low[r] = high[r] = _mm256_setzero_ps();
  int d = 0;
  for (; d + 16 <= D; d += 16) {
    __m256 q0 = _mm256_loadu_ps(q + d), q1 = _mm256_loadu_ps(q + d + 8);
    for (int r = 0; r < NR; ++r) {
      low[r] = _mm256_fmadd_ps(q0, load8(row[r] + d), low[r]);
      high[r] = _mm256_fmadd_ps(q1, load8(row[r] + d + 8), high[r]);
    }
  }
  for (int r = 0; r < NR; ++r) {
    if (d < D) {
      float lane[16];
      _mm256_storeu_ps(lane, low[r]);
      _mm256_storeu_ps(lane + 8, high[r]);
      for (int i = d; i < D; ++i) lane[i - d] = __builtin_fmaf(q[i], load1(row[r] + i), lane[i - d]);
      low[r] = _mm256_loadu_ps(lane);
      high[r] = _mm256_loadu_ps(lane + 8);
    }
    score[r] = merge_lanes(low[r], high[r]) * factor;
  }
}

template <class T>
void score_rows(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  int j = 0;
  for (; j + 4 <= n; j += 4) score_tile<T, 4>(q, row_at<char>(rows, stride, j), stride, D, factor, score + j);
  for (; j < n; ++j) score_tile<T, 1>(q, row_at<char>(rows, stride, j), stride, D, factor, score + j);
}

// NV vectors of the sum stay in registers while all rows go by.
template <class T, int NV>
inline void add_columns(const float* weight, const void* rows, size_t stride, int n, int d, float* sum) {
  __m256 s[NV];
  for (int v = 0; v < NV; ++v) s[v] = _mm256_loadu_ps(sum + d + 8 * v);
  for (int j = 0; j < n; ++j) {
    const T* row = row_at<T>(rows, stride, j) + d;
    __m256 w = _mm256_set1_ps(weight[j]);
    for (int v = 0; v < NV; ++v) s[v] = _mm256_fmadd_ps(w, load8(row + 8 * v), s[v]);
  }
  for (int v = 0; v < NV; ++v) _mm256_storeu_ps(sum + d + 8 * v, s[v]);
}

template <class T>
void add_rows(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  int d = 0;
  for (; d + 64 <= D; d += 64) add_columns<T, 8>(weight, rows, stride, n, d, sum);
  for (; d + 8 <= D; d += 8) add_columns<T, 1>(weight, rows, stride, n, d, sum);
  for (; d < D; ++d)
    for (int j = 0; j < n; ++j) sum[d] = __builtin_fmaf(weight[j], load1(row_at<T>(rows, stride, j) + d), sum[d]);
}

}  // namespace

namespace prm::avx2 {

void score_rows_f32(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  score_rows<float>(q, rows, stride, n, D, factor, score);
}
void score_rows_f16(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  score_rows<uint16_t>(q, rows, stride, n, D, factor, score);
}
void add_rows_f32(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  add_rows<float>(weight, rows, stride, n, D, sum);
}
void add_rows_f16(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  add_rows<uint16_t>(weight, rows, stride, n, D, sum);
}

float softmax_split(float* score, int n, int first, float* top) {
  float max = -__builtin_inff();
  for (int j = 0; j < n; ++j) max = score[j] > max ? score[j] : max;
  *top = max;
  __m256 shift = _mm256_set1_ps(max);
  int j = 0;
  for (; j + 8 <= n; j += 8) _mm256_storeu_ps(score + j, exp_lanes(_mm256_sub_ps(_mm256_loadu_ps(score + j), shift)));
  if (j < n) {
    __m256i mask = tail_mask(n - j);
    _mm256_maskstore_ps(score + j, mask, exp_lanes(_mm256_sub_ps(_mm256_maskload_ps(score + j, mask), shift)));
  }
  float lane[16] = {};
  for (int i = 0; i < n; ++i) lane[(first + i) & 15] += score[i];
  return merge_lanes(_mm256_loadu_ps(lane), _mm256_loadu_ps(lane + 8));
}

void merge_split(float* sum, const float* part, float keep, float join, int D) {
  __m256 k = _mm256_set1_ps(keep), j = _mm256_set1_ps(join);
  int d = 0;
  for (; d + 8 <= D; d += 8)
    _mm256_storeu_ps(sum + d, _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(sum + d), k), _mm256_mul_ps(_mm256_loadu_ps(part + d), j)));
  for (; d < D; ++d) sum[d] = sum[d] * keep + part[d] * join;
}

}  // namespace prm::avx2
