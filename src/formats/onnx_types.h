// The types of ONNX's tensors, by number.
#pragma once
#include <cstdint>

namespace prm {

// The fields of TensorProto that hold values, by number.
enum OnnxField : uint32_t { kFloatData = 4, kInt32Data = 5, kStringData = 6, kInt64Data = 7, kRawData = 9, kDoubleData = 10, kUint64Data = 11 };

struct OnnxTypeInfo {
  const char* name;
  int bits;              // of a value
  OnnxField field;       // where values stand that are not in raw_data
  int64_t least, most;   // of a number there, for integers of less than 64 bits
};

inline constexpr int64_t kMost32 = (int64_t(1) << 31) - 1;
inline constexpr OnnxTypeInfo kOnnxTypes[] = {
    {"UNDEFINED", 0, kRawData, 0, 0},
    {"FLOAT", 32, kFloatData, 0, 0},
    {"UINT8", 8, kInt32Data, 0, 255},
    {"INT8", 8, kInt32Data, -128, 127},
    {"UINT16", 16, kInt32Data, 0, 65535},
    {"INT16", 16, kInt32Data, -32768, 32767},
    {"INT32", 32, kInt32Data, -kMost32 - 1, kMost32},
    {"INT64", 64, kInt64Data, 0, 0},
    {"STRING", 0, kStringData, 0, 0},
    {"BOOL", 8, kInt32Data, 0, 1},
    {"FLOAT16", 16, kInt32Data, 0, 65535},
    {"DOUBLE", 64, kDoubleData, 0, 0},
    {"UINT32", 32, kUint64Data, 0, 2 * kMost32 + 1},
    {"UINT64", 64, kUint64Data, 0, 0},
    {"COMPLEX64", 64, kFloatData, 0, 0},
    {"COMPLEX128", 128, kDoubleData, 0, 0},
    {"BFLOAT16", 16, kInt32Data, 0, 65535},
    {"FLOAT8E4M3FN", 8, kInt32Data, 0, 255},
    {"FLOAT8E4M3FNUZ", 8, kInt32Data, 0, 255},
    {"FLOAT8E5M2", 8, kInt32Data, 0, 255},
    {"FLOAT8E5M2FNUZ", 8, kInt32Data, 0, 255},
    {"UINT4", 4, kInt32Data, 0, 255},
    {"INT4", 4, kInt32Data, 0, 255},
    {"FLOAT4E2M1", 4, kInt32Data, 0, 255},
    {"FLOAT8E8M0", 8, kInt32Data, 0, 255},
    {"UINT2", 2, kInt32Data, 0, 255},
    {"INT2", 2, kInt32Data, 0, 255},
    {"FLOAT6E2M3", 6, kInt32Data, 0, 63},
    {"FLOAT6E3M2", 6, kInt32Data, 0, 63},
};
inline constexpr int64_t kOnnxTypeCount = int64_t(sizeof kOnnxTypes / sizeof kOnnxTypes[0]);

}  // namespace prm
