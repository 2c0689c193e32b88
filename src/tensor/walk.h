// Walks through tensors in steps of their own: what broadcasting, transposing and cutting have in common.
#pragma once
#include "tensor/tensor.h"

namespace prm {

// All indices of `dim`, row-major; of each of N operands the element that it stands for.
template <int N>
struct Walk {
  int rank = 0;
  int64_t dim[kMaxRank] = {}, index[kMaxRank] = {};
  int64_t stride[N][kMaxRank] = {};  // elements
  int64_t offset[N] = {};

  explicit Walk(const Tensor& over) : rank(over.rank) {
    for (int i = 0; i < rank; ++i) dim[i] = over.dim[i];
  }
  // To the index that stands at `place` in the order of the walk. No dimension may be 0.
  void seek(int64_t place) {
    for (int n = 0; n < N; ++n) offset[n] = 0;
    for (int i = rank - 1; i >= 0; --i) {
      index[i] = place % dim[i];
      place /= dim[i];
      for (int n = 0; n < N; ++n) offset[n] += index[i] * stride[n][i];
    }
  }
  // To the next index; false behind the last one.
  bool next() {
    for (int i = rank - 1; i >= 0; --i) {
      for (int n = 0; n < N; ++n) offset[n] += stride[n][i];
      if (++index[i] < dim[i]) return true;
      for (int n = 0; n < N; ++n) offset[n] -= stride[n][i] * dim[i];
      index[i] = 0;
    }
    return false;
  }
};

// Of the extents of dimensions begin to end - 1.
inline int64_t product(const Tensor& t, int begin, int end) {
  int64_t all = 1;
  for (int i = begin; i < end; ++i) all *= t.dim[i];
  return all;
}

// What the index that stands at `place` of all in `dim`, row-major, comes to in steps of `stride`.
inline int64_t offset_at(const int64_t* dim, const int64_t* stride, int rank, int64_t place) {
  int64_t offset = 0;
  for (int i = rank - 1; i >= 0; --i) {
    offset += place % dim[i] * stride[i];
    place /= dim[i];
  }
  return offset;
}

// Elements between neighbours in each dimension of a dense tensor.
inline void dense_strides(const Tensor& t, int64_t* stride) {
  int64_t step = 1;
  for (int i = t.rank - 1; i >= 0; --i) {
    stride[i] = step;
    step *= t.dim[i];
  }
}

// The same of t seen in the shape of `over`: dimensions of 1, and those that t lacks in front, stay where they are.
inline void broadcast_strides(const Tensor& t, const Tensor& over, int64_t* stride) {
  int64_t dense[kMaxRank];
  dense_strides(t, dense);
  int lacks = over.rank - t.rank;
  for (int i = 0; i < over.rank; ++i) stride[i] = i < lacks || t.dim[i - lacks] == 1 ? 0 : dense[i - lacks];
}

// A dense tensor around one of its dimensions: `outer` times `n` times `inner` values.
struct AxisView {
  int64_t outer = 1, n, inner = 1;

  AxisView(const Tensor& t, int axis) : n(t.dim[axis]) {
    for (int i = 0; i < axis; ++i) outer *= t.dim[i];
    for (int i = axis + 1; i < t.rank; ++i) inner *= t.dim[i];
  }
};

}  // namespace prm
