// What seeded_bugs.cu computes, and the bugs that it may have.
#pragma once
#include <utility>

#include "device_code.h"

namespace prm::test {

enum class Bug {
  none,
  missing_wait,
  missing_barrier,
  missing_barrier_of_sums,
  wrong_fragment,
  wrong_mask,
  read_beyond,
  write_beyond,
  stale_slot,
  order_for_ticket,
  divergent_barrier,
  copies_in_flight,
  uninitialized_shared,
  misaligned_copy,
  count,
};

// y [16 blocks] = w [16 blocks, K] . x [K], of 8-bit integers, K a multiple of 64; total: the sum of y. ticket: 0.
struct SeededProblem {
  const int8_t *w, *x;
  int32_t *y, *ticket, *total;
  int K;
};
void launch_seeded(Bug bug, const SeededProblem& p, int blocks);

}  // namespace prm::test
