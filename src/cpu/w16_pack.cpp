#include "cpu/w16_pack.h"

#include <algorithm>
#include <cstring>

#include "base/half.h"
#include "cpu/isa.h"
#include "cpu/w16.h"
#include "quant/blocks.h"
#include "quant/format.h"

namespace prm {

namespace {

// How blocks of one row move between their plain form and lane r (0..15) of packed blocks: put() takes n of them and writes
// all of the lane, eight values at a time; take() is the exact inverse for one, value by value.
struct PackedType {
  DType type;
  W16Type number;
  size_t bytes;  // of a packed block: 16 rows
  void (*put)(const void* plain, void* packed, int r, int n);
  void (*take)(const void* packed, int r, void* plain);
};

template <class Group, class Value>
void put_values(const void* plain, void* packed, int r, int n) {
  for (int i = 0; i < n; ++i) std::memcpy(&static_cast<Group*>(packed)[i].w[r], static_cast<const Value*>(plain) + i, sizeof(Value));
}
template <class Block, class Group, void (*put)(const Block&, Group&, int)>
void put_blocks(const void* plain, void* packed, int r, int n) {
  for (int i = 0; i < n; ++i) put(static_cast<const Block*>(plain)[i], static_cast<Group*>(packed)[i], r);
}
template <class Group, class Value>
void take_value(const void* packed, int r, void* plain) {
  std::memcpy(plain, &static_cast<const Group*>(packed)->w[r], sizeof(Value));
}

void put_q8_0(const BlockQ8_0& from, W16Q8_0& to, int r) {
  to.d[r] = from.d;
  for (int k4 = 0; k4 < 8; ++k4) std::memcpy(&to.q[k4][r * 4], &from.q[k4 * 4], 4);
}
void take_q8_0(const void* packed, int r, void* plain) {
  auto& from = *static_cast<const W16Q8_0*>(packed);
  auto& to = *static_cast<BlockQ8_0*>(plain);
  to.d = from.d[r];
  for (int k4 = 0; k4 < 8; ++k4) std::memcpy(&to.q[k4 * 4], &from.q[k4][r * 4], 4);
}

uint64_t load8(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
void store8(uint8_t* p, uint64_t v) { std::memcpy(p, &v, 8); }
uint32_t load4(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}
void store4(uint8_t* p, uint32_t v) { std::memcpy(p, &v, 4); }
// One byte's worth of bits in each byte of a word.
constexpr uint64_t in_each_byte(int bits) { return uint64_t(bits) * 0x0101010101010101u; }

// Nibble of value k: vector k / 8, byte r * 4 + k % 4, high nibble where k % 8 >= 4. Of u only the low four bits count.
void put_nibbles(const uint8_t* u, int n, uint8_t (*q)[64], int r) {
  for (int v = 0; v < n / 8; ++v) {
    uint64_t eight = load8(u + 8 * v) & in_each_byte(15);
    store4(&q[v][r * 4], uint32_t(eight | eight >> 28));
  }
}
int take_nibble(const uint8_t (*q)[64], int r, int k) { return (q[k / 8][r * 4 + k % 4] >> (k % 8 / 4 * 4)) & 15; }

// n bytes of two nibbles as n values of the low ones, then n of the high ones.
void split_nibbles(const uint8_t* qs, int n, uint8_t* u) {
  for (int i = 0; i < n; i += 8) {
    uint64_t eight = load8(qs + i);
    store8(u + i, eight & in_each_byte(15));
    store8(u + n + i, eight >> 4 & in_each_byte(15));
  }
}

// Q4_0 and Q5_0 hold value i in the low nibble of byte i, value i + 16 in its high nibble.
void put_half_nibbles(const uint8_t* qs, uint8_t (*q)[64], int r) {
  uint8_t u[32];
  split_nibbles(qs, 16, u);
  put_nibbles(u, 32, q, r);
}
void take_half_nibbles(const uint8_t (*q)[64], int r, uint8_t* qs) {
  for (int i = 0; i < 16; ++i) qs[i] = uint8_t(take_nibble(q, r, i) | take_nibble(q, r, i + 16) << 4);
}

void put_q4_0(const BlockQ4_0& from, W16Q4_0& to, int r) {
  to.d[r] = from.d;
  put_half_nibbles(from.qs, to.q, r);
}
void take_q4_0(const void* packed, int r, void* plain) {
  auto& from = *static_cast<const W16Q4_0*>(packed);
  auto& to = *static_cast<BlockQ4_0*>(plain);
  to.d = from.d[r];
  take_half_nibbles(from.q, r, to.qs);
}

void put_q5_0(const BlockQ5_0& from, W16Q5_0& to, int r) {
  to.d[r] = from.d;
  put_half_nibbles(from.qs, to.q, r);
  // Bits k = 4g + j become bit g of byte j: every fourth bit moves together.
  uint32_t qh = load4(from.qh), bytes = 0;
  for (int j = 0; j < 4; ++j) {
    uint32_t bits = qh >> j & 0x11111111u;
    bits = (bits | bits >> 3) & 0x03030303u;
    bits = (bits | bits >> 6) & 0x000f000fu;
    bytes |= ((bits | bits >> 12) & 0xffu) << (8 * j);
  }
  store4(&to.high[r * 4], bytes);
}
void take_q5_0(const void* packed, int r, void* plain) {
  auto& from = *static_cast<const W16Q5_0*>(packed);
  auto& to = *static_cast<BlockQ5_0*>(plain);
  to.d = from.d[r];
  take_half_nibbles(from.q, r, to.qs);
  std::memset(to.qh, 0, 4);
  for (int k = 0; k < 32; ++k) to.qh[k / 8] |= uint8_t(((from.high[r * 4 + k % 4] >> (k / 4)) & 1) << (k % 8));
}

void put_q4_k(const BlockQ4_K& from, W16Q4_K& to, int r) {
  const uint8_t* s = from.scales;
  to.d[r] = from.d;
  to.dmin[r] = from.dmin;
  for (int j = 0; j < 8; ++j) {
    to.scale[j][r] = uint8_t(j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4);
    to.min[j][r] = uint8_t(j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4);
  }
  uint8_t u[256];
  for (int pair = 0; pair < 4; ++pair) split_nibbles(from.qs + 32 * pair, 32, u + 64 * pair);
  put_nibbles(u, 256, to.q, r);
}
void take_q4_k(const void* packed, int r, void* plain) {
  auto& from = *static_cast<const W16Q4_K*>(packed);
  auto& to = *static_cast<BlockQ4_K*>(plain);
  uint8_t* s = to.scales;
  to.d = from.d[r];
  to.dmin = from.dmin[r];
  for (int j = 0; j < 4; ++j) {
    s[j] = uint8_t(from.scale[j][r] | (from.scale[j + 4][r] >> 4) << 6);
    s[j + 4] = uint8_t(from.min[j][r] | (from.min[j + 4][r] >> 4) << 6);
    s[j + 8] = uint8_t((from.scale[j + 4][r] & 15) | from.min[j + 4][r] << 4);
  }
  for (int i = 0; i < 128; ++i) {
    int k = i / 32 * 64 + i % 32;
    to.qs[i] = uint8_t(take_nibble(from.q, r, k) | take_nibble(from.q, r, k + 32) << 4);
  }
}

// Where BlockQ6_K keeps value k.
struct Q6Place {
  int low, low_shift, high, high_shift;
};
Q6Place place_q6(int k) {
  int half = k / 128, group = k / 32 % 4, l = k % 32;
  return {64 * half + 32 * (group & 1) + l, group < 2 ? 0 : 4, 32 * half + l, 2 * group};
}

void put_q6_k(const BlockQ6_K& from, W16Q6_K& to, int r) {
  to.d[r] = from.d;
  for (int j = 0; j < 16; ++j) to.scale[j][r] = from.scales[j];
  uint8_t low[256], high[256];  // the two bits of a value in bits 0 and 1
  for (int k = 0; k < 256; k += 8) {
    Q6Place p = place_q6(k);
    store8(low + k, load8(from.ql + p.low) >> p.low_shift);
    store8(high + k, load8(from.qh + p.high) >> p.high_shift & in_each_byte(3));
  }
  put_nibbles(low, 256, to.q, r);
  for (int v = 0; v < 16; ++v) {
    const uint8_t* h = high + 16 * v;
    store4(&to.high[v][r * 4], load4(h) | load4(h + 4) << 2 | load4(h + 8) << 4 | load4(h + 12) << 6);
  }
}
void take_q6_k(const void* packed, int r, void* plain) {
  auto& from = *static_cast<const W16Q6_K*>(packed);
  auto& to = *static_cast<BlockQ6_K*>(plain);
  to.d = from.d[r];
  std::memset(to.ql, 0, sizeof to.ql);
  std::memset(to.qh, 0, sizeof to.qh);
  for (int j = 0; j < 16; ++j) to.scales[j] = from.scale[j][r];
  for (int k = 0; k < 256; ++k) {
    Q6Place p = place_q6(k);
    to.ql[p.low] |= uint8_t(take_nibble(from.q, r, k) << p.low_shift);
    to.qh[p.high] |= uint8_t(((from.high[k / 16][r * 4 + k % 4] >> (k % 16 / 4 * 2)) & 3) << p.high_shift);
  }
}

constexpr PackedType kTypes[] = {
    {DType::f32, kW16F32, sizeof(W16F32), put_values<W16F32, float>, take_value<W16F32, float>},
    {DType::f16, kW16F16, sizeof(W16Half), put_values<W16Half, uint16_t>, take_value<W16Half, uint16_t>},
    {DType::bf16, kW16BF16, sizeof(W16Half), put_values<W16Half, uint16_t>, take_value<W16Half, uint16_t>},
    {DType::q4_0, kW16Q4_0, sizeof(W16Q4_0), put_blocks<BlockQ4_0, W16Q4_0, put_q4_0>, take_q4_0},
    {DType::q5_0, kW16Q5_0, sizeof(W16Q5_0), put_blocks<BlockQ5_0, W16Q5_0, put_q5_0>, take_q5_0},
    {DType::q8_0, kW16Q8_0, sizeof(W16Q8_0), put_blocks<BlockQ8_0, W16Q8_0, put_q8_0>, take_q8_0},
    {DType::q4_k, kW16Q4_K, sizeof(W16Q4_K), put_blocks<BlockQ4_K, W16Q4_K, put_q4_k>, take_q4_k},
    {DType::q6_k, kW16Q6_K, sizeof(W16Q6_K), put_blocks<BlockQ6_K, W16Q6_K, put_q6_k>, take_q6_k},
};

const PackedType* find_type(DType type) {
  for (const PackedType& t : kTypes)
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
  std::byte plain[256];
  int block = info(type).block;
  for (int64_t k = 0; k < K; k += block, group += t.bytes) {
    t.take(group, int(row % 16), plain);
    row_to_float(type, plain, out + k, block);
  }
}

}  // namespace prm
