// NumPy's .npy files: row-major, little-endian. Written in version 1.0, read in versions 1 to 3.
#pragma once
#include <premise/premise.h>

#include <cstdint>
#include <string>
#include <vector>

// A dense tensor of the program's own.
struct Array {
  prm_dtype dtype = PRM_DTYPE_F32;
  std::vector<int64_t> shape;
  std::string bytes;
};

size_t dtype_bytes(prm_dtype dtype);           // of a dense one
const char* dtype_name(prm_dtype dtype);       // as NumPy spells it: "float32"
// Bytes of a shape; throws Failure where they are more than memory could hold.
size_t array_bytes(prm_dtype dtype, const std::vector<int64_t>& shape, const std::string& what);

// A file that cannot be written whole is removed again. Throws Failure.
void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* data);
void write_npy(const std::string& path, prm_dtype dtype, const std::vector<int64_t>& shape, const void* data);
// Bytes of two that stand for themselves (<u2, |V2) may be BF16. Throws Failure.
Array read_npy(const std::string& path);
