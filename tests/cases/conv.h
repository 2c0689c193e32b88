// Cases of the ops on blocked values, for tests and benches.
#pragma once
#include <cmath>

#include "cases/tag.h"

namespace prm::cases {

struct ConvCase {
  int C, O;
  int D, H, W;  // 0: no such dimension
  int k;        // extent of the kernel in each
  int stride = 1, pad = 0, dilation = 1, group = 1;
  bool more = false, plain = false, relu = false;
  int N = 1;
  Tag tag = Tag::small;
};

// K products of values in [-1, 1): each fused add rounds by 2^-24 of a partial sum, which is below sqrt(K) but for one in thousands;
// factor and shift, what is added and the last rounding are three more.
inline double conv_bound(double K) { return 6.0e-8 * (K + 3) * (1 + std::sqrt(K)); }

// F(2x2, 3x3): C products of sums of four values and of nine thirds of weights, then nine such sums.
inline double winograd_bound(double C) { return 6.0e-8 * (C + 8) * 9 * (2 + 2 * std::sqrt(C)); }
// Whether it takes a case.
inline bool takes_winograd(const ConvCase& c) { return c.k == 3 && c.stride == 1 && c.dilation == 1 && c.group == 1 && !c.plain && c.D == 0 && c.H > 0; }

inline constexpr ConvCase kConv[] = {
    // one value, one place, tails of channels, outputs and places
    {1, 1, 0, 1, 1, 1}, {16, 16, 0, 1, 1, 1}, {17, 33, 0, 1, 1, 1}, {5, 3, 0, 2, 3, 1}, {16, 64, 0, 7, 7, 1, 1, 0, 1, 1, true, false, true},
    {33, 48, 0, 5, 7, 1}, {40, 80, 0, 9, 4, 1, 1, 0, 1, 1, true}, {64, 128, 0, 14, 14, 1}, {200, 16, 0, 3, 5, 1}, {48, 112, 0, 6, 6, 1, 2},
    {7, 9, 0, 6, 5, 1, 3, 0, 1, 1, false, false, true, 2},
    // 3x3, 5x5, 7x7
    {16, 16, 0, 3, 3, 3, 1, 1}, {20, 40, 0, 7, 9, 3, 1, 1}, {32, 64, 0, 8, 8, 3, 2, 1, 1, 1, true, false, true}, {16, 32, 0, 11, 13, 3, 1, 1, 2},
    {19, 21, 0, 6, 6, 3, 1, 0}, {64, 64, 0, 14, 14, 3, 1, 1, 1, 1, true, false, true}, {16, 16, 0, 1, 1, 3, 1, 1}, {16, 48, 0, 4, 6, 5, 1, 2},
    {24, 16, 0, 9, 9, 5, 2, 2, 1, 1, false, false, true, 3}, {8, 8, 0, 8, 8, 7, 2, 3}, {16, 16, 0, 10, 10, 3, 3, 2, 3},
    // plain x: the first layer
    {3, 64, 0, 15, 17, 7, 2, 3, 1, 1, false, true, true}, {3, 24, 0, 9, 9, 3, 2, 1, 1, 1, false, true}, {1, 16, 0, 6, 6, 3, 1, 1, 1, 1, true, true},
    {4, 40, 0, 5, 5, 1, 1, 0, 1, 1, false, true, false, 2}, {15, 16, 0, 7, 3, 3, 1, 2, 2, 1, false, true},
    // groups: of whole blocks, of parts of blocks, depthwise
    {32, 32, 0, 5, 5, 3, 1, 1, 1, 2}, {40, 64, 0, 4, 4, 1, 1, 0, 1, 2, true}, {24, 112, 0, 6, 5, 1, 1, 0, 1, 4, false, false, true}, {136, 136, 0, 4, 4, 1, 1, 0, 1, 4, true},
    {12, 20, 0, 5, 5, 3, 2, 1, 1, 4}, {8, 16, 0, 3, 3, 3, 1, 1, 1, 8}, {16, 16, 0, 9, 9, 3, 1, 1, 1, 16, false, false, true}, {40, 40, 0, 7, 8, 3, 2, 1, 1, 40, true},
    {3, 3, 0, 6, 6, 5, 1, 2, 1, 3}, {96, 96, 0, 3, 30, 3, 1, 1, 2, 96}, {20, 20, 0, 1, 1, 3, 1, 1, 1, 20, false, false, false, 2},
    // one and three spatial dimensions
    {16, 24, 0, 0, 19, 3, 1, 1}, {20, 16, 0, 0, 8, 5, 2, 2, 1, 1, true}, {24, 24, 0, 0, 9, 3, 1, 1, 1, 24}, {3, 16, 0, 0, 21, 7, 2, 3, 1, 1, false, true},
    {16, 16, 4, 5, 6, 3, 1, 1}, {18, 20, 5, 4, 3, 3, 2, 1, 1, 1, true}, {3, 16, 4, 5, 6, 3, 1, 1, 1, 1, false, true}, {17, 17, 3, 4, 5, 3, 1, 1, 1, 17},
    // layers of ResNet-50, VGG-19, DenseNet-121 and MobileNets
    {3, 64, 0, 224, 224, 7, 2, 3, 1, 1, false, true, true, 1, Tag::bench}, {64, 64, 0, 56, 56, 1, 1, 0, 1, 1, false, false, true, 1, Tag::bench},
    {64, 64, 0, 56, 56, 3, 1, 1, 1, 1, false, false, true, 1, Tag::bench}, {64, 256, 0, 56, 56, 1, 1, 0, 1, 1, true, false, true, 1, Tag::bench},
    {256, 512, 0, 56, 56, 1, 2, 0, 1, 1, false, false, false, 1, Tag::bench}, {128, 128, 0, 28, 28, 3, 1, 1, 1, 1, false, false, true, 1, Tag::bench},
    {512, 128, 0, 28, 28, 1, 1, 0, 1, 1, false, false, true, 1, Tag::bench}, {256, 256, 0, 28, 28, 3, 2, 1, 1, 1, false, false, true, 1, Tag::bench},
    {256, 256, 0, 14, 14, 3, 1, 1, 1, 1, false, false, true, 1, Tag::bench}, {1024, 256, 0, 14, 14, 1, 1, 0, 1, 1, false, false, true, 1, Tag::bench},
    {512, 512, 0, 7, 7, 3, 1, 1, 1, 1, false, false, true, 1, Tag::bench}, {2048, 512, 0, 7, 7, 1, 1, 0, 1, 1, false, false, true, 1, Tag::bench},
    {64, 64, 0, 224, 224, 3, 1, 1, 1, 1, false, false, true, 1, Tag::bench}, {512, 512, 0, 28, 28, 3, 1, 1, 1, 1, false, false, true, 1, Tag::bench},
    {128, 32, 0, 28, 28, 3, 1, 1, 1, 1, false, false, false, 1, Tag::bench}, {136, 136, 0, 28, 28, 1, 1, 0, 1, 4, false, false, true, 1, Tag::bench},
    {96, 96, 0, 112, 112, 3, 1, 1, 1, 96, false, false, true, 1, Tag::bench}, {384, 384, 0, 14, 14, 3, 1, 1, 1, 384, false, false, true, 1, Tag::bench},
};

struct PoolCase {
  int C, D, H, W, k, stride, pad;
  bool average, count_padding = false, global = false, ceil = false;
};
inline constexpr PoolCase kPools[] = {{16, 0, 4, 4, 2, 2, 0, false}, {20, 0, 7, 9, 3, 2, 1, false}, {3, 0, 5, 5, 3, 1, 1, true},
                                      {40, 0, 9, 6, 3, 2, 1, true, true}, {33, 0, 7, 7, 1, 1, 0, true, false, true}, {16, 0, 5, 6, 1, 1, 0, false, false, true},
                                      {16, 0, 0, 11, 3, 2, 1, true}, {17, 3, 4, 5, 2, 1, 0, false}, {16, 0, 1, 1, 1, 1, 0, true},
                                      {16, 0, 6, 8, 3, 2, 0, false, false, false, true}, {16, 0, 6, 8, 3, 2, 1, true, true, false, true}};

}  // namespace prm::cases
