// The discrete Fourier transform of one axis.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kDft;

// x [.., S, .., 1 or 2] of floats: real values, or pairs of real and imaginary part -> [.., length, .., 2], and scratch [4 length, 2] f64.
// The signal along `axis` is cut, or filled with zeros, to `length`. Forward and one-sided (x real): the first length / 2 + 1
// frequencies. Inverse (divided by length) and one-sided: x are those frequencies of a real signal -> [.., length, .., 1].
struct DftAttr {
  int64_t length;
  int32_t axis;  // not the last one
  bool inverse = false, one_sided = false;
  uint8_t reserved[2] = {};
};

}  // namespace prm
