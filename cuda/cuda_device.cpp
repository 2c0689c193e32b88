#include "cuda_device.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>

#include "cuda_kernels.h"
#include "cuda_runtime_api.h"

namespace prm {

namespace {

constexpr size_t kPieceBytes = 4 << 20, kPieces = 2;  // of pinned memory: one is filled while the other is on its way
constexpr int kLeastMajor = 8;                        // compute capability: sm_80

thread_local char failure_text[256];

class CudaDevice final : public Device {
 public:
  CudaDevice(int ordinal, uint64_t limit) : ordinal_(ordinal), memory_({this, take, give}, limit, nullptr, kDeviceWords) {
    std::snprintf(name_, sizeof name_, "cuda:%d", ordinal);
  }
  ~CudaDevice() override;
  cudaError_t open();

  const char* name() const override { return name_; }
  std::span<const Kernel> kernels() const override { return cuda_kernels(); }
  MemoryAccount* memory() noexcept override { return &memory_; }
  uint64_t free_memory() noexcept override;
  Status upload(std::byte* to, const std::byte* from, size_t size) noexcept override;
  Status submit(std::span<const Launch> segment, const Work& work) noexcept override;
  const char* failure() const noexcept override { return failure_text; }

 private:
  static void* take(void* user, size_t size, size_t align, int32_t kind);
  static void give(void* user, void* memory, size_t size, int32_t kind);
  cudaError_t send(std::byte* to, const std::byte* from, size_t size);
  Status run(std::span<const Launch> segment, const Work& work, const char*& op);
  Status note(cudaError_t error, const char* what) noexcept;

  int ordinal_;
  char name_[16];
  MemoryAccount memory_;
  std::mutex turn_;  // of the stream and what is pinned
  cudaStream_t stream_ = nullptr;
  void* pinned_[kPieces] = {};
  bool lost_ = false;  // by an error after which nothing on the device can be trusted
};

cudaError_t CudaDevice::open() {
  cudaError_t error = cudaSetDevice(ordinal_);
  if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  for (void*& piece : pinned_)
    if (error == cudaSuccess) error = cudaHostAlloc(&piece, kPieceBytes, cudaHostAllocDefault);
  return error;
}

CudaDevice::~CudaDevice() {
  cudaSetDevice(ordinal_);
  for (void* piece : pinned_)
    if (piece) cudaFreeHost(piece);
  if (stream_) cudaStreamDestroy(stream_);
}

// What it failed by, for failure(). An error that is not of this call alone ends the device.
Status CudaDevice::note(cudaError_t error, const char* what) noexcept {
  if (error == cudaSuccess) return Status::ok;
  std::snprintf(failure_text, sizeof failure_text, "%s: CUDA error %d, %s", what, int(error), cudaGetErrorString(error));
  cudaGetLastError();
  if (error == cudaErrorMemoryAllocation) return Status::out_of_device_memory;
  lost_ = true;
  return Status::device_lost;
}

void* CudaDevice::take(void* user, size_t size, size_t, int32_t) {
  auto& self = *static_cast<CudaDevice*>(user);
  void* memory = nullptr;
  if (cudaSetDevice(self.ordinal_) != cudaSuccess || cudaMalloc(&memory, size) != cudaSuccess) memory = nullptr;
  if (!memory) cudaGetLastError();
  return memory;
}

void CudaDevice::give(void* user, void* memory, size_t, int32_t) {
  cudaSetDevice(static_cast<CudaDevice*>(user)->ordinal_);
  cudaFree(memory);
}

uint64_t CudaDevice::free_memory() noexcept {
  size_t free = 0, total = 0;
  if (cudaSetDevice(ordinal_) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) return 0;
  return memory_.limit() ? std::min<uint64_t>(free, memory_.limit() - std::min(memory_.limit(), memory_.held())) : free;
}

// Through pinned memory, so that a piece is copied into it while the one before is on its way.
cudaError_t CudaDevice::send(std::byte* to, const std::byte* from, size_t size) {
  cudaError_t error = cudaSetDevice(ordinal_);
  for (size_t at = 0, piece = 0; error == cudaSuccess && at < size; at += kPieceBytes, ++piece) {
    size_t n = std::min(kPieceBytes, size - at);
    if (piece >= kPieces && piece % kPieces == 0) error = cudaStreamSynchronize(stream_);
    if (error != cudaSuccess) break;
    std::memcpy(pinned_[piece % kPieces], from + at, n);
    error = cudaMemcpyAsync(to + at, pinned_[piece % kPieces], n, cudaMemcpyHostToDevice, stream_);
  }
  return error == cudaSuccess ? cudaStreamSynchronize(stream_) : error;
}

Status CudaDevice::upload(std::byte* to, const std::byte* from, size_t size) noexcept {
  std::lock_guard lock(turn_);
  failure_text[0] = 0;
  return note(send(to, from, size), "upload");
}

Status CudaDevice::run(std::span<const Launch> segment, const Work& work, const char*& op) {
  cudaError_t error = cudaSetDevice(ordinal_);
  Status status = Status::ok;
  submitting_to = stream_;
  for (const Launch& launch : segment) {
    status = work.control.check();
    if (error != cudaSuccess || status != Status::ok) break;
    launch.run(launch.args);
    error = cudaGetLastError();
  }
  // Also when cancelled: what was launched writes to memory that the next step has.
  cudaError_t end = cudaStreamSynchronize(stream_);
  if (Status failed = note(error == cudaSuccess ? end : error, op); failed != Status::ok) return failed;
  return status == Status::ok ? work.control.check() : status;
}

Status CudaDevice::submit(std::span<const Launch> segment, const Work& work) noexcept {
  std::lock_guard lock(turn_);
  failure_text[0] = 0;
  const char* op = "a step";
  if (lost_) {
    std::snprintf(failure_text, sizeof failure_text, "it was lost by an earlier error: close the models on it and open another engine");
    return Status::device_lost;
  }
  try {
    return run(segment, work, op);
  } catch (const std::exception& error) {  // of the emulator's alone
    std::snprintf(failure_text, sizeof failure_text, "%s", error.what());
    return Status::internal;
  }
}

const char* cause_of(cudaError_t error) {
  switch (error) {
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice: return "there is no such GPU, or this process may not use it: run 'premise doctor', or run on the CPU";
    case cudaErrorInsufficientDriver: return "the NVIDIA driver is missing or too old for this plug-in: install driver 580 or later, run 'premise doctor', or run on the CPU";
    case cudaErrorMemoryAllocation: return "it has no memory left: end what else uses it, or run on the CPU";
    default: return "run 'premise doctor' to see what is wrong, or run on the CPU";
  }
}

std::unique_ptr<Device> refuse(const PluginHost& host, const char* name, const char* why) {
  char text[512];
  std::snprintf(text, sizeof text, "device '%s' is not available: %s", name, why);
  host.fail(host.user, int32_t(Status::device_unavailable), name, text);
  return nullptr;
}

std::unique_ptr<Device> refuse(const PluginHost& host, const char* name, cudaError_t error) {
  char why[384];
  std::snprintf(why, sizeof why, "CUDA error %d (%s): %s", int(error), cudaGetErrorString(error), cause_of(error));
  cudaGetLastError();
  return refuse(host, name, why);
}

}  // namespace

void copy_to_device(Stream stream, void* to, const void* from, size_t size) { cudaMemcpyAsync(to, from, size, cudaMemcpyHostToDevice, stream); }
void copy_to_host(Stream stream, void* to, const void* from, size_t size) { cudaMemcpyAsync(to, from, size, cudaMemcpyDeviceToHost, stream); }

std::unique_ptr<Device> open_cuda(const PluginHost& host) {
  char name[16], why[384];
  std::snprintf(name, sizeof name, "cuda:%d", host.ordinal);
  int count = 0;
  if (cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) return refuse(host, name, error);
  if (host.ordinal >= count) {
    std::snprintf(why, sizeof why, "this process sees %d GPU(s), the first is 'cuda:0'", count);
    return refuse(host, name, why);
  }
  cudaDeviceProp properties{};
  if (cudaError_t error = cudaGetDeviceProperties(&properties, host.ordinal); error != cudaSuccess) return refuse(host, name, error);
  if (properties.major < kLeastMajor) {
    std::snprintf(why, sizeof why, "%s is sm_%d%d, there are kernels for sm_80 and later: run on the CPU", properties.name, properties.major, properties.minor);
    return refuse(host, name, why);
  }
  auto device = std::make_unique<CudaDevice>(host.ordinal, host.max_device_bytes);
  if (cudaError_t error = device->open(); error != cudaSuccess) return refuse(host, name, error);
  return device;
}

}  // namespace prm
