// Probes for AVX-512 with VNNI.
#include <immintrin.h>

#include "probe_loops.h"

namespace {

struct Zmm {
  using Bytes = __m512i;
  using Floats = __m512;
  static constexpr size_t kBytes = 64;
  static Bytes zero() { return _mm512_setzero_si512(); }
  static Bytes small(int8_t value) { return _mm512_set1_epi8(value); }
  static Bytes load(const char* at) { return _mm512_load_si512(at); }
  static Bytes mix(Bytes a, Bytes b) { return _mm512_xor_si512(a, b); }
  static uint64_t fold(Bytes v) {
    uint64_t word[8], all = 0;
    _mm512_storeu_si512(word, v);
    for (uint64_t one : word) all ^= one;
    return all;
  }
  static Floats set(float value) { return _mm512_set1_ps(value); }
  static Floats fma(Floats sum, Floats a, Floats b) { return _mm512_fmadd_ps(sum, a, b); }
  static uint64_t fold_floats(Floats v) { return fold(_mm512_castps_si512(v)); }
};

__m512i dot(__m512i sum, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(sum, a, b); }

constexpr ProbeIsa kAvx512 = {read_sequential<Zmm>,
                              read_two<Zmm>,
                              read_pages<Zmm>,
                              {{"vpdpbusd, 64 bytes", add_products<Zmm, dot>, 12 * 64}, {}},
                              {"fma, 64 bytes", add_float_products<Zmm>, 12 * 16}};

}  // namespace

const ProbeIsa* probe_avx512() { return &kAvx512; }
