// Convolutions of blocked values with 512-bit vectors: tiles whose sums, weights and one value of x fill the 32 registers.
#pragma once
#include "cpu/vec512.h"

namespace {
constexpr int kLanes = 16;
}
#include "cpu/kernels_conv.h"

namespace {

constexpr SumsFn kTiles1[] = {PRM_TILES_12(conv_tile, , 1)};
constexpr SumsFn kTiles2[] = {PRM_TILES_12(conv_tile, , 2)};
constexpr SumsFn kTiles3[] = {PRM_TILES_8(conv_tile, , 3)};
constexpr SumsFn kTiles4[] = {PRM_TILES_6(conv_tile, , 4)};

void conv_sums(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvSums& s) {
  constexpr const SumsFn* kTiles[] = {kTiles1, kTiles2, kTiles3, kTiles4};
  kTiles[s.blocks - 1][t.pixels - 1](win, t, s);
}

constexpr BytesFn kBytes1[] = {PRM_TILES_12(conv_u8_tile, , 1)};
constexpr BytesFn kBytes2[] = {PRM_TILES_12(conv_u8_tile, , 2)};
constexpr BytesFn kBytes3[] = {PRM_TILES_8(conv_u8_tile, , 3)};
constexpr BytesFn kBytes4[] = {PRM_TILES_6(conv_u8_tile, , 4)};

void conv_bytes(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvBytes& s) {
  constexpr const BytesFn* kTiles[] = {kBytes1, kBytes2, kBytes3, kBytes4};
  kTiles[s.blocks - 1][t.pixels - 1](win, t, s);
}

constexpr prm::ConvTable kConv512{.pixels = {0, 12, 12, 8, 6}, .sums = conv_sums, .depthwise_pixels = 6, .depthwise = depthwise, .pool = pool, .winograd_in = winograd_in, .winograd_out = winograd_out, .affine = affine_values, .sums_u8 = conv_bytes, .quantize = quantize_values, .dequantize = dequantize_codes, .sum_bytes = sum_codes};

}  // namespace
