#include "base/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace prm {

namespace {

constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t big_endian(const unsigned char* p) {
  return uint32_t(p[0]) << 24 | uint32_t(p[1]) << 16 | uint32_t(p[2]) << 8 | p[3];
}

// The eight values move on by a place each round: here their names do, by the index of the round.
void absorb(uint32_t (&state)[8], const unsigned char* block) {
  using std::rotr;
  uint32_t w[16], v[8];
  for (int i = 0; i < 16; ++i) w[i] = big_endian(block + 4 * i);
  std::copy(state, state + 8, v);
  auto round = [&](int i, uint32_t constant, uint32_t word) __attribute__((always_inline)) {
    auto at = [&](int name) -> uint32_t& { return v[unsigned(name - i) & 7]; };
    uint32_t a = at(0), e = at(4);
    uint32_t t1 = at(7) + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & at(5)) ^ (~e & at(6))) + constant + word;
    at(3) += t1;
    at(7) = t1 + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & at(1)) ^ (a & at(2)) ^ (at(1) & at(2)));
  };
  auto next_word = [&](int i) {
    uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
    return w[i & 15] += (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[(i + 9) & 15] + (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10);
  };
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) round(i, kRound[i], w[i]);
  for (int begin = 16; begin < 64; begin += 16) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) round(i, kRound[begin + i], next_word(i));
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

#if defined(__x86_64__)
bool has_instructions() {
  unsigned a, b, c, d;
  bool sse = __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 19));
  return sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
}

// The same by the processor's instructions, four rounds at a time: they take the values as (A, B, E, F) and (C, D, G, H).
__attribute__((target("sha,sse4.1"))) void absorb_by_instructions(uint32_t (&state)[8], const unsigned char* block) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  auto* place = reinterpret_cast<__m128i*>(state);
  __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(place), 0xb1), hgfe = _mm_shuffle_epi32(_mm_loadu_si128(place + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, cdab, 0xf0), abef_before = abef, cdgh_before = cdgh, w[4] = {};
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    __m128i &own = w[i & 3], second = w[(i + 1) & 3], third = w[(i + 2) & 3], last = w[(i + 3) & 3];
    if (i < 4) own = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i), swap);
    else own = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(own, second), _mm_alignr_epi8(last, third, 4)), last);
    __m128i words = _mm_add_epi32(own, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kRound) + i));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, words);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(words, 0x0e));
  }
  __m128i feba = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_before), 0x1b), dchg = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_before), 0xb1);
  _mm_storeu_si128(place, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(place + 1, _mm_alignr_epi8(dchg, feba, 8));
}
#endif

void absorb_all(uint32_t (&state)[8], const unsigned char* blocks, size_t count, [[maybe_unused]] bool plain) {
#if defined(__x86_64__)
  static const bool by_instructions = has_instructions();
  for (; by_instructions && !plain && count; --count, blocks += 64) absorb_by_instructions(state, blocks);
#endif
  for (; count; --count, blocks += 64) absorb(state, blocks);
}

}  // namespace

void Sha256::add(const void* data, size_t size) {
  auto* at = static_cast<const unsigned char*>(data);
  size_t held = size_t(size_ % 64);
  size_ += size;
  if (held) {
    size_t n = std::min(size, 64 - held);
    std::memcpy(block_ + held, at, n);
    if (held + n < 64) return;
    absorb_all(state_, block_, 1, plain);
    at += n, size -= n;
  }
  absorb_all(state_, at, size / 64, plain);
  at += size / 64 * 64, size %= 64;
  if (size) std::memcpy(block_, at, size);
}

void Sha256::finish(char (&hex)[kSha256HexSize]) {
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr unsigned char kPadding[64] = {0x80};
  unsigned char bits[8];
  for (int i = 0; i < 8; ++i) bits[7 - i] = static_cast<unsigned char>(size_ * 8 >> 8 * i);
  add(kPadding, 1 + (119 - size_t(size_ % 64)) % 64);
  add(bits, 8);
  for (size_t i = 0; i < kSha256HexSize; ++i) hex[i] = kDigits[state_[i / 8] >> (28 - 4 * (i % 8)) & 15];
}

std::string sha256_hex(const void* data, size_t size) {
  Sha256 hash;
  hash.add(data, size);
  char hex[kSha256HexSize];
  hash.finish(hex);
  return {hex, sizeof hex};
}

}  // namespace prm
