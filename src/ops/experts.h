// What kernels of mixtures of experts share with the references. The ops themselves: ops.h.
#pragma once
#include "ops/ops.h"

namespace prm {

// A router's weights are divided by no less than this when they are made to sum up to one: the least normal half.
inline constexpr float kLeastRouteSum = 6.103515625e-5f;

inline constexpr int64_t kMostExperts = 1024;

// The k largest of E logits, the largest first, the lowest index first among equals; distinct whatever the logits hold.
template <class Logit>
void choose_experts(int64_t E, int64_t k, Logit logit, int32_t* chosen) {
  bool taken[kMostExperts] = {};
  for (int64_t j = 0; j < k; ++j) {
    int64_t best = -1;
    for (int64_t e = 0; e < E; ++e)
      if (!taken[e] && (best < 0 || logit(e) > logit(best))) best = e;
    taken[best] = true;
    chosen[j] = int32_t(best);
  }
}

// What token t asks of its j-th expert: x [1, K] . w [N, K]^T -> y [1, N]. w: of plain rows.
struct ExpertSlot {
  int64_t expert;
  Tensor x, w, y;

  ExpertSlot(const OpArgs& a, int64_t t, int64_t j);
};

}  // namespace prm
