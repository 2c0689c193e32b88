// Probes for AVX2 with AVX-VNNI.
#include "probe_ymm.h"

namespace {

__m256i dot(__m256i sum, __m256i a, __m256i b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }

constexpr ProbeIsa kAvxVnni = {read_sequential<Ymm>,
                               read_two<Ymm>,
                               read_pages<Ymm>,
                               {{"vpdpbusd, 32 bytes", add_products<Ymm, dot>, 12 * 32}, {}},
                               {"fma, 32 bytes", add_float_products<Ymm>, 12 * 8}};

}  // namespace

const ProbeIsa* probe_avxvnni() { return &kAvxVnni; }
