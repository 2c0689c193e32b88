// NumPy's .npy files, version 1.0: row-major little-endian float32.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

// A file that cannot be written whole is removed again. Throws Failure.
void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* data);
