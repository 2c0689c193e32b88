// How blocks of one row move between their plain form and lane r (0..15) of packed blocks (cpu/w16.h), and the pieces of that
// which types share. Bits move eight values at a time on the way in and value by value on the way out, so that each
// checks the other.
#pragma once
#include <cstring>
#include <span>

#include "cpu/isa.h"
#include "tensor/dtype.h"

namespace prm {

// put() takes n blocks and writes all of the lane; take() is the exact inverse for one.
struct PackedType {
  DType type;
  W16Type number;
  size_t bytes;  // of a packed block: 16 rows
  void (*put)(const void* plain, void* packed, int r, int n);
  void (*take)(const void* packed, int r, void* plain);
};
extern const std::span<const PackedType> kPackedTypes32, kPackedTypes256;  // blocks of 32 values, of 256

// The line of a type whose blocks are put and taken one by one.
template <class Block, class Group, void (*put)(const Block&, Group&, int), void (*take)(const Group&, int, Block&)>
constexpr PackedType packed_type(DType type, W16Type number) {
  return {type, number, sizeof(Group),
          [](const void* plain, void* packed, int r, int n) {
            for (int i = 0; i < n; ++i) put(static_cast<const Block*>(plain)[i], static_cast<Group*>(packed)[i], r);
          },
          [](const void* packed, int r, void* plain) { take(*static_cast<const Group*>(packed), r, *static_cast<Block*>(plain)); }};
}

inline uint64_t load8(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
inline void store8(uint8_t* p, uint64_t v) { std::memcpy(p, &v, 8); }
inline uint32_t load4(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}
inline void store4(uint8_t* p, uint32_t v) { std::memcpy(p, &v, 4); }
// One byte's worth of bits in each byte of a word.
constexpr uint64_t in_each_byte(int bits) { return uint64_t(bits) * 0x0101010101010101u; }

// Nibble of value k: vector k / 8, byte r * 4 + k % 4, high nibble where k % 8 >= 4. Of u only the low four bits count.
inline void put_nibbles(const uint8_t* u, int n, uint8_t (*q)[64], int r) {
  for (int v = 0; v < n / 8; ++v) {
    uint64_t eight = load8(u + 8 * v) & in_each_byte(15);
    store4(&q[v][r * 4], uint32_t(eight | eight >> 28));
  }
}
inline int take_nibble(const uint8_t (*q)[64], int r, int k) { return (q[k / 8][r * 4 + k % 4] >> (k % 8 / 4 * 4)) & 15; }

// n bytes of two nibbles as n values of the low ones, then n of the high ones.
inline void split_nibbles(const uint8_t* qs, int n, uint8_t* u) {
  for (int i = 0; i < n; i += 8) {
    uint64_t eight = load8(qs + i);
    store8(u + i, eight & in_each_byte(15));
    store8(u + n + i, eight >> 4 & in_each_byte(15));
  }
}

// 32 values: value i in the low nibble of byte i, value i + 16 in its high nibble.
inline void put_half_nibbles(const uint8_t* qs, uint8_t (*q)[64], int r) {
  uint8_t u[32];
  split_nibbles(qs, 16, u);
  put_nibbles(u, 32, q, r);
}
inline void take_half_nibbles(const uint8_t (*q)[64], int r, uint8_t* qs) {
  for (int i = 0; i < 16; ++i) qs[i] = uint8_t(take_nibble(q, r, i) | take_nibble(q, r, i + 16) << 4);
}

}  // namespace prm
