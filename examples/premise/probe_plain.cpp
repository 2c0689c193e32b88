// Probes with what every machine has: 8-byte words and single floats.
#include <cstring>

#include "probe_isa.h"

namespace {

uint64_t read_words(const void* data, size_t size) {
  auto* at = static_cast<const char*>(data);
  uint64_t sum[8] = {}, word;
  for (size_t i = 0; i < size; i += 64)
    for (size_t j = 0; j < 8; ++j) std::memcpy(&word, at + i + j * 8, 8), sum[j] ^= word;
  return sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
}

uint64_t add_words(int64_t rounds) {
  uint32_t sum[8] = {}, a = 3;
  for (int64_t r = 0; r < rounds; ++r)
    for (uint32_t& one : sum) {
      __asm__ volatile("" : "+r"(a));
      one += a * 5;
    }
  uint64_t all = 0;
  for (uint32_t one : sum) all += one;
  return all;
}

uint64_t add_floats(int64_t rounds) {
  float sum[8] = {}, a = 0.5f;
  for (int64_t r = 0; r < rounds; ++r)
    for (float& one : sum) {
      __asm__ volatile("" : "+m"(a));
      one = one * a + 0.25f;
    }
  float all = 0;
  for (float one : sum) all += one;
  return uint64_t(all * 1024);
}

constexpr ProbeIsa kPlain = {
    read_words, read_words, read_words, {{"single words", add_words, 8}, {}}, {"single floats", add_floats, 8}};

}  // namespace

const ProbeIsa* probe_plain() { return &kPlain; }
