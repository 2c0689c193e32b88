// The dtype table: one line a type in dtype.def.
#pragma once
#include <cstddef>
#include <cstdint>

namespace prm {

enum class DType : uint8_t {
#define PRM_DTYPE(id, gguf, values, bytes) id,
#include "tensor/dtype.def"
#undef PRM_DTYPE
};

struct DTypeInfo {
  const char* name;
  int gguf;   // number in GGUF files; -1: never in a file
  int block;  // values per block; 1 = dense
  int bytes;  // per block
};

inline constexpr DTypeInfo kDTypes[] = {
#define PRM_DTYPE(id, gguf, values, bytes) {#id, gguf, values, bytes},
#include "tensor/dtype.def"
#undef PRM_DTYPE
};
inline constexpr int kDTypeCount = int(sizeof kDTypes / sizeof kDTypes[0]);

inline const DTypeInfo& info(DType type) { return kDTypes[int(type)]; }
inline bool is_block(DType type) { return info(type).block > 1; }

}  // namespace prm
