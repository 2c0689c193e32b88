// Values brought to mean 0 and variance 1, or scaled by what is near them.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kNormalize, kLrn;

// x of floats, gain and bias (as far as there are any, in this order) of its type, broadcast to its shape -> of x's shape: over the
// dimensions from `axis` on, (x - mean) / sqrt(variance + eps) * gain + bias; not centred: x / sqrt(mean of squares + eps) * gain +
// bias. Layers, instances and groups of channels are normalized by it, through views. With statistics: also the means (0 where not
// centred) and the factors 1 / sqrt(..), their dimensions from `axis` on of extent 1.
struct NormalizeAttr {
  double eps;
  int32_t axis;
  int32_t centred = 1;
  int32_t gain = 0, bias = 0;  // 1: given
  int32_t statistics = 0;      // 1: wanted,
  DType statistics_type = DType::f32;
  uint8_t reserved[3] = {};
};

// x [N, C, ..] of floats: x / (bias + alpha / size * sum of the squares of `size` neighbours in C) ^ beta ("AlexNet": Krizhevsky et al.,
// 2012). An even size has one neighbour more behind than in front.
struct LrnAttr {
  double alpha, beta, bias;
  int64_t size;
};

}  // namespace prm
