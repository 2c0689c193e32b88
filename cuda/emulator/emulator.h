// CUDA's thread model on the CPU, for tests without a GPU: the kernels of cuda/*.cu compile as C++ against this in place of CUDA's
// headers (cuda/device_code.h). A thread of a block is a fiber, so that barriers and collectives of a warp meet as on a GPU; blocks run
// one after another. Everything that a GPU leaves open is made as bad as it may be: in which order threads and blocks run, when
// asynchronous copies land (their destination holds NaN until a wait covers them), what shared memory holds at first (NaN).
// What is wrong on a GPU in any order is a Fault here or a wrong result; cuda/README.md says what this cannot show.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

namespace prm::emu {

// What a kernel did wrong, with its block and thread.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Order { forward, backward, shuffled, ahead };  // ahead: each warp runs until it waits for others, in changing order
struct Mode {
  Order order = Order::ahead;
  uint64_t seed = 1;
};
extern thread_local Mode mode;  // of the launches of this thread

// Runs a grid to its end. Throws Fault.
void launch(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& body);
// The same as a call of CUDA's, which may fail and is allowed to touch the device's memory (runtime.cpp).
void launch_on_device(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& body);

// ---- for the thread that runs ----------------------------------------------------------------------------------------

struct Indices {
  dim3 thread, block, block_size, grid_size;
};
const Indices& indices();
std::byte* shared_memory();  // 16 bytes aligned
int lane();
[[noreturn]] void fault(const char* what);

void wait_for_block();
// All lanes of `mask` meet, each with up to 64 bytes, and read what the others brought until leave(). `kind` tells collectives apart.
enum class Kind { sync, shuffle, matrix };
using Slots = const std::byte (*)[64];
Slots meet(uint32_t mask, Kind kind, const void* bytes, size_t size);
void leave(uint32_t mask, Kind kind);

void copy_later(void* to, const void* from, size_t size, size_t read);  // cp.async; zeros behind what is read
inline void copy_later(void* to, const void* from, size_t size) { copy_later(to, from, size, size); }
void close_copies();                                       // a group: cp.async.commit_group
void await_copies(size_t open);                            // all but so many groups

template <class T>
T shuffled(uint32_t mask, T value, int from) {
  Slots slots = meet(mask, Kind::shuffle, &value, sizeof value);
  if (!(mask >> (from & 31) & 1)) fault("a shuffle reads a lane outside of its mask");
  T read;
  std::memcpy(&read, slots[from & 31], sizeof read);
  leave(mask, Kind::shuffle);
  return read;
}

}  // namespace prm::emu

#define threadIdx (prm::emu::indices().thread)
#define blockIdx (prm::emu::indices().block)
#define blockDim (prm::emu::indices().block_size)
#define gridDim (prm::emu::indices().grid_size)

inline void __syncthreads() { prm::emu::wait_for_block(); }
inline void __syncwarp(uint32_t mask = ~0u) { prm::emu::meet(mask, prm::emu::Kind::sync, nullptr, 0), prm::emu::leave(mask, prm::emu::Kind::sync); }
inline void __threadfence() {}
template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int bits) { return prm::emu::shuffled(mask, value, prm::emu::lane() ^ bits); }
template <class T>
T __shfl_down_sync(uint32_t mask, T value, int by) {
  int lane = prm::emu::lane();
  return prm::emu::shuffled(mask, value, lane + by < 32 ? lane + by : lane);
}
template <class T>
T __shfl_sync(uint32_t mask, T value, int from) { return prm::emu::shuffled(mask, value, from); }
inline uint32_t __ballot_sync(uint32_t mask, bool value) {
  prm::emu::Slots slots = prm::emu::meet(mask, prm::emu::Kind::shuffle, &value, sizeof value);
  uint32_t all = 0;
  for (int i = 0; i < 32; ++i) all |= (mask >> i & 1) && slots[i][0] != std::byte(0) ? 1u << i : 0u;
  prm::emu::leave(mask, prm::emu::Kind::shuffle);
  return all;
}
inline int __popc(uint32_t bits) { return __builtin_popcount(bits); }
template <class T>
T atomicAdd(T* at, T more) {
  T old = *at;
  *at = old + more;
  return old;
}
