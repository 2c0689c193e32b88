// Cases of the row-wise ops, with error bounds against the references in double.
#pragma once
#include <cstdint>

#include "cases/tag.h"
#include "tensor/dtype.h"

namespace prm::cases {

struct RowCase {
  int64_t T, C, D;  // D: gain or head size, divides C
  Tag tag = Tag::small;
};
inline constexpr RowCase kRows[] = {{1, 1, 1},   {1, 2, 2},    {3, 16, 16},   {2, 18, 6},    {5, 64, 16},
                                    {1, 640, 640}, {4, 1024, 256}, {7, 896, 64}, {2, 4864, 4864}, {33, 128, 32},
                                {1, 640, 640, Tag::bench}, {512, 640, 640, Tag::bench}, {512, 896, 896, Tag::bench}, {512, 1024, 256, Tag::bench}};

// Sum of squares in 16 lanes: relative error below (C / 16 + 8) 2^-24, then a square root, a division and two products.
inline double norm_bound(int64_t D, double magnitude) { return 6.0e-8 * (double(D) / 32 + 10) * magnitude + 1e-37; }
// exp to 2.3e-7 relative, one division, two products.
inline constexpr double kGateBound = 8e-7;
// Two products and one addition of float cosines.
inline constexpr double kRopeBound = 2.4e-7;
// Angles in double, one rounding to float.
inline constexpr double kAngleBound = 6.1e-8;
// Scores, exponentials and weighted sums in float.
inline constexpr double kAttentionBound = 4e-6;
// A cap adds the error of its tanh to each score, and by that to each weight.
inline constexpr double attention_bound(double soft_cap) { return kAttentionBound + 3e-7 * soft_cap; }

struct AttentionCase {
  int64_t T, H, G, D, window;
  Tag tag = Tag::small;
  float soft_cap = 0;
  bool sinks = false;
};
inline constexpr AttentionCase kAttention[] = {{1, 1, 1, 2, 0},   {5, 2, 1, 16, 0},  {9, 4, 2, 8, 3},    {40, 4, 1, 32, 8},
                                               {1, 2, 1, 16, 0, Tag::small, 2, true}, {40, 4, 2, 16, 0, Tag::small, 5}, {40, 4, 2, 20, 9, Tag::small, 0, true},
                                               {300, 6, 2, 32, 0, Tag::small, 3, true},
                                               {300, 2, 1, 16, 0}, {600, 2, 2, 8, 257}, {64, 14, 2, 64, 0}, {33, 4, 1, 256, 16},
                                               {512, 4, 1, 256, 0, Tag::bench}, {512, 14, 2, 64, 0, Tag::bench}};

// One token that sees `keys` positions of a paged cache: what a layer costs while text is generated.
struct DecodeCase {
  DType cache;
  int64_t keys, H, G, D;
};
inline constexpr DecodeCase kDecode[] = {
    {DType::f16, 512, 4, 1, 256},   {DType::f16, 8192, 4, 1, 256},  {DType::bf16, 8192, 4, 1, 256},  {DType::q8_0, 8192, 4, 1, 256}, {DType::f32, 8192, 4, 1, 256},
    {DType::f16, 512, 14, 2, 64},   {DType::f16, 8192, 14, 2, 64},  {DType::bf16, 8192, 14, 2, 64},  {DType::q8_0, 8192, 14, 2, 64}, {DType::f32, 8192, 14, 2, 64},
    {DType::f16, 8192, 4, 4, 128},  {DType::q8_0, 8192, 4, 4, 128}, {DType::f16, 8192, 16, 8, 128},  {DType::q8_0, 8192, 16, 8, 128}};

}  // namespace prm::cases
