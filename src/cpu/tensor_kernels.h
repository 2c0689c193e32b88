// Float kernels of tensors, one table an instruction set: functions over raw pointers, as cpu/isa.h has them for language models.
// All tables give the same bytes.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace prm {

// Functions of one value that have kernels.
enum TensorUnary {
  kTensorAbs, kTensorNeg, kTensorRelu, kTensorClip, kTensorExp, kTensorSqrt, kTensorReciprocal, kTensorErf, kTensorTanh, kTensorSigmoid,
  kTensorGelu, kTensorGeluTanh, kTensorSwish, kTensorHardSigmoid, kTensorHardSwish, kTensorLeakyRelu, kTensorUnaryCount
};
// Of two.
enum TensorBinary { kTensorAdd, kTensorSub, kTensorMul, kTensorDiv, kTensorMin, kTensorMax, kTensorBinaryCount };

// Rows of A times panels of B. A: value (i, l) at a[i * row + l * step]. B: panels of 16 columns, `panel` floats apart; row l of one
// begins at l * row. Columns past n are not read.
struct MatrixA {
  const float* at;
  int64_t row, step;
};
struct MatrixB {
  const float* at;
  int64_t row, panel;
};

struct TensorKernels {
  void (*unary[kTensorUnaryCount])(const float* x, float* y, int64_t n, float a, float b);
  // y[i] of a[i * a_step], b[i * b_step]; steps are 0 or 1
  void (*binary[kTensorBinaryCount])(const float* a, int a_step, const float* b, int b_step, float* y, int64_t n);
  // c[i * c_row + j] = alpha * sum, i < m, j < n: fma over l ascending, from 0, or from what stands in c where `more`.
  void (*multiply)(MatrixA a, MatrixB b, int64_t m, int64_t n, int64_t k, float* c, int64_t c_row, bool more, float alpha);
  // y = exp(x - max) / sum, the sum by 16 lanes and the tree; log: (x - max) - ln(sum) is not here.
  void (*softmax)(const float* x, float* y, int64_t n);
  // ((x - mean) * 1 / sqrt(mean of squares + eps)) * gain + bias; sums by lanes. Not centred: mean 0. Null gain, bias: 1, 0.
  void (*normalize)(const float* x, const float* gain, const float* bias, float* y, int64_t n, float eps, bool centred);
  float (*sum)(const float* x, int64_t n);      // by lanes
  float (*greatest)(const float* x, int64_t n);  // n > 0; NaN where one is
};

extern const TensorKernels kTensorScalar, kTensorAvx2, kTensorAvx512;

}  // namespace prm
