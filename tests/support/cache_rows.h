// Rows as a KV cache of a type holds them.
#pragma once
#include "base/half.h"
#include "quant/format.h"
#include "support/run_graph.h"

namespace prm::test {

inline const std::vector<DType> kCacheTypes = {DType::f32, DType::f16, DType::bf16, DType::q8_0};

// n values in all; a multiple of 32 for q8_0.
inline std::vector<std::byte> cache_rows(DType type, const std::vector<float>& values) {
  std::vector<std::byte> blocks(values.size() / size_t(info(type).block) * size_t(info(type).bytes));
  std::vector<uint16_t> halves;
  switch (type) {
    case DType::f32: return bytes_of(values);
    case DType::q8_0: quantize_q8_0(values.data(), blocks.data(), int64_t(values.size())); return blocks;
    default:
      for (float value : values) halves.push_back(type == DType::f16 ? float_to_half(value) : float_to_bf16(value));
      return bytes_of(halves);
  }
}

}  // namespace prm::test
