// AVX2 matmul of blocks of 256 values: the k-quants and IQ4_XS.
#include "cpu/avx2_matmul.h"

namespace {

inline __m128i load8_bytes(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
// Two rows of bytes, of 8 rows each, as int16 pairs: what madd multiplies the two int16 of a row with.
inline __m256i pairs_of(const uint8_t* first, const uint8_t* second) { return _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(load8_bytes(first), load8_bytes(second))); }
inline __m256i pairs_of(const int8_t* first, const int8_t* second) { return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(load8_bytes(first), load8_bytes(second))); }

// Scales and minimums a byte each, for 32 values.
template <class PackedGroup, int run>
struct BytesOfScalesAndMins : Unsigned, Type256<PackedGroup, 8, 0, run, true> {
  static __m256i scale(const PackedGroup& w, int j, int half) { return pairs_of(w.scale[j] + 8 * half, w.scale[j] + 8 * half); }
  static __m256i sums_factor(const PackedGroup& w, int j, int half) { return pairs_of(w.min[j] + 8 * half, w.min[j] + 8 * half); }
};
struct Q4_K : BytesOfScalesAndMins<W16Q4_K, 8> {  // u in 0..15: 8 * 2 * 15 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) { return nibbles(w.q, k4, half); }
};
struct Q5_K : BytesOfScalesAndMins<W16Q5_K, 4> {  // u in 0..31: 4 * 2 * 31 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) {
    return _mm256_or_si256(nibbles(w.q, k4, half), both(shift_by(load32(w.high[k4 / 8] + 32 * half), 4 - (k4 & 7)), 16));
  }
};
struct Q2_K : Unsigned, Type256<W16Q2_K, 16, 0, 4, true> {
  static __m256i values(const Group& w, int k4, int half) { return both(shift_by(load32(w.low[k4 / 4] + 32 * half), -2 * (k4 & 3)), 3); }
  static __m256i scale(const Group& w, int j, int half) { return both(pairs_of(w.scale_min[j] + 8 * half, w.scale_min[j] + 8 * half), 15); }
  static __m256i sums_factor(const Group& w, int j, int half) {
    return _mm256_srli_epi16(pairs_of(w.scale_min[2 * j] + 8 * half, w.scale_min[2 * j + 1] + 8 * half), 4);
  }
};

// Signed scales a byte each, for 16 values; the offset is 2^bits.
template <class PackedGroup, int bits, int run, int step>
struct SignedScales : Unsigned, Type256<PackedGroup, 16, 1 << bits, run, false, step> {
  static __m256i scale(const PackedGroup& w, int j, int half) { return pairs_of(w.scale[j] + 8 * half, w.scale[j] + 8 * half); }
  static __m256i sums_factor(const PackedGroup& w, int j, int half) {
    __m256i scales = pairs_of(w.scale[2 * j] + 8 * half, w.scale[2 * j + 1] + 8 * half);
    return _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_slli_epi16(scales, bits));
  }
};
struct Q3_K : SignedScales<W16Q3_K, 2, 4, 2> {  // u in 0..7: 4 * 2 * 7 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) {
    __m256i low = shift_by(load32(w.low[k4 / 4] + 32 * half), -2 * (k4 & 3)), high = shift_by(load32(w.high[k4 / 8] + 32 * half), 2 - (k4 & 7));
    return _mm256_or_si256(both(low, 3), both(high, 4));
  }
};
struct Q6_K : SignedScales<W16Q6_K, 5, 2, 1> {  // u in 0..63: 2 * 2 * 63 * 127 < 2^15
  static __m256i values(const Group& w, int k4, int half) {
    return _mm256_or_si256(nibbles(w.q, k4, half), both(shift_by(load32(w.high[k4 / 4] + 32 * half), 4 - 2 * (k4 & 3)), 0x30));
  }
};

struct IQ4_XS : Signed, Type256<W16IQ4_XS, 8, 0, 1> {
  static __m256i values(const Group& w, int k4, int half) { return lookup(kIq4Values, nibbles(w.q, k4, half)); }
  static __m256i scale(const Group& w, int j, int half) { return pairs_of(w.scale[j] + 8 * half, w.scale[j] + 8 * half); }
};

}  // namespace

namespace prm::avx2 {

PRM_MATMUL(matmul_q2_k, block_matmul, Q2_K)
PRM_MATMUL(matmul_q3_k, block_matmul, Q3_K)
PRM_MATMUL(matmul_q4_k, block_matmul, Q4_K)
PRM_MATMUL(matmul_q5_k, block_matmul, Q5_K)
PRM_MATMUL(matmul_q6_k, block_matmul, Q6_K)
PRM_MATMUL(matmul_iq4_xs, block_matmul, IQ4_XS)

}  // namespace prm::avx2
