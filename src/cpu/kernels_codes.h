// What convolutions make of their sums, in vectors as kernels_conv.h has them.
#pragma once
#include "cpu/conv_tile.h"

namespace {

PRM_OP Floats between(Floats v, float low, float high) { return min_of(splat(high), max_of(splat(low), v)); }  // NaN stays
PRM_OP Floats activated(Floats v, const prm::ActivationRange& act) {
  Floats y = between(v, act.low, act.high);
  if (!act.hard_swish) return y;
  return fma(mul(y, between(fma(y, splat(1.0f / 6), splat(0.5f)), 0, 1)), splat(act.factor), splat(act.shift));
}

PRM_OP Ints codes_of(Floats y, const prm::CodeRange& to) {
  Floats v = min_of(max_of(mul(y, splat(to.inverse)), splat(to.low)), splat(to.high));
  return add(to_ints(v), splat_int(to.zero));
}

}  // namespace
