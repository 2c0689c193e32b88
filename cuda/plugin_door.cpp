// What libpremise_cuda.so exports.
#include "cuda_device.h"

using namespace prm;

extern "C" __attribute__((visibility("default"))) Device* prm_plugin_open(uint64_t abi, const PluginHost* host) {
  if (abi != kPluginAbi) {
    host->fail(host->user, int32_t(Status::version_mismatch), "libpremise_cuda.so", "libpremise_cuda.so is of another version than this library: install both from one release");
    return nullptr;
  }
  return open_cuda(*host).release();
}
