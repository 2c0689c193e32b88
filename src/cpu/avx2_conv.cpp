// AVX2 convolutions of blocked values: 6 outputs of one block are 12 sums, beside two vectors of weights and a value of x.
#include "cpu/vec256.h"

#include "cpu/kernels_conv.h"
#include "cpu/avx2_table.h"

namespace {

constexpr SumsFn kTiles[] = {PRM_TILES_6(conv_tile, , 1)};

void conv_sums(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvSums& s) { kTiles[t.pixels - 1](win, t, s); }

constexpr BytesFn kBytes[] = {PRM_TILES_6(conv_u8_tile, , 1)};

void conv_bytes(const prm::ConvWindow& win, const prm::ConvTile& t, const prm::ConvBytes& s) { kBytes[t.pixels - 1](win, t, s); }

}  // namespace

namespace prm::avx2 {

const ConvTable kConv{.pixels = {0, 6, 0, 0, 0}, .sums = conv_sums, .depthwise_pixels = 6, .depthwise = depthwise, .pool = pool, .winograd_in = winograd_in, .winograd_out = winograd_out, .affine = affine_values, .sums_u8 = conv_bytes, .quantize = quantize_values, .dequantize = dequantize_codes, .sum_bytes = sum_codes};

}  // namespace prm::avx2
