#include "dense_pack.h"

#include <algorithm>
#include <cstring>

#include "ops/ops.h"

namespace prm {

namespace {

size_t group_bytes(const Tensor& plain) { return size_t(dense_group_bytes(dense_type(plain.dtype), plain.dim[1], k_parts(plain.dim[1]))); }
int64_t groups_of(const Tensor& plain) { return (plain.dim[0] + kDenseRows - 1) / kDenseRows; }
size_t packed_bytes(const Tensor& plain) { return size_t(groups_of(plain)) * group_bytes(plain); }

void pack_group(const Tensor& plain, int64_t first_row, std::byte* out) {
  int64_t K = plain.dim[1], parts = k_parts(K), each = value_bytes(dense_type(plain.dtype)), part_bytes = dense_part_bytes(dense_type(plain.dtype), K, parts);
  std::memset(out, 0, group_bytes(plain));
  for (int64_t row = 0; row < std::min<int64_t>(kDenseRows, plain.dim[0] - first_row); ++row)
    for (int64_t part = 0; part < parts; ++part) {
      int64_t begin = part * K / parts * each, end = (part + 1) * K / parts * each;  // bytes of the row
      for (int64_t at = begin; at < end; at += 16)
        std::memcpy(out + part * part_bytes * kDenseRows + (at - begin) * kDenseRows + row * 16, plain.row<std::byte>(first_row + row) + at, size_t(std::min<int64_t>(16, end - at)));
    }
}

void pack_rows(const Tensor& plain, std::byte* out, const Work& work) {
  work.rows(groups_of(plain), 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) pack_group(plain, g * kDenseRows, out + size_t(g) * group_bytes(plain));
  });
}

}  // namespace

bool is_dense_weight(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }
DenseType dense_type(DType type) { return type == DType::f32 ? DenseType::f32 : type == DType::f16 ? DenseType::f16 : DenseType::bf16; }

const Layout kDenseTiles{"dense_tiles", packed_bytes, kDenseRows, pack_rows};

}  // namespace prm
