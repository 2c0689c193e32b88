// Values of a tensor in another order: transposing, cutting out and broadcasting are the same loops in other steps.
#pragma once
#include "tensor/tensor.h"

namespace prm {

// What y takes from x, one step for each of its dimensions; units of it may be copied in any order, about `grain` of them are worth
// a thread's while.
struct StridedCopy {
  int rank = 0;
  int64_t dim[kMaxRank] = {}, stride[kMaxRank] = {};
  int64_t offset = 0;
  int across = -1;  // units are tiles over this dimension, in which x lies as it is read, and the last; -1: they are values of y
  int64_t units = 0, grain = 1;
};

// y, dense, from element `offset` of x on, in steps of `stride` elements. Nothing where x has no values.
StridedCopy strided_copy(const Tensor& x, const Tensor& y, const int64_t* stride, int64_t offset = 0);
void copy_units(const StridedCopy& c, const Tensor& x, const Tensor& y, int64_t begin, int64_t end);

// The parts that [begin, end) has of runs of `run` each: fn(number of the run, where in it, how many).
template <class Fn>
void each_run(int64_t begin, int64_t end, int64_t run, Fn&& fn) {
  if (begin >= end) return;
  int64_t index = begin / run, at = begin % run;
  while (begin < end) {
    int64_t n = run - at < end - begin ? run - at : end - begin;
    fn(index, at, n);
    begin += n;
    at = 0;
    ++index;
  }
}

}  // namespace prm
