// A device of 1 GiB that is the CPU. Tests steer it: emulated_cuda_fail() makes calls fail.
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "emulator/runtime_twins.h"

namespace prm {
struct EmulatedStream {};
}  // namespace prm

namespace {

constexpr size_t kMemory = size_t(1) << 30, kAlignment = 256;

struct Runtime {
  std::mutex guard;
  std::byte* memory = nullptr;
  std::map<size_t, size_t> used;  // offset, bytes
  int open = 0;                   // copies and launches under way
  std::string failing;            // the call that fails
  int64_t countdown = 0;          // so many calls later
  cudaError_t error = cudaSuccess, last = cudaSuccess;
  bool is_lost = false;           // errors that CUDA calls sticky: each call fails from then on
};

Runtime& runtime() {
  static Runtime all;
  return all;
}

bool is_sticky(cudaError_t error) { return error == cudaErrorIllegalAddress || error == cudaErrorLaunchFailure || error == cudaErrorECCUncorrectable; }

// What a call gives: an error that a test asked for, or that made the device unusable.
cudaError_t outcome(const char* call) {
  Runtime& r = runtime();
  std::lock_guard lock(r.guard);
  if (!r.is_lost && (r.failing != call || --r.countdown > 0)) return cudaSuccess;
  if (!r.is_lost) r.failing.clear();
  r.is_lost = r.is_lost || is_sticky(r.error);
  return r.last = r.error;
}

std::byte* device_memory() {
  Runtime& r = runtime();
  if (!r.memory) r.memory = static_cast<std::byte*>(mmap(nullptr, kMemory, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  return r.memory;
}

// The host may touch the device's memory while one lives.
struct Opened {
  Opened() { change(1); }
  ~Opened() { change(-1); }
  static void change(int by) {
    Runtime& r = runtime();
    std::lock_guard lock(r.guard);
    r.open += by;
    if (r.open == (by > 0 ? 1 : 0)) mprotect(device_memory(), kMemory, r.open ? PROT_READ | PROT_WRITE : PROT_NONE);
  }
};

}  // namespace

namespace prm::emu {

void launch_on_device(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& body) {
  if (outcome("launch") != cudaSuccess) return;
  Opened opened;
  launch(grid, block, shared_bytes, body);
}

}  // namespace prm::emu

// `call` fails with the CUDA error when it is made for the n-th time from now, once; sticky ones make all that follows fail.
// An empty name: nothing fails, and a lost device is there again.
extern "C" __attribute__((visibility("default"))) void emulated_cuda_fail(const char* call, int64_t n, int32_t error) {
  Runtime& r = runtime();
  std::lock_guard lock(r.guard);
  r.failing = call, r.countdown = n, r.error = cudaError_t(error);
  r.is_lost = false;
}
// Bytes that are allocated.
extern "C" __attribute__((visibility("default"))) uint64_t emulated_cuda_held() {
  Runtime& r = runtime();
  std::lock_guard lock(r.guard);
  uint64_t held = 0;
  for (auto& [offset, bytes] : r.used) held += bytes;
  return held;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return outcome("cudaGetDeviceCount");
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "emulated");
  properties->major = 8, properties->minor = 0;
  return outcome("cudaGetDeviceProperties");
}

cudaError_t cudaSetDevice(int device) { return device ? cudaErrorInvalidDevice : outcome("cudaSetDevice"); }

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = kMemory, *free = kMemory - size_t(emulated_cuda_held());
  return outcome("cudaMemGetInfo");
}

cudaError_t cudaMalloc(void** memory, size_t size) {
  if (cudaError_t error = outcome("cudaMalloc"); error != cudaSuccess) return error;
  Runtime& r = runtime();
  size_t offset = 0, bytes = (size + kAlignment - 1) / kAlignment * kAlignment;
  {
    std::lock_guard lock(r.guard);
    for (auto& [at, taken] : r.used) {
      if (offset + bytes <= at) break;
      offset = at + taken;
    }
    if (bytes > kMemory || offset + bytes > kMemory) return r.last = cudaErrorMemoryAllocation;
    r.used[offset] = bytes;
  }
  *memory = device_memory() + offset;
  Opened opened;
  std::memset(*memory, 0xff, bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  Runtime& r = runtime();
  size_t offset = size_t(static_cast<std::byte*>(memory) - device_memory()), bytes;
  {
    std::lock_guard lock(r.guard);
    bytes = r.used.at(offset);
    r.used.erase(offset);
  }
  Opened opened;
  std::memset(memory, 0xff, bytes);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, size_t size, unsigned) {
  if (cudaError_t error = outcome("cudaHostAlloc"); error != cudaSuccess) return error;
  *memory = std::malloc(size);
  return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new prm::EmulatedStream;
  return outcome("cudaStreamCreateWithFlags");
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) { return outcome("cudaStreamSynchronize"); }

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind, cudaStream_t) {
  if (cudaError_t error = outcome("cudaMemcpyAsync"); error != cudaSuccess) return error;
  Opened opened;
  std::memcpy(to, from, size);
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  Runtime& r = runtime();
  std::lock_guard lock(r.guard);
  cudaError_t last = r.last;
  if (!r.is_lost) r.last = cudaSuccess;
  return last;
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    case cudaErrorLaunchFailure: return "unspecified launch failure";
    default: return "an error of the emulator's";
  }
}
