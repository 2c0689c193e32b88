// SHA-256 (FIPS 180-4), the one digest that says which file it is. Of the standard library alone: the premise program is
// compiled with it too.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace prm {

inline constexpr size_t kSha256HexSize = 64;

class Sha256 {
 public:
  bool plain = false;  // without the processor's instructions for it
  void add(const void* data, size_t size);
  void finish(char (&hex)[kSha256HexSize]);  // of all that was added, in lower case, no NUL; once

 private:
  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char block_[64];
  uint64_t size_ = 0;
};

std::string sha256_hex(const void* data, size_t size);

}  // namespace prm
