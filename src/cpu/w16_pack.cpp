#include "cpu/w16_pack.h"

#include <algorithm>

#include "cpu/w16.h"
#include "cpu/w16_lanes.h"
#include "quant/format.h"

namespace prm {

namespace {

template <class Group, class Value>
void put_values(const void* plain, void* packed, int r, int n) {
  for (int i = 0; i < n; ++i) std::memcpy(&static_cast<Group*>(packed)[i].w[r], static_cast<const Value*>(plain) + i, sizeof(Value));
}
template <class Group, class Value>
void take_value(const void* packed, int r, void* plain) {
  std::memcpy(plain, &static_cast<const Group*>(packed)->w[r], sizeof(Value));
}

constexpr PackedType kDenseTypes[] = {
    {DType::f32, kW16F32, sizeof(W16F32), put_values<W16F32, float>, take_value<W16F32, float>},
    {DType::f16, kW16F16, sizeof(W16Half), put_values<W16Half, uint16_t>, take_value<W16Half, uint16_t>},
    {DType::bf16, kW16BF16, sizeof(W16Half), put_values<W16Half, uint16_t>, take_value<W16Half, uint16_t>},
};

const PackedType* find_type(DType type) {
  for (std::span<const PackedType> list : {std::span<const PackedType>(kDenseTypes), kPackedTypes32, kPackedTypes256})
    for (const PackedType& t : list)
      if (t.type == type) return &t;
  return nullptr;
}

}  // namespace

int w16_type(DType type) {
  const PackedType* found = find_type(type);
  return found ? found->number : -1;
}

size_t w16_group_bytes(DType type, int64_t K) { return find_type(type)->bytes * size_t(K / info(type).block); }
size_t w16_bytes(DType type, int64_t N, int64_t K) { return w16_group_bytes(type, K) * size_t((N + 15) / 16); }

void w16_pack_group(const Tensor& plain, int64_t group, std::byte* out) {
  const PackedType& t = *find_type(plain.dtype);
  size_t block = size_t(info(plain.dtype).bytes);
  int64_t blocks = plain.dim[1] / info(plain.dtype).block, rows = plain.dim[0] - group * 16;
  // A few pages at a time, so that what is written stays near; the rows are 16 streams of reading.
  int64_t step = std::max<int64_t>(1, 8192 / int64_t(t.bytes));
  for (int64_t b = 0; b < blocks; b += step) {
    int n = int(std::min(step, blocks - b));
    std::byte* at = out + size_t(b) * t.bytes;
    if (rows < 16) std::memset(at, 0, t.bytes * size_t(n));
    for (int r = 0; r < 16 && r < rows; ++r) t.put(plain.row<std::byte>(group * 16 + r) + size_t(b) * block, at, r, n);
  }
}

void w16_row_to_float(DType type, const std::byte* packed, int64_t K, int64_t row, float* out) {
  const PackedType& t = *find_type(type);
  const std::byte* group = packed + size_t(row / 16) * w16_group_bytes(type, K);
  alignas(8) std::byte plain[256];
  int block = info(type).block;
  for (int64_t k = 0; k < K; k += block, group += t.bytes) {
    t.take(group, int(row % 16), plain);
    row_to_float(type, plain, out + k, block);
  }
}

}  // namespace prm
