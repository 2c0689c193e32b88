#include "tensor/tensor.h"

#include "base/error.h"
#include "base/half.h"
#include "tensor/narrow.h"

namespace prm {

double load_value(const Tensor& t, int64_t i) {
  switch (t.dtype) {
    case DType::f32: return t.as<float>()[i];
    case DType::f64: return t.as<double>()[i];
    case DType::f16: return half_to_float(t.as<uint16_t>()[i]);
    case DType::bf16: return bf16_to_float(t.as<uint16_t>()[i]);
    case DType::i32: return t.as<int32_t>()[i];
    case DType::i8: return t.as<int8_t>()[i];
    case DType::u8:
    case DType::boolean: return t.as<uint8_t>()[i];
    case DType::i16: return t.as<int16_t>()[i];
    case DType::u16: return t.as<uint16_t>()[i];
    case DType::u32: return t.as<uint32_t>()[i];
    case DType::i64: return double(t.as<int64_t>()[i]);
    case DType::u64: return double(t.as<uint64_t>()[i]);
    default:
      if (is_narrow(t.dtype)) return narrow_value(t.dtype, t.as<uint8_t>()[i]);
      fail(Status::internal, "load_value: {} is not a dense type", info(t.dtype).name);
  }
}

void store_value(const Tensor& t, int64_t i, double value) {
  switch (t.dtype) {
    case DType::f32: t.as<float>()[i] = float(value); break;
    case DType::f64: t.as<double>()[i] = value; break;
    case DType::f16: t.as<uint16_t>()[i] = float_to_half(float(value)); break;
    case DType::bf16: t.as<uint16_t>()[i] = float_to_bf16(float(value)); break;
    case DType::i32: t.as<int32_t>()[i] = int32_t(value); break;
    default: fail(Status::internal, "store_value: {} is not a dense type", info(t.dtype).name);
  }
}

}  // namespace prm
