// Random weights of any type: valid blocks with sane scales, straight as bytes.
#pragma once
#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.h"
#include "quant/blocks.h"
#include "support/random.h"
#include "tensor/tensor.h"

namespace prm::test {

// `rows` x `cols` values whose floats are about `amplitude` in size. fill: the bytes of blocks that are no scales, instead of random ones.
inline std::vector<std::byte> random_weights(DType type, int64_t rows, int64_t cols, float amplitude, Random& random, int fill = -1) {
  Tensor shape(type, {rows, cols});
  std::vector<std::byte> out(shape.bytes());
  int64_t blocks = rows * cols / info(type).block;
  auto half = [&](float divisor) { return float_to_half(amplitude / divisor * (0.75f + 0.25f * random.uniform())); };
  for (int64_t b = 0; b < blocks; ++b) {
    std::byte* at = out.data() + b * info(type).bytes;
    for (int i = 0; i < info(type).bytes; ++i) at[i] = std::byte(fill < 0 ? random.bits() : uint64_t(fill));
    uint16_t d, dmin;
    float value = amplitude * random.uniform();
    switch (type) {
      case DType::f32: std::memcpy(at, &value, 4); break;
      case DType::f16: d = float_to_half(value), std::memcpy(at, &d, 2); break;
      case DType::bf16: d = float_to_bf16(value), std::memcpy(at, &d, 2); break;
      case DType::q8_0: d = half(127), std::memcpy(at, &d, 2); break;
      case DType::q5_0: d = half(16), std::memcpy(at, &d, 2); break;
      case DType::q4_0: d = half(8), std::memcpy(at, &d, 2); break;
      case DType::q4_k: d = half(8 * 63), dmin = half(63), std::memcpy(at, &d, 2), std::memcpy(at + 2, &dmin, 2); break;
      case DType::q6_k: d = half(32 * 127), std::memcpy(at + 208, &d, 2); break;
      case DType::q4_1: d = half(8), dmin = half(-1), std::memcpy(at, &d, 2), std::memcpy(at + 2, &dmin, 2); break;
      case DType::q5_1: d = half(16), dmin = half(-1), std::memcpy(at, &d, 2), std::memcpy(at + 2, &dmin, 2); break;
      case DType::q2_k: d = half(1.5f * 15), dmin = half(15), std::memcpy(at + 80, &d, 2), std::memcpy(at + 82, &dmin, 2); break;
      case DType::q3_k: d = half(4 * 32), std::memcpy(at + 108, &d, 2); break;
      case DType::q5_k: d = half(16 * 63), dmin = half(63), std::memcpy(at, &d, 2), std::memcpy(at + 2, &dmin, 2); break;
      case DType::iq4_nl: d = half(127), std::memcpy(at, &d, 2); break;
      case DType::iq4_xs: d = half(127 * 32), std::memcpy(at, &d, 2); break;
      case DType::mxfp4: at[0] = std::byte(124 + std::ilogb(amplitude) + int(random.below(2))); break;  // the largest value is 12 * 2^(e - 128)
      default: break;
    }
  }
  return out;
}

}  // namespace prm::test
