// What device code is written in: CUDA's headers and the instructions that they lack, or the emulator's twins of both
// (emulator/emulator.h, PREMISE_CUDA_EMULATED). Kernels use nothing else of either.
#pragma once
#include <cstddef>
#include <cstdint>

#ifdef PREMISE_CUDA_EMULATED
#include "emulator/device_twins.h"
#else
#include <cuda_runtime.h>

namespace prm {

using Stream = cudaStream_t;

#ifdef __CUDACC__  // what calls launchers alone is compiled as C++

// d += a . b of 8-bit integers, exact: a 16x32, b 32x8, d 16x8 (PTX ISA, "Matrix Fragments for mma.m16n8k32"). With t = lane % 4, g = lane / 4:
// a[0..3] holds rows g, g + 8, g, g + 8 at k = 4 t .. 4 t + 3, the latter two 16 further; b[0..1] column g at the same k;
// d[0..3] row g, columns 2 t and 2 t + 1, then row g + 8.
__device__ __forceinline__ void mma_k32(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
// The same over 16 values of k: a[0..1] and b of the half that `a0`, `a1`, `b` hold.
__device__ __forceinline__ void mma_k16(int32_t (&d)[4], uint32_t a0, uint32_t a1, uint32_t b) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
               : "r"(a0), "r"(a1), "r"(b));
}

// 16 bytes from global into shared memory, later: both aligned to 16; only the first `bytes` are read, the others become zeros.
// close_copies() ends a group, await_copies<n>() waits for all groups but the n youngest.
__device__ __forceinline__ void copy_later_16(void* to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(unsigned(__cvta_generic_to_shared(to))), "l"(from));
}
__device__ __forceinline__ void copy_later_16(void* to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(unsigned(__cvta_generic_to_shared(to))), "l"(from), "r"(bytes));
}
// The same of 4 bytes, aligned to 4.
__device__ __forceinline__ void copy_later_4(void* to, const void* from) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(unsigned(__cvta_generic_to_shared(to))), "l"(from));
}
__device__ __forceinline__ void close_copies() { asm volatile("cp.async.commit_group;"); }
template <int n>
__device__ __forceinline__ void await_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(n));
}

// A half as a float, exactly (what is no number stays none, of other bits).
__device__ __forceinline__ float half_value(uint16_t half) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half));
  return value;
}

__device__ __forceinline__ std::byte* shared_memory() {
  extern __shared__ __align__(16) std::byte shared[];
  return shared;
}

// Before a launch with so many bytes of shared memory: more than 48 KiB are asked for by name. All GPUs have 99 KiB a block.
template <class Kernel>
void allow_shared_memory(Kernel* kernel, size_t bytes) {
  if (bytes > (48 << 10)) cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
}

#endif

// Before a loop whose arrays shall be registers.
#define PRM_UNROLL _Pragma("unroll")
// Before a loop that shall stay one: unrolled, its addresses would take registers.
#define PRM_ROLL _Pragma("unroll 1")
// Before one that shall take no more registers than so many rounds at a time need.
#define PRM_PRAGMA(text) _Pragma(#text)
#define PRM_UNROLL_BY(n) PRM_PRAGMA(unroll n)
// A grid without blocks is nothing.
#define PRM_LAUNCH(kernel, grid, block, shared, stream, ...)                                                 \
  do {                                                                                                       \
    if (dim3 blocks_ = grid; blocks_.x && blocks_.y) kernel<<<blocks_, block, shared, stream>>>(__VA_ARGS__); \
  } while (false)

}  // namespace prm
#endif
