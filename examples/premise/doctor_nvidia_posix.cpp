#include <dlfcn.h>

#include <fmt/format.h>

#include "doctor_nvidia.h"

namespace {

using Handle = void*;
using Unsigned64 = unsigned long long;
// As NVML lays it out (nvmlMemory_t).
struct NvmlMemory {
  Unsigned64 total, free, used;
};
enum { kMajorAttribute = 75, kMinorAttribute = 76 };       // CUdevice_attribute
enum { kUncorrected = 1, kVolatile = 0, kAggregate = 1 };  // nvmlMemoryErrorType_t, nvmlEccCounterType_t

template <class Function> struct Symbol;
// A function of a library, which may be too old to have it: `call` is then false, as when it gives anything but 0.
template <class... Arguments> struct Symbol<int(Arguments...)> {
  int (*function)(Arguments...);
  Symbol(void* library, const char* name) : function(reinterpret_cast<int (*)(Arguments...)>(dlsym(library, name))) {}
  bool call(Arguments... arguments) const { return function && function(arguments...) == 0; }
};

// The start of a library: what it said, 0 = good, and -1 where the function is not there.
bool begin(const Teller& teller, const char* name, int said) {
  teller.say("init", said);
  teller.say("step", fmt::format("after {}", name));
  return said == 0;
}

void say_version(const Teller& teller, int64_t major, int64_t minor) {
  teller.say("major", major);
  teller.say("minor", minor);
}

void tell_cuda_device(const Teller& teller, void* library, int index) {
  char name[256] = {};
  int device = 0, major = 0, minor = 0;
  if (!Symbol<int(int*, int)>(library, "cuDeviceGet").call(&device, index)) return;
  if (Symbol<int(char*, int, int)>(library, "cuDeviceGetName").call(name, int(sizeof name) - 1, device))
    teller.say(fmt::format("{}.name", index), name);
  Symbol<int(int*, int, int)> attribute(library, "cuDeviceGetAttribute");
  if (attribute.call(&major, kMajorAttribute, device) && attribute.call(&minor, kMinorAttribute, device))
    teller.say(fmt::format("{}.capability", index), major * 10 + minor);
}

void tell_ecc(const Teller& teller, void* library, int index, Handle device) {
  auto key = [index](const char* name) { return fmt::format("{}.{}", index, name); };
  int now = 0, later = 0;
  Unsigned64 count = 0;
  unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  if (Symbol<int(Handle, int*, int*)>(library, "nvmlDeviceGetEccMode").call(device, &now, &later))
    teller.say(key("ecc"), now);
  Symbol<int(Handle, int, int, Unsigned64*)> errors(library, "nvmlDeviceGetTotalEccErrors");
  if (errors.call(device, kUncorrected, kVolatile, &count)) teller.say(key("ecc_new"), int64_t(count));
  if (errors.call(device, kUncorrected, kAggregate, &count)) teller.say(key("ecc_ever"), int64_t(count));
  Symbol<int(Handle, unsigned*, unsigned*, unsigned*, unsigned*)> rows(library, "nvmlDeviceGetRemappedRows");
  if (!rows.call(device, &corrected, &uncorrected, &pending, &failed)) return;
  teller.say(key("rows_pending"), pending);
  teller.say(key("rows_failed"), failed);
}

void tell_nvml_device(const Teller& teller, void* library, int index) {
  auto key = [index](const char* name) { return fmt::format("{}.{}", index, name); };
  Handle device = nullptr;
  Symbol<int(unsigned, Handle*)> handle(library, "nvmlDeviceGetHandleByIndex_v2");
  int said = handle.function ? handle.function(unsigned(index), &device) : -1;
  teller.say(key("error"), said);
  if (said) return;
  char name[256] = {};
  int major = 0, minor = 0;
  unsigned mig = 0, mig_later = 0;
  NvmlMemory memory = {};
  Unsigned64 reasons = 0;
  if (Symbol<int(Handle, char*, unsigned)>(library, "nvmlDeviceGetName").call(device, name, unsigned(sizeof name) - 1))
    teller.say(key("name"), name);
  if (Symbol<int(Handle, int*, int*)>(library, "nvmlDeviceGetCudaComputeCapability").call(device, &major, &minor))
    teller.say(key("capability"), major * 10 + minor);
  if (Symbol<int(Handle, NvmlMemory*)>(library, "nvmlDeviceGetMemoryInfo").call(device, &memory)) {
    teller.say(key("memory"), int64_t(memory.total));
    teller.say(key("free"), int64_t(memory.free));
  }
  tell_ecc(teller, library, index, device);
  Symbol<int(Handle, Unsigned64*)> clocks(library, "nvmlDeviceGetCurrentClocksEventReasons");  // since driver 535
  Symbol<int(Handle, Unsigned64*)> older(library, "nvmlDeviceGetCurrentClocksThrottleReasons");
  if (clocks.call(device, &reasons) || older.call(device, &reasons)) teller.say(key("throttling"), int64_t(reasons));
  if (Symbol<int(Handle, unsigned*, unsigned*)>(library, "nvmlDeviceGetMigMode").call(device, &mig, &mig_later))
    teller.say(key("mig"), mig);
}

}  // namespace

void ask_cuda(const Teller& teller, void* library) {
  int version = 0, count = 0;
  teller.say("step", "cuDriverGetVersion");
  if (Symbol<int(int*)>(library, "cuDriverGetVersion").call(&version)) teller.say("cuda_version", version);
  teller.say("step", "cuInit");
  Symbol<int(unsigned)> init(library, "cuInit");
  if (!begin(teller, "cuInit", init.function ? init.function(0) : -1)) return;
  if (Symbol<int(int*)>(library, "cuDeviceGetCount").call(&count)) teller.say("count", count);
  for (int i = 0; i < count; ++i) tell_cuda_device(teller, library, i);
}

void ask_nvml(const Teller& teller, void* library) {
  char version[128] = {};
  unsigned count = 0;
  teller.say("step", "nvmlInit");
  Symbol<int()> init(library, "nvmlInit_v2");
  if (!begin(teller, "nvmlInit", init.function ? init.function() : -1)) return;
  if (Symbol<int(char*, unsigned)>(library, "nvmlSystemGetDriverVersion").call(version, unsigned(sizeof version) - 1))
    teller.say("driver_version", version);
  if (Symbol<int(unsigned*)>(library, "nvmlDeviceGetCount_v2").call(&count)) teller.say("count", count);
  for (unsigned i = 0; i < count; ++i) tell_nvml_device(teller, library, int(i));
}

void ask_runtime(const Teller& teller, void* library) {
  int version = 0;
  teller.say("step", "cudaRuntimeGetVersion");
  if (Symbol<int(int*)>(library, "cudaRuntimeGetVersion").call(&version))
    say_version(teller, version / 1000, version % 1000 / 10);
}

// Of its functions the one that wants no handle, and with it no GPU.
void ask_cublas(const Teller& teller, void* library) {
  int major = 0, minor = 0;
  teller.say("step", "cublasGetProperty");
  Symbol<int(int, int*)> property(library, "cublasGetProperty");
  if (property.call(0, &major) && property.call(1, &minor)) say_version(teller, major, minor);
}

void ask_cudnn(const Teller& teller, void* library) {
  teller.say("step", "cudnnGetVersion");
  auto version = reinterpret_cast<size_t (*)()>(dlsym(library, "cudnnGetVersion"));
  auto runtime = reinterpret_cast<size_t (*)()>(dlsym(library, "cudnnGetCudartVersion"));
  size_t number = version ? version() : 0;
  if (number >= 90000) say_version(teller, int64_t(number / 10000), int64_t(number / 100 % 100));
  else if (number) say_version(teller, int64_t(number / 1000), int64_t(number / 100 % 10));
  if (runtime) teller.say("built_for", int64_t(runtime() / 1000));
}

void ask_nccl(const Teller& teller, void* library) {
  int number = 0;
  teller.say("step", "ncclGetVersion");
  if (!Symbol<int(int*)>(library, "ncclGetVersion").call(&number)) return;
  if (number >= 10000) say_version(teller, number / 10000, number / 100 % 100);
  else say_version(teller, number / 1000, number / 100 % 10);  // before 2.9
}
