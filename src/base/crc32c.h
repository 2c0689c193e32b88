// CRC-32C (polynomial 0x1edc6f41, reflected: RFC 3720, B.4), the one checksum of data that an accident may change. It finds every
// change of up to 32 neighbouring bits; against somebody who means to deceive there is base/sha256.h.
#pragma once
#include <cstddef>
#include <cstdint>

namespace prm {

// Of bytes that stand behind others: crc32c(a + b) = crc32c(b, crc32c(a)); by the processor's instruction where it has one.
uint32_t crc32c(const void* data, size_t size, uint32_t before = 0) noexcept;
uint32_t crc32c_portable(const void* data, size_t size, uint32_t before = 0) noexcept;  // without that instruction

// Parts in any order, from any thread: the checksum of a whole is the exclusive or of its parts' shares and of
// crc32c_frame(its size). `behind`: how many bytes of the whole come after the part.
uint32_t crc32c_share(const void* part, size_t size, uint64_t behind) noexcept;
uint32_t crc32c_frame(uint64_t size) noexcept;

}  // namespace prm
