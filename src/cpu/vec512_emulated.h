// cpu/vec512.h in plain C++ over the compiler's vector types, for any machine: one loop over lanes where the type has no
// operator. What each operation means stands in vec512_native.h.
#pragma once
#include "base/numeric.h"

namespace {

typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef int16_t Shorts __attribute__((vector_size(64)));
typedef int8_t Bytes __attribute__((vector_size(64)));
typedef uint8_t Octets __attribute__((vector_size(64)));

PRM_OP float bits_to_float(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}
PRM_OP uint32_t float_to_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

PRM_OP float widen_half(uint16_t h) {
  uint32_t sign = uint32_t(h & 0x8000) << 16, rest = uint32_t(h & 0x7fff) << 13;
  if (rest >= 0x0f800000u) return bits_to_float(sign | 0x70000000u | rest | (rest > 0x0f800000u ? 0x400000u : 0u));  // infinity, quiet NaN
  return bits_to_float(sign | float_to_bits(bits_to_float(rest) * 0x1p112f));  // exact, subnormals too
}
PRM_OP uint16_t narrow_half(float f) {
  uint32_t bits = float_to_bits(f), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return uint16_t(sign | 0x7e00 | (size >> 13 & 0x3ff));
  if (size >= 0x477ff000u) return uint16_t(sign | 0x7c00);
  if (size < 0x38800000u) return uint16_t(sign | (float_to_bits(bits_to_float(size) + 0.5f) - 0x3f000000u));  // one addition rounds to 2^-24
  return uint16_t(sign | ((size + 0xfff + (size >> 13 & 1) - 0x38000000u) >> 13));
}

PRM_OP Floats load(const float* p) {
  Floats v;
  memcpy(&v, p, 64);
  return v;
}
PRM_OP Floats load_part(const float* p, int n) {
  Floats v = {};
  for (int i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
PRM_OP void store(float* p, Floats v) { memcpy(p, &v, 64); }
PRM_OP void store_part(float* p, Floats v, int n) {
  for (int i = 0; i < n; ++i) p[i] = v[i];
}
PRM_OP Floats load_half_part(const uint16_t* p, int n) {
  Floats v = {};
  for (int i = 0; i < n; ++i) v[i] = widen_half(p[i]);
  return v;
}
PRM_OP Floats load_half(const uint16_t* p) { return load_half_part(p, 16); }
PRM_OP Floats load_bf16_part(const uint16_t* p, int n) {
  Floats v = {};
  for (int i = 0; i < n; ++i) v[i] = bits_to_float(uint32_t(p[i]) << 16);
  return v;
}
PRM_OP Floats load_bf16(const uint16_t* p) { return load_bf16_part(p, 16); }
PRM_OP Floats splat_half(const uint16_t* p) {
  Floats v;
  for (int i = 0; i < 16; ++i) v[i] = widen_half(*p);
  return v;
}
PRM_OP void store_half_part(uint16_t* p, Floats v, int n) {
  for (int i = 0; i < n; ++i) p[i] = narrow_half(v[i]);
}

PRM_OP Floats splat(float f) {
  Floats v;
  for (int i = 0; i < 16; ++i) v[i] = f;
  return v;
}
PRM_OP Ints splat_int(int32_t n) {
  Ints v;
  for (int i = 0; i < 16; ++i) v[i] = n;
  return v;
}
PRM_OP Floats add(Floats a, Floats b) { return a + b; }
PRM_OP Floats sub(Floats a, Floats b) { return a - b; }
PRM_OP Floats mul(Floats a, Floats b) { return a * b; }
PRM_OP Floats div(Floats a, Floats b) { return a / b; }
PRM_OP Floats fma(Floats a, Floats b, Floats c) {
  Floats v;
  for (int i = 0; i < 16; ++i) v[i] = prm::fused(a[i], b[i], c[i]);
  return v;
}
PRM_OP Floats max_of(Floats a, Floats b) {
  Floats v;
  for (int i = 0; i < 16; ++i) v[i] = a[i] > b[i] ? a[i] : b[i];
  return v;
}
PRM_OP Floats larger_of(Floats a, Floats b) {
  for (int i = 0; i < 16; ++i) b[i] = a[i] > b[i] || a[i] != a[i] ? a[i] : b[i];
  return b;
}
PRM_OP Floats min_of(Floats a, Floats b) {
  Floats v;
  for (int i = 0; i < 16; ++i) v[i] = a[i] < b[i] ? a[i] : b[i];
  return v;
}
PRM_OP Floats zero_where_less(Floats x, float limit, Floats v) {
  for (int i = 0; i < 16; ++i) v[i] = x[i] < limit ? 0.0f : v[i];
  return v;
}
PRM_OP bool all_at_most(Floats v, float limit) {
  bool all = true;
  for (int i = 0; i < 16; ++i) all &= v[i] <= limit;
  return all;
}

PRM_OP Ints as_ints(Floats v) { return (Ints)v; }
PRM_OP Floats as_floats(Ints v) { return (Floats)v; }
PRM_OP Ints to_ints(Floats v) {
  Ints n;
  for (int i = 0; i < 16; ++i) {
    double rounded = prm::nearest(double(v[i]));
    n[i] = rounded >= -0x1p31 && rounded < 0x1p31 ? int32_t(rounded) : INT32_MIN;
  }
  return n;
}
PRM_OP Floats to_floats(Ints v) {
  Floats f;
  for (int i = 0; i < 16; ++i) f[i] = float(v[i]);
  return f;
}

PRM_OP float merge_lanes(Floats v) {
  for (int width = 8; width; width /= 2)
    for (int i = 0; i < width; ++i) v[i] = v[i] + v[i + width];
  return v[0];
}
PRM_OP float max_lane(Floats v) {
  float top = v[0];
  for (int i = 1; i < 16; ++i) top = v[i] > top ? v[i] : top;
  return top;
}
PRM_OP Floats merge_16(const Floats v[16]) {
  Floats sums;
  for (int i = 0; i < 16; ++i) sums[i] = merge_lanes(v[i]);
  return sums;
}

PRM_OP Floats each_twice(Floats v) {
  Floats w;
  for (int i = 0; i < 16; ++i) w[i] = v[i / 2];
  return w;
}
PRM_OP Floats swap_neighbours(Floats v) {
  Floats w;
  for (int i = 0; i < 16; ++i) w[i] = v[i ^ 1];
  return w;
}
PRM_OP Floats negate_even(Floats v) {
  for (int i = 0; i < 16; i += 2) v[i] = -v[i];
  return v;
}

PRM_OP Ints load_ints(const void* p) {
  Ints v;
  memcpy(&v, p, 64);
  return v;
}
PRM_OP void store_ints(void* p, Ints v) { memcpy(p, &v, 64); }
PRM_OP Ints splat_byte(int byte) { return splat_int(int32_t(uint32_t(byte & 255) * 0x01010101u)); }
PRM_OP Ints widen(const uint8_t* p) {
  Ints v;
  for (int i = 0; i < 16; ++i) v[i] = p[i];
  return v;
}
PRM_OP Ints widen(const int8_t* p) {
  Ints v;
  for (int i = 0; i < 16; ++i) v[i] = p[i];
  return v;
}
PRM_OP void store_bytes(int8_t* p, Ints v) {
  for (int i = 0; i < 16; ++i) p[i] = int8_t(v[i] > 127 ? 127 : v[i] < -128 ? -128 : v[i]);
}
PRM_OP void store_codes(uint8_t* p, Ints v) {
  for (int i = 0; i < 16; ++i) p[i] = uint8_t(v[i]);
}
PRM_OP void store_words_part(uint16_t* p, Ints v, int n) {
  for (int i = 0; i < n; ++i) p[i] = uint16_t(v[i]);
}
PRM_OP Ints add(Ints a, Ints b) { return (Ints)((Words)a + (Words)b); }
PRM_OP Ints sub(Ints a, Ints b) { return (Ints)((Words)a - (Words)b); }
PRM_OP Ints multiply(Ints a, Ints b) { return (Ints)((Words)a * (Words)b); }
PRM_OP Ints both(Ints a, Ints b) { return a & b; }
PRM_OP Ints either(Ints a, Ints b) { return a | b; }
PRM_OP Ints exclusive(Ints a, Ints b) { return a ^ b; }
PRM_OP Ints choose(Ints mask, Ints a, Ints b) { return (mask & a) | (~mask & b); }
PRM_OP Ints shift_left(Ints v, int n) { return (Ints)((Words)v << uint32_t(n)); }
PRM_OP Ints shift_right(Ints v, int n) { return (Ints)((Words)v >> uint32_t(n)); }

PRM_OP Ints dot4_by(Ints sum, Ints u, Ints x) {
  Octets left = (Octets)u;
  Bytes right = (Bytes)x;
  for (int i = 0; i < 16; ++i) {
    int32_t four = 0;
    for (int j = 4 * i; j < 4 * i + 4; ++j) four += left[j] * right[j];
    sum[i] += four;
  }
  return sum;
}
PRM_OP void add_dot4(Ints& sum, Ints u, Ints x) { sum = dot4_by(sum, u, x); }
PRM_OP Ints dot4(Ints sum, Ints u, const int8_t* x) {
  int32_t four;
  memcpy(&four, x, 4);
  return dot4_by(sum, u, splat_int(four));
}
PRM_OP Ints dot2_by(Ints sum, Ints a, Ints b) {
  Shorts left = (Shorts)a, right = (Shorts)b;
  for (int i = 0; i < 16; ++i) sum[i] += left[2 * i] * right[2 * i] + left[2 * i + 1] * right[2 * i + 1];
  return sum;
}
PRM_OP Ints dot2(Ints sum, Ints a, const void* pair) {
  int32_t two;
  memcpy(&two, pair, 4);
  return dot2_by(sum, a, splat_int(two));
}
PRM_OP Ints low_and_rest(Ints v) {
  Words w = (Words)v;
  return (Ints)((w & 0xffu) | (w << 8 & 0xffff0000u));
}
PRM_OP Ints sum_quarters(Ints v) {
  Ints sums;
  for (int i = 0; i < 16; ++i) sums[i] = v[i & 12] + v[(i & 12) + 1] + v[(i & 12) + 2] + v[(i & 12) + 3];
  return sums;
}
PRM_OP Ints lookup(const uint8_t* table, Ints v) {
  Octets names = (Octets)v, found = {};
  for (int i = 0; i < 64; ++i) found[i] = table[names[i]];
  return (Ints)found;
}

PRM_OP void prefetch(const void*) {}
PRM_OP Floats root(Floats v) {
  for (int i = 0; i < 16; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
}
PRM_OP void prefetch_far(const void*) {}
PRM_OP float root(float v) { return __builtin_sqrtf(v); }

}  // namespace
