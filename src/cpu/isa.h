// What an instruction set offers to the CPU device: a table of functions over raw pointers and integers. Each ISA has one
// table, made in translation units of its own (cpu_scalar.cpp, avx2_*.cpp, avx512.cpp). ISA files include only this header, the plain
// block headers of quant/, base/numeric_constants.h and <immintrin.h>: no STL, no inline function or template shared with
// other units, since the linker might keep the copy compiled for the wider machine.
// All functions give the bytes of the scalar table: the canonical order of src/README.md, "Numbers".
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace prm {

struct ConvTable;  // cpu/conv_tile.h
struct RowTable;

// Weight types with a packed layout of 16 rows (cpu/w16.h).
enum W16Type {
  kW16F32, kW16F16, kW16BF16, kW16Q4_0, kW16Q5_0, kW16Q8_0, kW16Q4_K, kW16Q6_K,
  kW16Q4_1, kW16Q5_1, kW16IQ4_NL, kW16MXFP4, kW16Q2_K, kW16Q3_K, kW16Q5_K, kW16IQ4_XS, kW16Count
};

// Rows of attention's cache: floats, halves, bfloat16, or blocks of 32 int8 with a scale (BlockQ8_0).
enum RowType { kRowF32, kRowF16, kRowBF16, kRowQ8_0, kRowCount };

// One group of 16 weight rows times `tokens` activation rows: y[t * y_stride + r], r < rows <= 16 (r >= rows: not
// written). `group`: the packed group. x: activation rows, x_stride bytes apart: float for dense types, BlockA8 or BlockA8K
// otherwise. K: values per row. y_stride counts floats.
using W16MatmulFn = void (*)(const void* group, const void* x, size_t x_stride, int64_t tokens, int64_t K, float* y,
                             int64_t y_stride, int rows);

struct CpuIsa {
  const char* name;
  W16MatmulFn matmul[kW16Count];  // null: the scalar matmul over plain rows serves the type
  void (*quantize_a8)(const float* x, void* blocks, int64_t n);
  void (*quantize_a8k)(const float* x, void* blocks, int64_t n);
  // y = x * (1 / sqrt(sum(x^2) / n + eps)) * gain; the sum by 16 lanes (fma) and the tree.
  void (*rms_norm)(const float* x, const float* gain, float* y, int64_t n, float eps);
  void (*add)(const float* a, const float* b, float* y, int64_t n);
  void (*scale)(const float* x, float factor, float* y, int64_t n);
  // The n rotated values of one head, by Pairing (ops/ops.h): pairs (i, i + n/2), or (2i, 2i + 1); table [n]: cos of n/2
  // angles, then sin. First of a pair: x0 * c - x1 * s; second: x0 * s + x1 * c (two products, one addition, no fma).
  void (*rope[2])(const float* x, const float* table, float* y, int64_t n);
  void (*glu_silu)(const float* gate, const float* up, float* y, int64_t n);  // g / (1 + exp(-g)) * up
  void (*glu_gelu)(const float* gate, const float* up, float* y, int64_t n);  // g / (1 + exp(-A (g + B g^3))) * up
  // n values to a cache row of a type: rounded to nearest even; Q8_0 as quantize_q8_0 (quant/format.h), n a multiple of 32.
  void (*store_row[kRowCount])(const float* x, void* row, int64_t n);
  // Attention over one split of at most 256 keys, in pieces of rows that lie `stride` bytes apart. A row's values are read as
  // the floats that they are, exactly; D is a multiple of 32 where rows are Q8_0.
  // score[j] = lane_dot(q, row j) * factor
  void (*score_rows[kRowCount])(const float* q, const void* rows, size_t stride, int n, int D, float factor, float* score);
  // score[j] = cap * (tanh(s) + (s - s)), s = score[j] / cap: an infinite score becomes NaN, and is not hidden by the cap.
  void (*soft_cap)(float* score, int n, float cap);
  // score[j] = exp(score[j] - max); returns the sum: lane (first + j) mod 16, then the tree. Returns max through *top.
  float (*softmax_split)(float* score, int n, int first, float* top);
  // sum[d] = fma(weight[j], row j [d], sum[d]), j ascending
  void (*add_rows[kRowCount])(const float* weight, const void* rows, size_t stride, int n, int D, float* sum);
  // sum[d] = sum[d] * keep + part[d] * join (two products, one addition)
  void (*merge_split)(float* sum, const float* part, float keep, float join, int D);
  // The same for several queries over rows that they share, D a multiple of 16. Null: the functions of one query serve.
  // score[i * score_stride + j] = lane_dot(q + i * D, row j) * factor
  void (*score_tile[kRowCount])(const float* q, int queries, const void* rows, size_t stride, int n, int D, float factor,
                                float* score, int score_stride) = {};
  // sum[i * D + d] = fma(weight[i * weight_stride + j], row j [d], sum[i * D + d]), j ascending
  void (*add_tile[kRowCount])(const float* weight, int weight_stride, int queries, const void* rows, size_t stride, int n, int D,
                              float* sum) = {};
  void (*load_row[kRowCount])(const void* row, float* y, int64_t n) = {};  // exact; n as D. Stands beside the two above
  const ConvTable* conv = nullptr;  // convolutions and pools of blocked values
};

extern const CpuIsa kScalarIsa;
extern const CpuIsa kAvx2Isa;    // AVX2, FMA, F16C
extern const CpuIsa kAvx512Isa;  // AVX-512 F, BW, DQ, VL, VNNI
extern const RowTable kAmxRows;  // AMX with integers; what it lacks is kAvx512Isa's
#ifdef PREMISE_EMU512
extern const CpuIsa kEmu512Isa;  // the same kernels in plain C++, in builds with tests
extern const RowTable kEmuRows;
#define PRM_EMU512_ISA(X) X(kEmu512Isa)
#else
#define PRM_EMU512_ISA(X)
#endif

// X(table) for each instruction set of packed weights.
#define PRM_VECTOR_ISAS(X) X(kAvx2Isa) X(kAvx512Isa) PRM_EMU512_ISA(X)

}  // namespace prm
