// FNV-1a, 64 bits: enough to commit what bytes a kernel gives.
#pragma once
#include <cstddef>
#include <cstdint>

namespace prm::test {

inline uint64_t fnv64(const void* data, size_t size, uint64_t hash = 1469598103934665603ull) {
  auto* bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 1099511628211ull;
  return hash;
}

}  // namespace prm::test
