// How far scores of classes are from the classes that were right.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kClassLoss;

// scores [N, C, ..] of floats (logarithms of probabilities), classes [N, ..] of integers, weights [C] of the scores' type where `weighted`
// -> the score of each place's class, negated, times the class's weight [N, ..]; their sum, or that over the sum of the weights [].
// Places of class `ignored`, and of none of the C classes, count as of weight 0.
enum class LossReduction : int32_t { none, sum, mean };
struct ClassLossAttr {
  int64_t ignored;
  int32_t ignores;  // 1: `ignored` is a class
  int32_t weighted;
  LossReduction reduction;
  int32_t reserved = 0;
};

}  // namespace prm
