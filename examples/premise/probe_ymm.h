// 32-byte vectors for probe_loops.h.
#pragma once
#include <immintrin.h>

#include "probe_loops.h"

namespace {

struct Ymm {
  using Bytes = __m256i;
  using Floats = __m256;
  static constexpr size_t kBytes = 32;
  static Bytes zero() { return _mm256_setzero_si256(); }
  static Bytes small(int8_t value) { return _mm256_set1_epi8(value); }
  static Bytes load(const char* at) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(at)); }
  static Bytes mix(Bytes a, Bytes b) { return _mm256_xor_si256(a, b); }
  static uint64_t fold(Bytes v) {
    uint64_t word[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(word), v);
    return word[0] ^ word[1] ^ word[2] ^ word[3];
  }
  static Floats set(float value) { return _mm256_set1_ps(value); }
  static Floats fma(Floats sum, Floats a, Floats b) { return _mm256_fmadd_ps(sum, a, b); }
  static uint64_t fold_floats(Floats v) { return fold(_mm256_castps_si256(v)); }
};

}  // namespace
