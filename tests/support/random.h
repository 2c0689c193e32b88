// Seeded random data for tests: a counter-based generator, so that data does not depend on order or library.
#pragma once
#include <cstdint>
#include <vector>

namespace prm::test {

struct Random {
  uint64_t state;
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15ull + 1) {}
  uint64_t bits() {  // splitmix64
    uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  float uniform() { return float(int64_t(bits() >> 40) - (1 << 23)) / float(1 << 23); }  // [-1, 1)
  int64_t below(int64_t n) { return int64_t(bits() % uint64_t(n)); }
};

}  // namespace prm::test
