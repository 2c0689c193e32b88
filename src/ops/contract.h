// Products summed over what two tensors share: matrices in batches, and Einstein's notation.
#pragma once
#include "ops/ops.h"

namespace prm {

// det: x [.., N, N] of floats -> determinants [..], and what it works in [N, N] f64
extern const Op kMatmulNd, kEinsum, kDet;

// a [.., M, K] (trans_a: [.., K, M]), b [.., K, N] (trans_b: [.., N, K]), of two dimensions at least -> [.., M, N], all of one type:
// alpha times their product. The dimensions in front are broadcast. Integers wrap around, and their alpha is 1.
struct MatmulNdAttr {
  int32_t trans_a = 0, trans_b = 0;
  double alpha = 1;
};

// label[i][d]: what dimension d of input i is called, a number. Labels below `kept` are the output's dimensions in their order,
// those from there on (at most 8) are summed over. Twice in one input: its diagonal; an extent of 1 stands for any.
struct EinsumAttr {
  int8_t label[2][kMaxRank];
  int32_t kept, summed;
};

}  // namespace prm
