// The emulator's twins of cuda/device_code.h: what they do is said there.
#pragma once
#include "base/half.h"
#include "emulator/emulator.h"

namespace prm {

struct EmulatedStream;
using Stream = EmulatedStream*;

namespace emu {

inline uint8_t byte_of(uint32_t word, int i) { return uint8_t(word >> (8 * i)); }

// Each lane brings its registers, and sums its own results from those of all.
template <int K>
void multiply(int32_t (&d)[4], const uint32_t* a, const uint32_t* b) {
  constexpr int kA = K / 8, kB = K / 16;
  uint32_t own[kA + kB];
  std::memcpy(own, a, sizeof(uint32_t) * kA);
  std::memcpy(own + kA, b, sizeof(uint32_t) * kB);
  Slots slots = meet(~0u, Kind::matrix, own, sizeof own);
  int g = lane() / 4, t = lane() % 4;
  for (int i = 0; i < 4; ++i) {
    int row = g + i / 2 * 8, column = 2 * t + i % 2;
    for (int k = 0; k < K; ++k) {
      uint32_t x, w;
      std::memcpy(&x, slots[row % 8 * 4 + k % 16 / 4] + 4 * (row / 8 + k / 16 * 2), 4);
      std::memcpy(&w, slots[column * 4 + k % 16 / 4] + 4 * (kA + k / 16), 4);
      d[i] += int8_t(byte_of(x, k % 4)) * int8_t(byte_of(w, k % 4));
    }
  }
  leave(~0u, Kind::matrix);
}

}  // namespace emu

inline void mma_k32(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { emu::multiply<32>(d, a, b); }
inline void mma_k16(int32_t (&d)[4], uint32_t a0, uint32_t a1, uint32_t b) {
  uint32_t a[2] = {a0, a1};
  emu::multiply<16>(d, a, &b);
}

inline void copy_later_16(void* to, const void* from) { emu::copy_later(to, from, 16); }
inline void copy_later_16(void* to, const void* from, int bytes) { emu::copy_later(to, from, 16, size_t(bytes)); }
inline void copy_later_4(void* to, const void* from) { emu::copy_later(to, from, 4); }
inline void close_copies() { emu::close_copies(); }
template <int n>
void await_copies() {
  emu::await_copies(n);
}
inline float half_value(uint16_t half) { return half_to_float(half); }
inline std::byte* shared_memory() { return emu::shared_memory(); }

template <class Kernel>
void allow_shared_memory(Kernel*, size_t bytes) {
  if (bytes > (99 << 10)) throw emu::Fault("a block of threads wants more shared memory than all GPUs have");
}

}  // namespace prm

// PTX ISA, "prmt" in its default mode: byte i of the result is byte (selector >> 4 i) & 7 of b:a.
inline uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t both = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) result |= uint32_t(uint8_t(both >> (8 * (selector >> (4 * i) & 7)))) << (8 * i);
  return result;
}

#define PRM_UNROLL
#define PRM_ROLL
#define PRM_UNROLL_BY(n)
#define PRM_LAUNCH(kernel, grid, block, shared, stream, ...) \
  ((void)(stream), prm::emu::launch_on_device(grid, block, shared, [=] { kernel(__VA_ARGS__); }))
