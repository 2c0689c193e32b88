// What the fuzz targets share. A target is LLVMFuzzerTestOneInput over one parser: an Error is an answer; a crash, a report of a
// sanitizer, a hang, too much memory or a broken promise (must) is a finding.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/memory.h"
#include "base/containers.h"

namespace prm::fuzz {

inline constexpr uint64_t kMostBytes = 128u << 20;  // that a parser may hold of a small input

// False is a finding.
inline void must(bool promise) {
  if (!promise) std::abort();
}

// The body on an account of its own, which must be empty behind it.
template <class Body>
int with_account(Body body) {
  MemoryAccount account({}, kMostBytes);
  try {
    AccountScope scope(account);
    body(account);
  } catch (const Error& error) {
    must(error.status != Status::internal && error.message[0]);
  }
  must(account.held() == 0);
  return 0;
}

inline std::string_view as_text(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace prm::fuzz
