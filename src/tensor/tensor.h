// The run-time view of a tensor: pointer, dtype, extents of this run. Row-major, last index fastest, dense.
// Shape letters of the whole tree: B batch, T tokens, S sequences, R rows wanted, H query heads, G kv heads, D head size,
// C model width, F feed-forward width, V vocabulary, K inner and N outer extent of a matmul (y = x . W^T), P pages.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "tensor/dtype.h"

namespace prm {

inline constexpr int kMaxRank = 8;

struct Tensor {
  std::byte* data = nullptr;
  DType dtype = DType::f32;
  uint8_t rank = 0;
  int64_t dim[kMaxRank] = {};

  Tensor() = default;
  Tensor(DType type, std::initializer_list<int64_t> dims, void* where = nullptr)
      : data(static_cast<std::byte*>(where)), dtype(type) {
    for (int64_t d : dims) dim[rank++] = d;
  }

  int64_t cols() const { return rank ? dim[rank - 1] : 1; }
  int64_t count() const {
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= dim[i];
    return n;
  }
  int64_t rows() const { return cols() ? count() / cols() : 0; }
  size_t row_bytes() const { return size_t(cols() / info(dtype).block) * size_t(info(dtype).bytes); }
  size_t bytes() const { return size_t(rows()) * row_bytes(); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  template <class T>
  T* row(int64_t r) const {
    return reinterpret_cast<T*>(data + size_t(r) * row_bytes());
  }
};

// One value of a dense tensor, through double: what references are written with.
double load_value(const Tensor& tensor, int64_t index);
void store_value(const Tensor& tensor, int64_t index, double value);

}  // namespace prm
