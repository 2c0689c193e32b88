// AVX2: activation quantization, norm, element-wise functions, RoPE; and the table of the instruction set.
#include "cpu/avx2_math.h"
#include "cpu/avx2_table.h"
#include "cpu/isa.h"
#include "quant/activation.h"
#include "quant/blocks.h"

using namespace prm;

namespace {

inline __m256 size_of(__m256 v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }

inline float max_lanes(__m256 v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

// Quantizes n = 32 m values; returns d, NaN when a value is not finite (quant/format.cpp).
inline float quantize_values(const float* x, int8_t* q, int n) {
  __m256 top = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1)), limit = _mm256_set1_ps(3.402823466e+38f);
  for (int i = 0; i < n; i += 8) {
    __m256 size = size_of(_mm256_loadu_ps(x + i));
    finite = _mm256_and_ps(finite, _mm256_cmp_ps(size, limit, _CMP_LE_OQ));
    top = _mm256_max_ps(size, top);
  }
  if (_mm256_movemask_ps(finite) != 255) {
    for (int i = 0; i < n; ++i) q[i] = 0;
    return __builtin_nanf("");
  }
  float amax = max_lanes(top);
  if (amax < kLeastActivation) amax = 0;
  __m256 inverse = _mm256_set1_ps(amax > 0 ? 127.0f / amax : 0.0f);
  for (int i = 0; i < n; i += 32) {
    __m256i v[4];
    for (int j = 0; j < 4; ++j) v[j] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + 8 * j), inverse));
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(q + i), bytes);
  }
  return amax / 127.0f;
}

// Sums of the 8 quarters of 32 int8 values.
inline __m256i sum_fours(const int8_t* q) {
  __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q)));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

void rms_norm(const float* x, const float* gain, float* y, int64_t n, float eps) {
  __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + 8);
    low = _mm256_fmadd_ps(a, a, low);
    high = _mm256_fmadd_ps(b, b, high);
  }
  if (i < n) {
    float lane[16];
    _mm256_storeu_ps(lane, low);
    _mm256_storeu_ps(lane + 8, high);
    for (int64_t j = i; j < n; ++j) lane[j - i] = __builtin_fmaf(x[j], x[j], lane[j - i]);
    low = _mm256_loadu_ps(lane);
    high = _mm256_loadu_ps(lane + 8);
  }
  float mean = merge_lanes(low, high) / float(n) + eps;
  float inverse = 1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(mean)));
  __m256 scale = _mm256_set1_ps(inverse);
  for (i = 0; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(x + i), scale), _mm256_loadu_ps(gain + i)));
  for (; i < n; ++i) y[i] = x[i] * inverse * gain[i];
}

void add(const float* a, const float* b, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
  for (; i < n; ++i) y[i] = a[i] + b[i];
}

void scale(const float* x, float factor, float* y, int64_t n) {
  __m256 f = _mm256_set1_ps(factor);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), f));
  for (; i < n; ++i) y[i] = x[i] * factor;
}

void rope_halves(const float* x, const float* table, float* y, int64_t n) {
  int64_t half = n / 2, i = 0;
  for (; i + 8 <= half; i += 8) {
    __m256 c = _mm256_loadu_ps(table + i), s = _mm256_loadu_ps(table + half + i);
    __m256 x0 = _mm256_loadu_ps(x + i), x1 = _mm256_loadu_ps(x + half + i);
    _mm256_storeu_ps(y + i, _mm256_sub_ps(_mm256_mul_ps(x0, c), _mm256_mul_ps(x1, s)));
    _mm256_storeu_ps(y + half + i, _mm256_add_ps(_mm256_mul_ps(x0, s), _mm256_mul_ps(x1, c)));
  }
  for (; i < half; ++i) {
    float c = table[i], s = table[half + i], x0 = x[i], x1 = x[half + i];
    y[i] = x0 * c - x1 * s;
    y[half + i] = x0 * s + x1 * c;
  }
}

// Four values, each twice: a a b b c c d d.
inline __m256 twice(const float* p) {
  __m128 v = _mm_loadu_ps(p);
  return _mm256_set_m128(_mm_unpackhi_ps(v, v), _mm_unpacklo_ps(v, v));
}

void rope_neighbours(const float* x, const float* table, float* y, int64_t n) {
  int64_t half = n / 2, i = 0;
  for (; i + 4 <= half; i += 4) {
    __m256 c = twice(table + i), s = twice(table + half + i), v = _mm256_loadu_ps(x + 2 * i);
    __m256 swapped = _mm256_permute_ps(v, 0xb1);
    _mm256_storeu_ps(y + 2 * i, _mm256_addsub_ps(_mm256_mul_ps(v, c), _mm256_mul_ps(swapped, s)));
  }
  for (; i < half; ++i) {
    float c = table[i], s = table[half + i], x0 = x[2 * i], x1 = x[2 * i + 1];
    y[2 * i] = x0 * c - x1 * s;
    y[2 * i + 1] = x0 * s + x1 * c;
  }
}

inline __m256 gate_by(__m256 g, __m256 u, __m256 up) {
  __m256 e = exp_lanes(_mm256_xor_ps(u, _mm256_set1_ps(-0.0f)));
  return _mm256_mul_ps(_mm256_div_ps(g, _mm256_add_ps(_mm256_set1_ps(1.0f), e)), up);
}
inline __m256 silu(__m256 g, __m256 up) { return gate_by(g, g, up); }
inline __m256 gelu(__m256 g, __m256 up) {
  __m256 cube = _mm256_mul_ps(_mm256_mul_ps(g, g), g);
  __m256 inner = _mm256_add_ps(g, _mm256_mul_ps(_mm256_set1_ps(PRM_GELU_B), cube));
  return gate_by(g, _mm256_mul_ps(_mm256_set1_ps(PRM_GELU_A), inner), up);
}

template <__m256 (*act)(__m256, __m256)>
void glu(const float* gate, const float* up, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, act(_mm256_loadu_ps(gate + i), _mm256_loadu_ps(up + i)));
  if (i == n) return;
  __m256i mask = tail_mask(n - i);
  _mm256_maskstore_ps(y + i, mask, act(_mm256_maskload_ps(gate + i, mask), _mm256_maskload_ps(up + i, mask)));
}

void store_floats(const float* x, void* row, int64_t n) { __builtin_memcpy(row, x, size_t(n) * sizeof(float)); }

void store_halves(const float* x, void* row, int64_t n) {
  auto* y = static_cast<uint16_t*>(row);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  for (; i < n; ++i) y[i] = uint16_t(_cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// base/half.h's float_to_bf16, eight at once.
inline __m128i round_to_bf16(__m256 v) {
  __m256i bits = _mm256_castps_si256(v), top = _mm256_srli_epi32(bits, 16);
  __m256i even = _mm256_add_epi32(_mm256_set1_epi32(0x7fff), _mm256_and_si256(top, _mm256_set1_epi32(1)));
  __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, even), 16), quiet = _mm256_or_si256(top, _mm256_set1_epi32(0x40));
  rounded = _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)));
  return _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
}

void store_bf16(const float* x, void* row, int64_t n) {
  auto* y = static_cast<uint16_t*>(row);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), round_to_bf16(_mm256_loadu_ps(x + i)));
  if (i == n) return;
  uint16_t rest[8];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), round_to_bf16(_mm256_maskload_ps(x + i, tail_mask(n - i))));
  for (int64_t j = i; j < n; ++j) y[j] = rest[j - i];
}

// quant/q8_0.cpp's quantize_block.
void store_q8_0(const float* x, void* row, int64_t n) {
  auto* block = static_cast<BlockQ8_0*>(row);
  __m256 limit = _mm256_set1_ps(3.402823466e+38f), most = _mm256_set1_ps(127.0f), least = _mm256_set1_ps(-127.0f);
  for (int64_t i = 0; i < n; i += 32, ++block) {
    __m256 top = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (int j = 0; j < 4; ++j) {
      __m256 size = size_of(_mm256_loadu_ps(x + i + 8 * j));
      finite = _mm256_and_ps(finite, _mm256_cmp_ps(size, limit, _CMP_LE_OQ));
      top = _mm256_max_ps(size, top);
    }
    block->d = uint16_t(_cvtss_sh(max_lanes(top) / 127.0f, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    if (_mm256_movemask_ps(finite) != 255 || block->d == 0x7c00) block->d = 0x7e00;
    bool empty = block->d == 0 || block->d == 0x7e00;
    __m256 inverse = _mm256_set1_ps(empty ? 0.0f : 1.0f / _cvtsh_ss(block->d));
    __m256i v[4];
    for (int j = 0; j < 4; ++j) v[j] = _mm256_cvtps_epi32(_mm256_max_ps(least, _mm256_min_ps(most, _mm256_mul_ps(_mm256_loadu_ps(x + i + 8 * j), inverse))));
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    if (empty) bytes = _mm256_setzero_si256();
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(block->q), bytes);
  }
}

}  // namespace

namespace prm::avx2 {

void quantize_a8(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<BlockA8*>(blocks);
  for (int64_t b = 0; b < n / 32; ++b, ++block) {
    block->d = quantize_values(x + b * 32, block->q, 32);
    __m256i fours = sum_fours(block->q);
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    block->sum = _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
  }
}

void quantize_a8k(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<BlockA8K*>(blocks);
  for (int64_t b = 0; b < n / 256; ++b, ++block) {
    block->d = quantize_values(x + b * 256, block->q, 256);
    for (int j = 0; j < 8; ++j) {
      __m256i fours = sum_fours(block->q + 32 * j), twos = _mm256_hadd_epi32(fours, fours);
      __m256i ones = _mm256_hadd_epi32(twos, twos);
      block->sum[2 * j] = int16_t(_mm256_extract_epi32(ones, 0));
      block->sum[2 * j + 1] = int16_t(_mm256_extract_epi32(ones, 4));
    }
  }
}

}  // namespace prm::avx2

namespace prm {

const CpuIsa kAvx2Isa = {
    .name = "avx2",
    .matmul = {avx2::matmul_f32, avx2::matmul_f16, avx2::matmul_bf16, avx2::matmul_q4_0, avx2::matmul_q5_0, avx2::matmul_q8_0,
               avx2::matmul_q4_k, avx2::matmul_q6_k, avx2::matmul_q4_1, avx2::matmul_q5_1, avx2::matmul_iq4_nl, avx2::matmul_mxfp4,
               avx2::matmul_q2_k, avx2::matmul_q3_k, avx2::matmul_q5_k, avx2::matmul_iq4_xs},
    .quantize_a8 = avx2::quantize_a8,
    .quantize_a8k = avx2::quantize_a8k,
    .rms_norm = rms_norm,
    .add = add,
    .scale = scale,
    .rope = {rope_halves, rope_neighbours},
    .glu_silu = glu<silu>,
    .glu_gelu = glu<gelu>,
    .store_row = {store_floats, store_halves, store_bf16, store_q8_0},
    .score_rows = {avx2::score_rows_f32, avx2::score_rows_f16, avx2::score_rows_bf16, avx2::score_rows_q8_0},
    .soft_cap = avx2::soft_cap,
    .softmax_split = avx2::softmax_split,
    .add_rows = {avx2::add_rows_f32, avx2::add_rows_f16, avx2::add_rows_bf16, avx2::add_rows_q8_0},
    .merge_split = avx2::merge_split,
    .score_tile = {avx2::score_tile_f32, avx2::score_tile_f16, avx2::score_tile_bf16, avx2::score_tile_q8_0},
    .add_tile = {avx2::add_tile_f32, avx2::add_tile_f16, avx2::add_tile_bf16, avx2::add_tile_q8_0},
    .load_row = {avx2::load_row_f32, avx2::load_row_f16, avx2::load_row_bf16, avx2::load_row_q8_0},
    .conv = &avx2::kConv,
};

}  // namespace prm
