// SHA-256 (FIPS 180-4) as lower-case hex.
#pragma once
#include <cstddef>
#include <string>

std::string sha256_hex(const void* data, size_t size);
