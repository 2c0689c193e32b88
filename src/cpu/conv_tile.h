// What convolutions and pools of blocked values hand to an instruction set: a few neighbouring outputs. A blocked value is
// [N, C/16, spatial, 16] (ops/blocked.h); the order of the sums is that of src/README.md, "Numbers" 8.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace prm {

enum { kConvPixels = 12, kConvBlocks = 4, kConvAxes = 3 };

// What all tiles of a launch have in common. Distances count floats. Axes are depth, height, width.
struct ConvWindow {
  int32_t extent[kConvAxes];  // of x
  int32_t kernel[kConvAxes], dilation[kConvAxes];
  int64_t step[kConvAxes];    // between neighbours of x along an axis
  int64_t plane;              // between blocks of channels of x
  int64_t channel_step;       // between channels of a block: 1, or the distance of planes where x is plain [C, spatial]
};

// Outputs side by side. first[p]: where the kernel's first place lies for an output, from x on; at[axis][p]: the same as a position,
// which may lie outside of x. inside: no place of any output does, and positions are not looked at.
struct ConvTile {
  int32_t pixels;
  bool inside;
  int64_t first[kConvPixels];
  int32_t at[kConvAxes][kConvPixels];
};

// What an activation makes of a sum: NaN stays. hard_swish: then y = fma(y * min(1, max(0, fma(y, 1/6, 1/2))), factor, shift).
struct ActivationRange {
  float low, high;
  bool hard_swish;
  float factor, shift;
};

// y: outputs lie 16 apart, blocks of 16 channels y_block.
struct ConvSums {
  const float* x;
  int32_t lane;         // of the first channel in its block of x
  int32_t channels;     // that are summed
  int32_t blocks;       // of outputs
  const float* w;       // [blocks of 16 channels of x][places of the kernel][channels of the block][16]
  int64_t w_block;      // between blocks of outputs
  int64_t ahead;        // so far behind what is read of w, it is fetched into the second cache
  float* y;
  int64_t y_block;
  bool begin, end;      // sums begin at 0, or go on from y; where they end, y = act(fma(sum, factor, shift) + more):
  const float *factor, *shift;  // 16 a block
  const float* more;    // outputs lie as in y, blocks more_block apart; null: nothing is added
  int64_t more_block;
  ActivationRange act;
};

// Codes of 8 bits: q stands for (q - zero) scale. A float's is min(high, max(low, y * inverse)), to nearest even, + zero; low for NaN.
struct CodeValues {
  float scale;
  int32_t zero;
};
struct CodeRange {
  bool codes;  // else floats stay floats
  float inverse, low, high;
  int32_t zero;
};
// Exact sums of products; y = act(fma(float(sum), factor, shift)), as codes or as floats. Elements lie as in ConvSums.
struct ConvBytes {
  const uint8_t* x;
  const uint8_t* outside;  // 16 bytes: what x is worth there
  int32_t channels, blocks;
  const int8_t* w;         // [blocks of 16 channels of x][places of the kernel][fours of channels][16][4], the last four filled up with 0
  int64_t w_block;
  void* y;
  int64_t y_block;
  const float *factor, *shift;
  ActivationRange act;
  CodeRange to;
};
// The same over rows of codes (ops/rows_u8.h), for one or two neighbouring blocks and one or two tiles of at most 16 outputs.
struct ConvRows {
  const uint8_t* x[2];
  int32_t rows[2];         // outputs; 0: there is no second tile
  int64_t x_step;          // bytes between outputs
  int32_t kernel[kConvAxes];
  int64_t step[kConvAxes]; // bytes between places of the kernel along an axis
  int32_t chunks, blocks;  // of 64 channels of x; of outputs
  int64_t chunk;           // bytes between chunks of x
  const int8_t* w;         // [chunks][places of the kernel][16 fours of channels][16][4]
  int64_t w_block;
  void* y[2];
  int64_t y_block;
  const float *factor, *shift;
  ActivationRange act;
  CodeRange to;
};
// Of an instruction set that multiplies tiles. begin: for tiles of so many outputs, before sums and where these change; end: behind
// the last.
struct RowTable {
  void (*begin)(int32_t rows, int32_t more_rows);
  void (*sums)(const ConvRows&);
  void (*end)();
};
// fma(a - zero, scale, (b - zero) * scale), activated, as a code.
struct SumBytes {
  CodeValues a, b;
  ActivationRange act;
  CodeRange to;
};

// Places outside of x do not take part.
struct PoolSums {
  const float* x;
  float* y;
  const float* count;  // of each output: y = sum / count; null: the largest value (NaN wins)
};

// A patch of 4x4 values of x for 2x2 outputs of a 3x3 kernel (F(2x2, 3x3) of Winograd: Lavin and Gray, 2016). offset: of each value, from
// x on; -1: outside, 0. Blocks of 16 channels lie `plane` apart, and in v and m `block`; their 16 values lie `place` apart.
struct WinogradPatch {
  int64_t offset[16];
  int64_t plane, place, block;
};
// Where the outputs go: rows and columns of the 2x2 that there are.
struct WinogradOutputs {
  int32_t rows, columns;
  int64_t row, y_block;   // floats between rows, and between blocks of y
  float* y;
  const float *factor, *shift, *more;
  ActivationRange act;
};

// Functions of an instruction set. pixels: the most that a tile with so many blocks has, 0: no such tile.
struct ConvTable {
  int32_t pixels[kConvBlocks + 1];
  void (*sums)(const ConvWindow&, const ConvTile&, const ConvSums&);
  int32_t depthwise_pixels;  // of the next two
  void (*depthwise)(const ConvWindow&, const ConvTile&, const ConvSums&);  // each channel on its own, from begin to end; w [places][16]
  void (*pool)(const ConvWindow&, const ConvTile&, const PoolSums&);
  // v = B' d B and y = act(fma(A' m A, factor, shift) + more), of so many blocks; sums from left to right.
  void (*winograd_in)(const WinogradPatch&, const float* x, int64_t blocks, float* v);
  void (*winograd_out)(const WinogradPatch&, const float* m, int64_t blocks, const WinogradOutputs&);
  // y = act(fma(x, factor, shift)), n times 16 values; factor and shift [16].
  void (*affine)(const float* x, const float* factor, const float* shift, float* y, int64_t n, const ActivationRange& act);
  // The same tiles of codes; and n times 16 values or codes.
  void (*sums_u8)(const ConvWindow&, const ConvTile&, const ConvBytes&);
  void (*quantize)(const float* x, uint8_t* y, int64_t n, const CodeRange& to);
  void (*dequantize)(const uint8_t* x, float* y, int64_t n, const CodeValues& of);
  void (*sum_bytes)(const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n, const SumBytes&);
};

}  // namespace prm
