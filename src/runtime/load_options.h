// How a model is opened; what its kind has no use for is left alone.
#pragma once
#include "runtime/model_source.h"

namespace prm {

// Extents of an input that a tensor model is to be planned for; -1: not told.
struct WantedShape {
  const char* name = nullptr;  // null: by position
  int rank = 0;
  int64_t dim[kMaxRank] = {};
};
// A list in whatever form the caller has it.
struct WantedShapes {
  size_t count = 0;
  const void* from = nullptr;
  WantedShape (*read)(const void* from, size_t index) = nullptr;
};

inline constexpr int64_t kAllThatFit = 0;  // of layers

struct LoadOptions {
  bool header_only = false;
  int64_t context = 0;       // 0 = the model's own, at most kDefaultContext
  int64_t chunk_tokens = 0;  // 0 = kDefaultChunk
  DType cache_type = DType::f16;
  uint64_t max_host_bytes = 0;  // of this model, inside the engine's bound; 0 = none
  Device* accelerator = nullptr;  // of the engine's, beside the CPU
  bool require_device = false;    // all layers, and a kernel for every op
  uint64_t max_device_bytes = 0;  // of this model, inside the engine's bound; 0 = none
  int64_t device_layers = kAllThatFit;  // that the accelerator gets
  bool verify = false;          // reads all files before anything else: sums, NaN and infinity
  const char* manifest_json = nullptr;  // what the files must hold
  int64_t sessions = 0;         // open at once, at most: the cache has pages for so many contexts, for one at least
  WantedShapes shapes;
};
inline constexpr int64_t kDefaultContext = 8192, kDefaultChunk = 512;

}  // namespace prm
