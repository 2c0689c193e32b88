// One reading of all block formats: with d and dmin of the block, scale and min of sub-block j,
//   value[i] = d * scale[j] * q[i], less dmin * min[j] where the format has minimums.
// A format is a Rule: Block, kSub (values per sub-block), value(block, i), scale(block, j), d(block), and, for minimums,
// min(block, j) and dmin(block).
#pragma once
#include "base/half.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {

struct HalfScale {
  static float d(const auto& block) { return half_to_float(block.d); }
};
struct OneSubBlock {  // of all 32 values
  static constexpr int kSub = 32;
  static int scale(const auto&, int) { return 1; }
};
struct HalfMinimums : HalfScale {
  static float dmin(const auto& block) { return half_to_float(block.dmin); }
};
struct HalfAddend : HalfScale, OneSubBlock {  // d * q + m
  static int min(const auto&, int) { return 1; }
  static float dmin(const auto& block) { return -half_to_float(block.m); }
};

// 32 values: value i in the low nibble of byte i, value i + 16 in its high nibble.
inline int half_nibble(const uint8_t* qs, int i) { return i < 16 ? qs[i] & 15 : qs[i - 16] >> 4; }
// Bit i of little-endian bytes.
inline int bit_at(const uint8_t* bytes, int i) { return bytes[i / 8] >> (i % 8) & 1; }

template <class Rule>
struct BlockReader {
  using Block = typename Rule::Block;
  static constexpr bool kHasMin = requires(const Block& block) { Rule::dmin(block); };

  static void dequantize(const void* raw, float* out, int n) {
    auto& block = *static_cast<const Block*>(raw);
    float d = Rule::d(block), dmin = 0;
    if constexpr (kHasMin) dmin = Rule::dmin(block);
    for (int i = 0; i < n; i += Rule::kSub) {
      int j = i / Rule::kSub;
      float scale = d * float(Rule::scale(block, j)), min = 0;
      if constexpr (kHasMin) min = dmin * float(Rule::min(block, j));
      for (int k = i; k < i + Rule::kSub; ++k) {
        out[k] = scale * float(Rule::value(block, k));
        if constexpr (kHasMin) out[k] -= min;
      }
    }
  }

  static void scales(const void* raw, float& d, float& dmin) {
    auto& block = *static_cast<const Block*>(raw);
    d = Rule::d(block);
    if constexpr (kHasMin) dmin = Rule::dmin(block);
  }

  static int sum_of(const BlockA8& a, int) { return a.sum; }
  static int sum_of(const BlockA8K& a, int j) {
    int sum = 0;
    for (int i = 0; i < Rule::kSub / 16; ++i) sum += a.sum[j * (Rule::kSub / 16) + i];
    return sum;
  }

  template <int n>
  static void unpack(const void* raw, BlockParts& parts) {
    auto& block = *static_cast<const Block*>(raw);
    for (int i = 0; i < n; ++i) parts.value[i] = int8_t(Rule::value(block, i));
    for (int j = 0; j < n / Rule::kSub; ++j) {
      parts.scale[j] = int8_t(Rule::scale(block, j));
      if constexpr (kHasMin) parts.min[j] = uint8_t(Rule::min(block, j));
    }
  }

  template <class Activation>
  static BlockProduct multiply(const void* raw, const void* activation) {
    auto& w = *static_cast<const Block*>(raw);
    auto& a = *static_cast<const Activation*>(activation);
    BlockProduct p;
    for (int j = 0; j < int(sizeof a.q) / Rule::kSub; ++j) {
      int dot = 0;
      for (int i = Rule::kSub * j; i < Rule::kSub * (j + 1); ++i) dot += Rule::value(w, i) * a.q[i];
      p.sum += Rule::scale(w, j) * dot;
      if constexpr (kHasMin) p.min_sum += Rule::min(w, j) * sum_of(a, j);
    }
    return p;
  }
};

// Of 32 values, beside activations in a8.
template <class Rule>
constexpr QuantFormat format_of_32(DType type) {
  using Reader = BlockReader<Rule>;
  return {type, DType::a8, Reader::kHasMin, [](const void* block, float* out) { Reader::dequantize(block, out, 32); }, Reader::scales,
          Reader::template multiply<BlockA8>, Rule::kSub, Reader::template unpack<32>};
}
// Of 256 values, beside activations in a8k.
template <class Rule>
constexpr QuantFormat format_of_256(DType type) {
  using Reader = BlockReader<Rule>;
  return {type, DType::a8k, Reader::kHasMin, [](const void* block, float* out) { Reader::dequantize(block, out, 256); }, Reader::scales,
          Reader::template multiply<BlockA8K>, Rule::kSub, Reader::template unpack<256>};
}

}  // namespace prm
