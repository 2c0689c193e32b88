#include "quant/format.h"

#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/half.h"
#include "base/numeric.h"
#include "quant/activation.h"

namespace prm {

extern const QuantFormat kQ4_0, kQ5_0, kQ8_0, kQ4_K, kQ6_K, kQ4_1, kQ5_1, kQ2_K, kQ3_K, kQ5_K, kIQ4_NL, kIQ4_XS, kMXFP4;

namespace {
constexpr const QuantFormat* kFormats[] = {
    &kQ4_0,
    &kQ5_0,
    &kQ8_0,
    &kQ4_K,
    &kQ6_K,
    &kQ4_1,
    &kQ5_1,
    &kQ2_K,
    &kQ3_K,
    &kQ5_K,
    &kIQ4_NL,
    &kIQ4_XS,
    &kMXFP4,
};

// Scale and int8 values of n floats, shared by both activation blocks. A block that is not finite gets a NaN scale, so
// that the NaN reaches the logits, where it is reported.
float quantize_values(const float* x, int8_t* q, int n) {
  float top = 0;
  bool finite = true;
  for (int i = 0; i < n; ++i) {
    float size = std::fabs(x[i]);
    finite &= size <= FLT_MAX;
    top = size > top ? size : top;
  }
  if (!finite) {
    std::memset(q, 0, size_t(n));
    return std::numeric_limits<float>::quiet_NaN();
  }
  if (top < kLeastActivation) top = 0;
  float inverse = top > 0 ? 127.0f / top : 0.0f;
  for (int i = 0; i < n; ++i) q[i] = int8_t(nearest(x[i] * inverse));
  return top / 127.0f;
}
}  // namespace

std::span<const QuantFormat* const> quant_formats() { return kFormats; }

const QuantFormat* find_format(DType type) {
  for (const QuantFormat* format : kFormats)
    if (format->type == type) return format;
  return nullptr;
}

void quantize_a8(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<BlockA8*>(blocks);
  for (int64_t b = 0; b < n / 32; ++b, ++block) {
    block->d = quantize_values(x + b * 32, block->q, 32);
    block->sum = 0;
    for (int8_t q : block->q) block->sum += q;
  }
}

void quantize_a8k(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<BlockA8K*>(blocks);
  for (int64_t b = 0; b < n / 256; ++b, ++block) {
    block->d = quantize_values(x + b * 256, block->q, 256);
    for (int j = 0; j < 16; ++j) {
      int sum = 0;
      for (int i = 0; i < 16; ++i) sum += block->q[16 * j + i];
      block->sum[j] = int16_t(sum);
    }
  }
}

void row_to_float(DType type, const void* row, float* out, int64_t n) {
  auto* half = static_cast<const uint16_t*>(row);
  switch (type) {
    case DType::f32: std::memcpy(out, row, size_t(n) * 4); return;
    case DType::f16:
      for (int64_t i = 0; i < n; ++i) out[i] = half_to_float(half[i]);
      return;
    case DType::bf16:
      for (int64_t i = 0; i < n; ++i) out[i] = bf16_to_float(half[i]);
      return;
    default: break;
  }
  const QuantFormat* format = find_format(type);
  if (!format) fail(Status::internal, "row_to_float: no format for {}", info(type).name);
  auto* block = static_cast<const std::byte*>(row);
  for (int64_t i = 0; i < n; i += info(type).block, block += info(type).bytes) format->dequantize(block, out + i);
}

namespace {
// Bits of a float are those of NaN or infinity when all of its exponent's are set.
template <class Bits>
bool exponents_are_finite(const void* values, size_t bytes, Bits exponent) {
  int bad = 0;
  for (size_t i = 0; i < bytes; i += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, static_cast<const std::byte*>(values) + i, sizeof bits);
    bad |= (bits & exponent) == exponent;
  }
  return !bad;
}
}  // namespace

bool weights_are_finite(DType type, const void* blocks, size_t bytes) {
  switch (type) {
    case DType::f32: return exponents_are_finite<uint32_t>(blocks, bytes, 0x7f800000);
    case DType::f64: return exponents_are_finite<uint64_t>(blocks, bytes, 0x7ff0000000000000);
    case DType::f16: return exponents_are_finite<uint16_t>(blocks, bytes, 0x7c00);
    case DType::bf16: return exponents_are_finite<uint16_t>(blocks, bytes, 0x7f80);
    default: break;
  }
  const QuantFormat* format = find_format(type);
  for (size_t i = 0; format && i < bytes; i += size_t(info(type).bytes)) {
    const std::byte* block = static_cast<const std::byte*>(blocks) + i;
    float d = 0, dmin = 0;
    format->scales(block, d, dmin);
    if (std::fabs(d) + std::fabs(dmin) < 1e30f) continue;  // no half gets so far
    float values[256];
    format->dequantize(block, values);
    if (!exponents_are_finite<uint32_t>(values, size_t(info(type).block) * 4, 0x7f800000)) return false;
  }
  return true;
}

}  // namespace prm
