// A checksum's state is a polynomial over GF(2) modulo P; its highest bit is the coefficient of x^0.
#include "base/crc32c.h"

#include <array>
#include <cstring>

#include "base/machine.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace prm {

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78, kOne = 0x80000000;  // P without x^32; x^0

constexpr uint32_t times_x(uint32_t a) { return a & 1 ? a >> 1 ^ kPolynomial : a >> 1; }

constexpr uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit; bit >>= 1, b = times_x(b))
    if (a & bit) product ^= b;
  return product;
}

// x^(8 * bytes): what a state is multiplied by when so many zeros follow.
constexpr uint32_t zeros(uint64_t bytes) {
  uint32_t result = kOne, power = kOne >> 8;
  for (; bytes; bytes >>= 1, power = multiply(power, power))
    if (bytes & 1) result = multiply(result, power);
  return result;
}

// table[k][b]: byte b, and k zeros behind it.
using Tables = std::array<std::array<uint32_t, 256>, 8>;
constexpr Tables make_tables() {
  Tables t{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t state = b;
    for (int i = 0; i < 8; ++i) state = times_x(state);
    t[0][b] = state;
  }
  for (size_t k = 1; k < 8; ++k)
    for (size_t b = 0; b < 256; ++b) t[k][b] = t[k - 1][b] >> 8 ^ t[0][t[k - 1][b] & 255];
  return t;
}
constexpr Tables kTables = make_tables();

uint64_t word_at(const unsigned char* at) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

uint32_t advance_by_tables(uint32_t state, const unsigned char* at, size_t size) {
  for (; size >= 8; at += 8, size -= 8) {
    uint64_t word = word_at(at) ^ state;
    state = 0;
    for (size_t k = 0; k < 8; ++k) state ^= kTables[7 - k][word >> 8 * k & 255];
  }
  for (; size; ++at, --size) state = state >> 8 ^ kTables[0][(state ^ *at) & 255];
  return state;
}

#if defined(__x86_64__)
// Three runs side by side hide that the instruction takes three cycles.
__attribute__((target("sse4.2"))) uint32_t advance_by_instruction(uint32_t state, const unsigned char* at, size_t size) {
  constexpr size_t kRun = 2048;
  constexpr uint32_t kBehind = zeros(kRun);
  for (; size >= 3 * kRun; at += 3 * kRun, size -= 3 * kRun) {
    uint64_t a = state, b = 0, c = 0;
    for (size_t i = 0; i < kRun; i += 8) {
      a = _mm_crc32_u64(a, word_at(at + i));
      b = _mm_crc32_u64(b, word_at(at + kRun + i));
      c = _mm_crc32_u64(c, word_at(at + 2 * kRun + i));
    }
    state = multiply(multiply(uint32_t(a), kBehind) ^ uint32_t(b), kBehind) ^ uint32_t(c);
  }
  uint64_t wide = state;
  for (; size >= 8; at += 8, size -= 8) wide = _mm_crc32_u64(wide, word_at(at));
  state = uint32_t(wide);
  for (; size; ++at, --size) state = _mm_crc32_u8(state, *at);
  return state;
}

uint32_t advance(uint32_t state, const void* data, size_t size) {
  static const bool has_instruction = cpu_features().crc32;
  auto* at = static_cast<const unsigned char*>(data);
  return has_instruction ? advance_by_instruction(state, at, size) : advance_by_tables(state, at, size);
}
#else
uint32_t advance(uint32_t state, const void* data, size_t size) {
  return advance_by_tables(state, static_cast<const unsigned char*>(data), size);
}
#endif

}  // namespace

uint32_t crc32c(const void* data, size_t size, uint32_t before) noexcept { return ~advance(~before, data, size); }

uint32_t crc32c_portable(const void* data, size_t size, uint32_t before) noexcept {
  return ~advance_by_tables(~before, static_cast<const unsigned char*>(data), size);
}

uint32_t crc32c_share(const void* part, size_t size, uint64_t behind) noexcept {
  return multiply(advance(0, part, size), zeros(behind));
}

uint32_t crc32c_frame(uint64_t size) noexcept { return ~multiply(~uint32_t(0), zeros(size)); }

}  // namespace prm
