// The border between the core and a plug-in with a device, a shared library of its own: built from the same sources, found by path,
// asked for one symbol. No address of the core's is known to it, no exception crosses: failures are told through the host's table.
#pragma once
#include <cstdint>

#include "graph/device.h"

namespace prm {

struct PluginHost {
  int32_t ordinal;            // of the device: 0 is the first
  int32_t reserved;
  uint64_t max_device_bytes;  // bound of its account; 0 = none
  void* user;
  // Why opening fails: a Status, what is missing, and a sentence that names it and the fix.
  void (*fail)(void* user, int32_t status, const char* subject, const char* message);
};

// What must be equal on both sides, folded: a plug-in of another version or with other structs is refused.
constexpr uint64_t fold_sizes(uint64_t version) {
  uint64_t sum = version;
  for (uint64_t size : {sizeof(Device), sizeof(Kernel), sizeof(KernelQuery), sizeof(Launch), sizeof(Tensor), sizeof(Attr), sizeof(Work), sizeof(MemoryAccount), sizeof(PluginHost)})
    sum = (sum ^ size) * 0x100000001b3u;
  return sum;
}
inline constexpr uint64_t kPluginAbi = fold_sizes(1);  // raised with each change of these that leaves their sizes alone

// `prm_plugin_open`: null after a call of fail(). The table is the plug-in's for the length of the call.
inline constexpr const char* kPluginSymbol = "prm_plugin_open";
using PluginOpen = Device* (*)(uint64_t abi, const PluginHost* host);

}  // namespace prm
