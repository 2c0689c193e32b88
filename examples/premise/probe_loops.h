// The loops themselves over a vector type V: V::Bytes with load, mix (a cheap associative join), zero, fold, and
// V::kBytes. Everything is in an unnamed namespace: each including unit keeps its own copy.
#pragma once
#include "probe_isa.h"

namespace {

constexpr size_t kProbePage = 4096, kProbeLine = 64;

// Keeps a value in a register and says that it may have changed: what is computed from it cannot be moved out of a loop.
template <class T> inline void touch(T& value) { __asm__ volatile("" : "+v"(value)); }

template <class V> uint64_t read_streams(const char* const* from, int streams, size_t bytes) {
  typename V::Bytes sum[8];
  for (auto& one : sum) one = V::zero();
  constexpr size_t step = 8 * V::kBytes;
  for (size_t at = 0; at < bytes; at += step)
    for (int s = 0; s < streams; ++s)
      for (size_t i = 0; i < 8; ++i) sum[i] = V::mix(sum[i], V::load(from[s] + at + i * V::kBytes));
  for (int i = 1; i < 8; ++i) sum[0] = V::mix(sum[0], sum[i]);
  return V::fold(sum[0]);
}

template <class V> uint64_t read_sequential(const void* data, size_t size) {
  const char* from[] = {static_cast<const char*>(data)};
  return read_streams<V>(from, 1, size);
}

template <class V> uint64_t read_two(const void* data, size_t size) {
  const char* from[] = {static_cast<const char*>(data), static_cast<const char*>(data) + size / 2};
  return read_streams<V>(from, 2, size / 2);
}

template <class V> uint64_t read_pages(const void* data, size_t size) {
  constexpr size_t kPages = 16, kVectors = kProbeLine / V::kBytes;
  auto* begin = static_cast<const char*>(data);
  typename V::Bytes sum[4];
  for (auto& one : sum) one = V::zero();
  for (size_t at = 0; at < size; at += kPages * kProbePage)
    for (size_t line = 0; line < kProbePage; line += kProbeLine)
      for (size_t page = 0; page < kPages; ++page)
        for (size_t i = 0; i < kVectors; ++i)
          sum[page % 4] = V::mix(sum[page % 4], V::load(begin + at + page * kProbePage + line + i * V::kBytes));
  return V::fold(V::mix(V::mix(sum[0], sum[1]), V::mix(sum[2], sum[3])));
}

// 12 sums: enough for four cycles of latency on three ports.
template <class V, typename V::Bytes (*step)(typename V::Bytes sum, typename V::Bytes a, typename V::Bytes b)>
uint64_t add_products(int64_t rounds) {
  typename V::Bytes sum[12], a = V::small(3), b = V::small(1);
  for (auto& one : sum) one = V::zero();
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (auto& one : sum) {
      touch(a);
      one = step(one, a, b);
    }
  }
  for (int i = 1; i < 12; ++i) sum[0] = V::mix(sum[0], sum[i]);
  return V::fold(sum[0]);
}

template <class V> uint64_t add_float_products(int64_t rounds) {
  typename V::Floats sum[12], a = V::set(0.5f), b = V::set(0.25f);
  for (auto& one : sum) one = V::set(0);
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (auto& one : sum) one = V::fma(one, a, b);  // tends to 0.5: no overflow, no denormals
    touch(a);
  }
  for (int i = 1; i < 12; ++i) sum[0] = V::fma(sum[0], a, sum[i]);
  return V::fold_floats(sum[0]);
}

}  // namespace
