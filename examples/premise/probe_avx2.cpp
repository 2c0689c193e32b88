// Probes for AVX2 with FMA.
#include "probe_ymm.h"

namespace {

// 32 products a step, each pair of pairs widened: what a sum of full bytes needs.
__m256i pairs(__m256i sum, __m256i a, __m256i b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
}

// Sums kept in 16 bits: what weights of few bits allow for a while.
__m256i narrow_pairs(__m256i sum, __m256i a, __m256i b) { return _mm256_add_epi16(sum, _mm256_maddubs_epi16(a, b)); }

constexpr ProbeIsa kAvx2 = {read_sequential<Ymm>,
                            read_two<Ymm>,
                            read_pages<Ymm>,
                            {{"vpmaddubsw + vpmaddwd, 32 bytes", add_products<Ymm, pairs>, 12 * 32},
                             {"vpmaddubsw, 32 bytes", add_products<Ymm, narrow_pairs>, 12 * 32}},
                            {"fma, 32 bytes", add_float_products<Ymm>, 12 * 8}};

}  // namespace

const ProbeIsa* probe_avx2() { return &kAvx2; }
