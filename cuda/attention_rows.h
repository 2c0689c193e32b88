// What the kernels of attention share: where the rows of a token's sequence stand, values of every type of cache, and the steps of the
// canonical order ("Numbers" 2) that are done once a split.
#pragma once
#include "base/half.h"
#include "base/numeric.h"
#include "launchers.h"
#include "quant/blocks.h"

namespace prm {

constexpr int kAttentionSplit = 256;  // keys, at absolute positions
constexpr int kMostTiledHead = 256;   // values of a head that the kernels in tiles take, a multiple of 16
constexpr uint32_t kWholeWarp = ~0u;

// The rows of one token's sequence, and the positions that it sees: none where it is padding.
struct SeenRows {
  int32_t first, last;
  const int32_t* pages;
  int32_t page, first_row;

  __device__ SeenRows(const AttentionLaunch& a, int64_t t)
      : first(0), last(a.positions[t]), pages(a.table && last >= 0 ? a.table + a.sequence[t] * a.pages_each : nullptr), page(int32_t(a.page)), first_row(int32_t(t) - last) {
    if (a.window > 0 && last >= a.window) first = last - int32_t(a.window) + 1;
  }
  __device__ int32_t row(int32_t j) const { return pages ? pages[j / page] * page + j % page : first_row + j; }
};

__device__ __forceinline__ bool same_sequence(const AttentionLaunch& a, int64_t t, int64_t other) {
  return a.table ? a.sequence[t] == a.sequence[other] : t - a.positions[t] == other - a.positions[other];
}

// Tiles of attention_prefill.cu: 32 queries at most, which are tokens t .. t + tokens - 1, t a multiple of `tokens`, times query heads of one
// kv head, which `parts` blocks have side by side.
constexpr int kTileQueries = 32;
struct Tiles {
  int tokens, heads, parts;
};
inline Tiles tiles_of(const AttentionLaunch& a) {
  int group = int(a.H / a.G), parts = (group + kTileQueries - 1) / kTileQueries, heads = (group + parts - 1) / parts;
  return {kTileQueries / heads, heads, parts};
}
// Neighbours of one sequence in a tile that are too few for it: attention_decode.cu takes them, where both kernels share a launch.
__host__ __device__ constexpr bool are_few(int tokens, int tile_tokens) { return tokens * 4 <= tile_tokens; }

// Bytes of n values of a row.
template <CacheType type>
__host__ __device__ constexpr int64_t row_size(int64_t n) {
  if (type == CacheType::q8_0) return n / 32 * int64_t(sizeof(BlockQ8_0));
  return n * (type == CacheType::f32 ? 4 : 2);
}

// What a register or shared memory takes at a time.
struct alignas(16) FourFloats {
  float x[4];
};
struct alignas(8) TwoFloats {
  float x[2];
};
struct alignas(16) FourWords {
  uint32_t w[4];
};

__device__ __forceinline__ float low_bf16(uint32_t pair) { return std::bit_cast<float>(pair << 16); }
__device__ __forceinline__ float high_bf16(uint32_t pair) { return std::bit_cast<float>(pair & 0xffff0000u); }

// Eight neighbouring values of a row, as they lie there. i: a multiple of 8.
template <CacheType type>
struct EightValues {  // f16 and bf16
  FourWords pairs;
  __device__ void load(const std::byte* row, int i) { pairs = reinterpret_cast<const FourWords*>(row)[i / 8]; }
  __device__ float at(int e) const {
    uint32_t pair = pairs.w[e / 2];
    if (type == CacheType::bf16) return e % 2 ? high_bf16(pair) : low_bf16(pair);
    return half_value(uint16_t(e % 2 ? pair >> 16 : pair));
  }
};
template <>
struct EightValues<CacheType::f32> {
  FourFloats half[2];
  __device__ void load(const std::byte* row, int i) {
    half[0] = reinterpret_cast<const FourFloats*>(row)[i / 4];
    half[1] = reinterpret_cast<const FourFloats*>(row)[i / 4 + 1];
  }
  __device__ float at(int e) const { return half[e / 4].x[e % 4]; }
};
template <>
struct EightValues<CacheType::q8_0> {
  uint32_t codes[2];  // four each; blocks are aligned to 2 bytes
  uint16_t d;
  __device__ void load(const std::byte* row, int i) {
    const std::byte* block = row + i / 32 * int(sizeof(BlockQ8_0));
    auto* pairs = reinterpret_cast<const uint16_t*>(block + 2 + i % 32);
    d = *reinterpret_cast<const uint16_t*>(block);
    for (int k = 0; k < 2; ++k) codes[k] = pairs[2 * k] | uint32_t(pairs[2 * k + 1]) << 16;
  }
  __device__ float at(int e) const { return half_value(d) * float(int8_t(codes[e / 4] >> (e % 4 * 8))); }
};

// Two neighbouring values of a row; i is even.
template <CacheType type>
__device__ __forceinline__ TwoFloats two_values(const std::byte* row, int i) {
  if constexpr (type == CacheType::f32) return reinterpret_cast<const TwoFloats*>(row)[i / 2];
  if constexpr (type == CacheType::q8_0) {
    const std::byte* block = row + i / 32 * int(sizeof(BlockQ8_0));
    uint32_t codes = *reinterpret_cast<const uint16_t*>(block + 2 + i % 32);
    float d = half_value(*reinterpret_cast<const uint16_t*>(block));
    return {{d * float(int8_t(codes)), d * float(int8_t(codes >> 8))}};
  }
  uint32_t pair = reinterpret_cast<const uint32_t*>(row)[i / 2];
  if constexpr (type == CacheType::bf16) return {{low_bf16(pair), high_bf16(pair)}};
  return {{half_value(uint16_t(pair)), half_value(uint16_t(pair >> 16))}};
}

// A score of a dot product. An infinite one becomes NaN under a cap.
__device__ __forceinline__ float score_of(const AttentionLaunch& a, float dot) {
  float s = dot * a.scale;
  if (a.soft_cap <= 0) return s;
  s = s / a.soft_cap;
  return a.soft_cap * (tanh_of(s) + (s - s));
}

// A query's splits so far.
struct Merged {
  float top = -INFINITY, total = 0;

  // How much of the values so far stays, and how much of one more split's joins them.
  __device__ void join_split(bool is_first, float split_top, float split_total, float& keep, float& join) {
    float larger = top < split_top ? split_top : top;
    keep = is_first ? 0.0f : exp_of(top - larger), join = exp_of(split_top - larger);
    total = total * keep + split_total * join;
    top = larger;
  }
};

// A sink is the last split: a logit as its maximum, a sum of one, values of zero.
__device__ __forceinline__ float with_sink(float sum, float keep, float join) { return sum * keep + 0.0f * join; }

// ---- the kernels, which launch_attention chooses from ------------------------------------------------------------------
void launch_attention_walk(Stream stream, const AttentionLaunch& a);  // any head
int64_t attention_tokens_at_once(const AttentionLaunch& a);           // that scratch serves: one at least for the next one
void launch_attention_decode(Stream stream, const AttentionLaunch& a, bool only_few);
void launch_attention_prefill(Stream stream, const AttentionLaunch& a, bool but_few);

}  // namespace prm
