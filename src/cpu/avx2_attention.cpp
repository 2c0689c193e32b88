// AVX2 attention pieces (cpu/isa.h): scores, softmax of a split, weighted sum of rows, merge of splits.
#include "cpu/avx2_math.h"
#include "cpu/avx2_table.h"
#include "quant/blocks.h"

using namespace prm;

namespace {

struct Sixteen {  // lanes 0..7, 8..15
  __m256 low, high;
};

inline __m256 load8(const float* p) { return _mm256_loadu_ps(p); }

// Rows of the cache: values from d on, as floats.
struct RowF32 {
  static const float* at(const char* row, int d) { return reinterpret_cast<const float*>(row) + d; }
  static float load1(const char* row, int d) { return *at(row, d); }
  static __m256 load8(const char* row, int d) { return _mm256_loadu_ps(at(row, d)); }
  static Sixteen load16(const char* row, int d) { return {load8(row, d), load8(row, d + 8)}; }
};
struct RowF16 {
  static const uint16_t* at(const char* row, int d) { return reinterpret_cast<const uint16_t*>(row) + d; }
  static float load1(const char* row, int d) { return _cvtsh_ss(*at(row, d)); }
  static __m256 load8(const char* row, int d) { return load_half8(at(row, d)); }
  static Sixteen load16(const char* row, int d) { return {load8(row, d), load8(row, d + 8)}; }
};
struct RowBF16 {
  static const uint16_t* at(const char* row, int d) { return reinterpret_cast<const uint16_t*>(row) + d; }
  static float load1(const char* row, int d) {
    uint32_t bits = uint32_t(*at(row, d)) << 16;
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
  }
  static __m256 load8(const char* row, int d) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at(row, d))));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  static Sixteen load16(const char* row, int d) { return {load8(row, d), load8(row, d + 8)}; }
};
struct RowQ8_0 {  // d a multiple of 8, of 16 for load16
  static const BlockQ8_0* at(const char* row, int d) { return reinterpret_cast<const BlockQ8_0*>(row) + unsigned(d) / 32; }
  static float load1(const char* row, int d) { return _cvtsh_ss(at(row, d)->d) * float(at(row, d)->q[unsigned(d) % 32]); }
  static __m256 scale(const BlockQ8_0* block) { return _mm256_cvtph_ps(_mm_set1_epi16(short(block->d))); }
  static __m256 eight(const int8_t* q) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(q)))); }
  static __m256 load8(const char* row, int d) { return _mm256_mul_ps(eight(at(row, d)->q + unsigned(d) % 32), scale(at(row, d))); }
  static Sixteen load16(const char* row, int d) {
    const BlockQ8_0* block = at(row, d);
    __m256 by = scale(block);
    return {_mm256_mul_ps(eight(block->q + unsigned(d) % 32), by), _mm256_mul_ps(eight(block->q + unsigned(d) % 32 + 8), by)};
  }
};

inline const char* row_at(const void* rows, size_t stride, int j) { return static_cast<const char*>(rows) + size_t(j) * stride; }

// NR rows at once, so that their trees overlap. Lanes as in base/numeric.h: index mod 16.
template <class Row, int NR>
inline void score_some(const float* q, const void* rows, size_t stride, int D, float factor, float* score) {
  const char* row[NR];
  __m256 low[NR], high[NR];
  for (int r = 0; r < NR; ++r) row[r] = row_at(rows, stride, r), low[r] = high[r] = _mm256_setzero_ps();
  int d = 0;
  for (; d + 16 <= D; d += 16) {
    __m256 q0 = load8(q + d), q1 = load8(q + d + 8);
    for (int r = 0; r < NR; ++r) {
      Sixteen v = Row::load16(row[r], d);
      low[r] = _mm256_fmadd_ps(q0, v.low, low[r]);
      high[r] = _mm256_fmadd_ps(q1, v.high, high[r]);
    }
  }
  for (int r = 0; r < NR; ++r) {
    if (d < D) {
      float lane[16];
      _mm256_storeu_ps(lane, low[r]);
      _mm256_storeu_ps(lane + 8, high[r]);
      for (int i = d; i < D; ++i) lane[i - d] = __builtin_fmaf(q[i], Row::load1(row[r], i), lane[i - d]);
      low[r] = load8(lane);
      high[r] = load8(lane + 8);
    }
    score[r] = merge_lanes(low[r], high[r]) * factor;
  }
}

template <class Row>
void score_rows(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {
  int j = 0;
  for (; j + 4 <= n; j += 4) score_some<Row, 4>(q, row_at(rows, stride, j), stride, D, factor, score + j);
  for (; j < n; ++j) score_some<Row, 1>(q, row_at(rows, stride, j), stride, D, factor, score + j);
}

// NV vectors of the sum stay in registers while all rows go by.
template <class Row, int NV>
inline void add_columns(const float* weight, const void* rows, size_t stride, int n, int d, float* sum) {
  __m256 s[NV];
  for (int v = 0; v < NV; ++v) s[v] = load8(sum + d + 8 * v);
  for (int j = 0; j < n; ++j) {
    const char* row = row_at(rows, stride, j);
    __m256 w = _mm256_set1_ps(weight[j]);
    for (int v = 0; v < NV; ++v) s[v] = _mm256_fmadd_ps(w, Row::load8(row, d + 8 * v), s[v]);
  }
  for (int v = 0; v < NV; ++v) _mm256_storeu_ps(sum + d + 8 * v, s[v]);
}

template <class Row>
void add_rows(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {
  int d = 0;
  for (; d + 64 <= D; d += 64) add_columns<Row, 8>(weight, rows, stride, n, d, sum);
  for (; d + 8 <= D; d += 8) add_columns<Row, 1>(weight, rows, stride, n, d, sum);
  for (; d < D; ++d)
    for (int j = 0; j < n; ++j) sum[d] = __builtin_fmaf(weight[j], Row::load1(row_at(rows, stride, j), d), sum[d]);
}

// Two queries and two rows: each vector is loaded once for two products. The four trees are folded together: lane i +=
// lane i+8, 4, 2, 1 for all of them.
// Never inlined: among other code g++ keeps one of the sums in memory.
template <class Row>
__attribute__((noinline)) void score_four(const float* q0, const float* q1, const char* r0, const char* r1, int D, float factor, float* s0, float* s1) {
  __m256 low00 = _mm256_setzero_ps(), low01 = low00, low10 = low00, low11 = low00;
  __m256 high00 = low00, high01 = low00, high10 = low00, high11 = low00;
  for (int d = 0; d < D; d += 16) {  // by halves of the lanes: four vectors are held beside the eight sums
    __m256 a0 = Row::load8(r0, d), b0 = Row::load8(r1, d), x0 = load8(q0 + d), y0 = load8(q1 + d);
    low00 = _mm256_fmadd_ps(x0, a0, low00), low01 = _mm256_fmadd_ps(x0, b0, low01);
    low10 = _mm256_fmadd_ps(y0, a0, low10), low11 = _mm256_fmadd_ps(y0, b0, low11);
    __m256 a1 = Row::load8(r0, d + 8), b1 = Row::load8(r1, d + 8), x1 = load8(q0 + d + 8), y1 = load8(q1 + d + 8);
    high00 = _mm256_fmadd_ps(x1, a1, high00), high01 = _mm256_fmadd_ps(x1, b1, high01);
    high10 = _mm256_fmadd_ps(y1, a1, high10), high11 = _mm256_fmadd_ps(y1, b1, high11);
  }
  low00 = _mm256_add_ps(low00, high00), low01 = _mm256_add_ps(low01, high01);
  low10 = _mm256_add_ps(low10, high10), low11 = _mm256_add_ps(low11, high11);
  auto fold4 = [](__m256 a, __m256 b) { return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31)); };
  __m256 v0 = fold4(low00, low10), v1 = fold4(low01, low11);                                           // q0 below, q1 above
  __m256 v = _mm256_add_ps(_mm256_shuffle_ps(v0, v1, 0x44), _mm256_shuffle_ps(v0, v1, 0xee));           // r0, r0, r1, r1
  v = _mm256_mul_ps(_mm256_add_ps(_mm256_shuffle_ps(v, v, 0x88), _mm256_shuffle_ps(v, v, 0xdd)), _mm256_set1_ps(factor));
  _mm_storel_pi(reinterpret_cast<__m64*>(s0), _mm256_castps256_ps128(v));
  _mm_storel_pi(reinterpret_cast<__m64*>(s1), _mm256_extractf128_ps(v, 1));
}

// NQ queries, two vectors of each one's sum in registers while all rows go by.
template <class Row, int NQ>
inline void add_queries(const float* weight, int weight_stride, const void* rows, size_t stride, int n, int D, float* sum) {
  for (int d = 0; d < D; d += 16) {
    __m256 low[NQ], high[NQ];
    for (int i = 0; i < NQ; ++i) low[i] = load8(sum + i * D + d), high[i] = load8(sum + i * D + d + 8);
    for (int j = 0; j < n; ++j) {
      Sixteen v = Row::load16(row_at(rows, stride, j), d);
      for (int i = 0; i < NQ; ++i) {
        __m256 w = _mm256_broadcast_ss(weight + i * weight_stride + j);
        low[i] = _mm256_fmadd_ps(w, v.low, low[i]), high[i] = _mm256_fmadd_ps(w, v.high, high[i]);
      }
    }
    for (int i = 0; i < NQ; ++i) _mm256_storeu_ps(sum + i * D + d, low[i]), _mm256_storeu_ps(sum + i * D + d + 8, high[i]);
  }
}

template <class Row>
void score_tile(const float* q, int queries, const void* rows, size_t stride, int n, int D, float factor, float* score, int score_stride) {
  int i = 0;
  for (; i + 2 <= queries; i += 2) {
    const float *q0 = q + i * D, *q1 = q0 + D;
    float *s0 = score + i * score_stride, *s1 = s0 + score_stride;
    int j = 0;
    for (; j + 2 <= n; j += 2) score_four<Row>(q0, q1, row_at(rows, stride, j), row_at(rows, stride, j + 1), D, factor, s0 + j, s1 + j);
    if (j < n) score_rows<Row>(q0, row_at(rows, stride, j), stride, 1, D, factor, s0 + j);
    if (j < n) score_rows<Row>(q1, row_at(rows, stride, j), stride, 1, D, factor, s1 + j);
  }
  if (i < queries) score_rows<Row>(q + i * D, rows, stride, n, D, factor, score + i * score_stride);
}

template <class Row>
void add_tile(const float* weight, int weight_stride, int queries, const void* rows, size_t stride, int n, int D, float* sum) {
  int i = 0;
  for (; i + 6 <= queries; i += 6) add_queries<Row, 6>(weight + i * weight_stride, weight_stride, rows, stride, n, D, sum + i * D);
  for (; i + 4 <= queries; i += 4) add_queries<Row, 4>(weight + i * weight_stride, weight_stride, rows, stride, n, D, sum + i * D);
  for (; i + 2 <= queries; i += 2) add_queries<Row, 2>(weight + i * weight_stride, weight_stride, rows, stride, n, D, sum + i * D);
  for (; i < queries; ++i) add_rows<Row>(weight + i * weight_stride, rows, stride, n, D, sum + i * D);
}

template <class Row>
void load_row(const void* row, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += 8) _mm256_storeu_ps(y + i, Row::load8(static_cast<const char*>(row), int(i)));
}

}  // namespace

namespace prm::avx2 {

#define PRM_DEFINE_ROWS(type, Row)                                                                                                  \
  void score_rows_##type(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score) {               \
    score_rows<Row>(q, rows, stride, n, D, factor, score);                                                                          \
  }                                                                                                                                 \
  void add_rows_##type(const float* weight, const void* rows, size_t stride, int n, int D, float* sum) {                            \
    add_rows<Row>(weight, rows, stride, n, D, sum);                                                                                 \
  }                                                                                                                                 \
  void score_tile_##type(const float* q, int queries, const void* rows, size_t stride, int n, int D, float factor, float* score,    \
                         int score_stride) {                                                                                        \
    score_tile<Row>(q, queries, rows, stride, n, D, factor, score, score_stride);                                                   \
  }                                                                                                                                 \
  void add_tile_##type(const float* weight, int weight_stride, int queries, const void* rows, size_t stride, int n, int D,          \
                       float* sum) {                                                                                                \
    add_tile<Row>(weight, weight_stride, queries, rows, stride, n, D, sum);                                                         \
  }                                                                                                                                 \
  void load_row_##type(const void* row, float* y, int64_t n) { load_row<Row>(row, y, n); }
PRM_DEFINE_ROWS(f32, RowF32)
PRM_DEFINE_ROWS(f16, RowF16)
PRM_DEFINE_ROWS(bf16, RowBF16)
PRM_DEFINE_ROWS(q8_0, RowQ8_0)

void soft_cap(float* score, int n, float cap) {
  __m256 c = _mm256_set1_ps(cap);
  auto capped = [c](__m256 x) {
    __m256 s = _mm256_div_ps(x, c);
    return _mm256_mul_ps(c, _mm256_add_ps(tanh_lanes(s), _mm256_sub_ps(s, s)));
  };
  int i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(score + i, capped(load8(score + i)));
  if (i == n) return;
  __m256i mask = tail_mask(n - i);
  _mm256_maskstore_ps(score + i, mask, capped(_mm256_maskload_ps(score + i, mask)));
}

float softmax_split(float* score, int n, int first, float* top) {
  __m256 tops = _mm256_set1_ps(-__builtin_inff());
  int i = 0;
  for (; i + 8 <= n; i += 8) tops = _mm256_max_ps(load8(score + i), tops);  // a NaN is passed over, as by `>`
  float max = -__builtin_inff(), of_eight[8];
  _mm256_storeu_ps(of_eight, tops);
  for (float value : of_eight) max = value > max ? value : max;
  for (; i < n; ++i) max = score[i] > max ? score[i] : max;
  *top = max;
  __m256 shift = _mm256_set1_ps(max);
  int j = 0;
  for (; j + 8 <= n; j += 8) _mm256_storeu_ps(score + j, exp_lanes(_mm256_sub_ps(_mm256_loadu_ps(score + j), shift)));
  if (j < n) {
    __m256i mask = tail_mask(n - j);
    _mm256_maskstore_ps(score + j, mask, exp_lanes(_mm256_sub_ps(_mm256_maskload_ps(score + j, mask), shift)));
  }
  float lane[16] = {};
  for (i = 0; i < n && ((first + i) & 15); ++i) lane[(first + i) & 15] += score[i];
  __m256 low = load8(lane), high = load8(lane + 8);
  for (; i + 16 <= n; i += 16) low = _mm256_add_ps(low, load8(score + i)), high = _mm256_add_ps(high, load8(score + i + 8));
  _mm256_storeu_ps(lane, low);
  _mm256_storeu_ps(lane + 8, high);
  for (; i < n; ++i) lane[(first + i) & 15] += score[i];
  return merge_lanes(load8(lane), load8(lane + 8));
}

void merge_split(float* sum, const float* part, float keep, float join, int D) {
  __m256 k = _mm256_set1_ps(keep), j = _mm256_set1_ps(join);
  int d = 0;
  for (; d + 8 <= D; d += 8)
    _mm256_storeu_ps(sum + d, _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(sum + d), k), _mm256_mul_ps(_mm256_loadu_ps(part + d), j)));
  for (; d < D; ++d) sum[d] = sum[d] * keep + part[d] * join;
}

}  // namespace prm::avx2
