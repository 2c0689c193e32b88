#include "base/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

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

void absorb(uint32_t (&state)[8], const unsigned char* block) {
  using std::rotr;
  uint32_t w[64];
  for (int i = 0; i < 16; ++i) w[i] = big_endian(block + 4 * i);
  for (int i = 16; i < 64; ++i) {
    uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t v[8];
  std::copy(state, state + 8, v);
  for (int i = 0; i < 64; ++i) {
    uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25), choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t t1 = v[7] + s1 + choice + kRound[i] + w[i];
    uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22),
             majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    std::copy_backward(v, v + 7, v + 8);
    v[4] += t1;
    v[0] = t1 + s0 + majority;
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
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
    absorb(state_, block_);
    at += n, size -= n;
  }
  for (; size >= 64; at += 64, size -= 64) absorb(state_, at);
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
