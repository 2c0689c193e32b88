// Matmul of the 512 kernels over packed groups of 16 rows (cpu/w16.h): lane r of a vector is row r, so a vector of weights
// meets four activations of a token in one dot4. Integer sums are exact in any order; floats follow the canonical order of
// src/README.md, "Numbers" 1. Versions:
//  1. One token: weights are unpacked in registers, once. Several: a part's weights are unpacked to bytes once (Panel, which
//     stays in the first-level cache), then tiles of 12 tokens go over it. Offsets of the formats are taken off through the
//     block sums of the activations, so weights are always u8; sub-scales of k-quants meet the integer sums as pairs of int16.
//  2. Where values times sub-scales fit a byte (Q2_K, Q3_K), a panel holds the products, and no sub-scales are left to meet.
#pragma once
#include "cpu/kernels512_types.h"

namespace {

// Asks for the lines of one of `parts` parts of the block that lies kAhead bytes behind this one; the next groups follow this
// one, so it is wanted soon. Without it memory time and compute time add up: the instructions of unpacking fill the window
// in which the core looks ahead by itself.
constexpr size_t kAhead = 4096;
template <int parts, class Group>
PRM_OP void prefetch_ahead(const Group& w, int part) {
  constexpr size_t lines = (sizeof(Group) + 64 * parts - 1) / (64 * parts);
  const char* at = reinterpret_cast<const char*>(&w) + kAhead + size_t(part) * lines * 64;
  PRM_UNROLL for (size_t i = 0; i < lines; ++i) prefetch(at + 64 * i);
}

// Where a tile takes its weights from: block by block out of the group ...
template <class Type>
struct Packed {
  static constexpr bool kFolded = false;
  const typename Type::Group* group;
  template <int parts>
  PRM_METHOD void ahead(int b, int part) const { prefetch_ahead<parts>(group[b], part); }
  PRM_METHOD Ints values(int b, int k4) const { return Type::values(group[b], k4); }
  PRM_METHOD Ints scale_pair(int b, int j) const { return Type::scale_pair(group[b], j); }
  PRM_METHOD Ints sums_factor(int b, int j) const { return Type::sums_factor(group[b], j); }
};

// ... or out of a panel, unpacked before; the group still holds the float scales.
template <class Type>
struct Unpacked {
  static constexpr bool kFolded = Type::kFolded;
  const typename Type::Group* group;
  const typename Type::Panel* panel;
  template <int parts>
  PRM_METHOD void ahead(int, int) const {}
  PRM_METHOD Ints values(int b, int k4) const { return load_ints(panel[b].u[k4]); }
  PRM_METHOD Ints scale_pair(int b, int j) const { return load_ints(panel[b].scale[j]); }
  PRM_METHOD Ints sums_factor(int b, int j) const { return load_ints(panel[b].factor[j]); }
};

template <class Type>
PRM_OP void unpack(const typename Type::Group& w, Panel32& panel) {
  prefetch_ahead<1>(w, 0);
  PRM_UNROLL for (int k4 = 0; k4 < 8; ++k4) store_ints(panel.u[k4], Type::values(w, k4));
}
template <class Type>
PRM_OP void unpack(const typename Type::Group& w, Panel256& panel) {
  for (int v = 0; v < 64; v += 8) {
    prefetch_ahead<8>(w, v / 8);
    PRM_UNROLL for (int i = 0; i < 8; ++i) {
      if constexpr (Type::kFolded) store_ints(panel.u[v + i], Type::folded(w, v + i));
      else store_ints(panel.u[v + i], Type::values(w, v + i));
    }
  }
  if constexpr (Type::kFolded) {
    for (int j = 0; j < 8; ++j) store_ints(panel.factor[j], Type::folded_sums_factor(w, j));
  } else {
    for (int j = 0; j < Type::kSub; ++j) store_ints(panel.scale[j], Type::scale_pair(w, j));
    for (int j = 0; j < 8; ++j) store_ints(panel.factor[j], Type::sums_factor(w, j));
  }
}

// Block b of token t, NT tokens `stride` bytes apart. A pointer for every third token: the others are one addressing mode away.
template <class Block, int NT>
struct Tokens {
  const char* third[(NT + 2) / 3];
  size_t stride;
  PRM_METHOD Tokens(const char* x, size_t stride_bytes) : stride(stride_bytes) {
    PRM_UNROLL for (int i = 0; i < (NT + 2) / 3; ++i) third[i] = x + size_t(3 * i) * stride;
  }
  PRM_METHOD const Block& at(int t) const { return *reinterpret_cast<const Block*>(third[t / 3] + size_t(t % 3) * stride); }
  PRM_METHOD void advance() {
    PRM_UNROLL for (int i = 0; i < (NT + 2) / 3; ++i) third[i] += sizeof(Block);
  }
};

// acc[t] over `blocks` blocks of 32 values.
template <class Type, int NT, class Source>
PRM_OP void sum_blocks(Source w, Tokens<BlockA8, NT> a, int blocks, Floats acc[NT]) {
  for (int b = 0; b < blocks; ++b, a.advance()) {
    w.template ahead<1>(b, 0);
    Ints sum[NT];
    PRM_UNROLL for (int t = 0; t < NT; ++t)
      sum[t] = Type::kOffset ? dot2(splat_int(0), splat_int(-Type::kOffset & 0xffff), &a.at(t).sum) : splat_int(0);
    PRM_UNROLL for (int k4 = 0; k4 < 8; ++k4) {
      Ints u = w.values(b, k4);
      PRM_UNROLL for (int t = 0; t < NT; ++t) sum[t] = dot4(sum[t], u, a.at(t).q + 4 * k4);
    }
    Floats d = Type::block_scale(w.group[b]);
    PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = fma(mul(d, splat(a.at(t).d)), to_floats(sum[t]), acc[t]);
    if constexpr (Type::kMin) {
      Floats m = load_half(w.group[b].m);
      PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = fma(mul(m, splat(a.at(t).d)), splat(float(a.at(t).sum)), acc[t]);
    }
  }
}

template <int NT, class Source>
PRM_OP void dot_sums(const Source& w, int b, const Tokens<BlockA8K, NT>& a, Ints out[NT]) {
  PRM_UNROLL for (int t = 0; t < NT; ++t) out[t] = splat_int(0);
  for (int j = 0; j < 8; ++j) {
    Ints factor = w.sums_factor(b, j);
    PRM_UNROLL for (int t = 0; t < NT; ++t) out[t] = dot2(out[t], factor, a.at(t).sum + 2 * j);
  }
}

// sum[t] += values times activations times sub-scales of block b. Sums of a sub-block stay below 2^23, so low_and_rest makes
// two int16 of them: sum * scale = low * scale + rest * (scale * 256).
template <class Type, int NT, class Source>
PRM_OP void sum_sub_blocks(const Source& w, int b, const Tokens<BlockA8K, NT>& a, Ints sum[NT]) {
  for (int run = 0; run < Type::kSub; run += Type::kRun)
    PRM_UNROLL for (int j = run; j < run + Type::kRun; ++j) {
      w.template ahead<Type::kSub>(b, j);
      Ints part[NT];
      PRM_UNROLL for (int t = 0; t < NT; ++t) part[t] = splat_int(0);
      PRM_UNROLL for (int i = 0; i < Type::kVectors; ++i) {
        Ints u = w.values(b, j * Type::kVectors + i);
        PRM_UNROLL for (int t = 0; t < NT; ++t) part[t] = dot4(part[t], u, a.at(t).q + 4 * (j * Type::kVectors + i));
      }
      Ints scale = w.scale_pair(b, j);
      PRM_UNROLL for (int t = 0; t < NT; ++t) sum[t] = dot2_by(sum[t], low_and_rest(part[t]), scale);
    }
}
// The same where the values have their sub-scales in them: for few tokens in four chains, since one waits for each dot4.
template <int NT, class Source>
PRM_OP void sum_folded(const Source& w, int b, const Tokens<BlockA8K, NT>& a, Ints sum[NT]) {
  constexpr int chains = NT > 4 ? 1 : 4;
  Ints part[chains][NT];
  PRM_UNROLL for (int c = 0; c < chains; ++c)
    PRM_UNROLL for (int t = 0; t < NT; ++t) part[c][t] = c ? splat_int(0) : sum[t];
  for (int v = 0; v < 64; v += 4)
    PRM_UNROLL for (int i = 0; i < 4; ++i) {
      Ints u = w.values(b, v + i);
      PRM_UNROLL for (int t = 0; t < NT; ++t) part[i % chains][t] = dot4(part[i % chains][t], u, a.at(t).q + 4 * (v + i));
    }
  PRM_UNROLL for (int t = 0; t < NT; ++t) sum[t] = part[0][t];
  PRM_UNROLL for (int c = 1; c < chains; ++c)
    PRM_UNROLL for (int t = 0; t < NT; ++t) sum[t] = add(sum[t], part[c][t]);
}

// acc[t] over `blocks` blocks of 256 values.
template <class Type, int NT, class Source>
PRM_OP void sum_blocks(Source w, Tokens<BlockA8K, NT> a, int blocks, Floats acc[NT]) {
  for (int b = 0; b < blocks; ++b, a.advance()) {
    Ints sum[NT];
    if constexpr (Type::kMin) {
      PRM_UNROLL for (int t = 0; t < NT; ++t) sum[t] = splat_int(0);
    } else {
      dot_sums<NT>(w, b, a, sum);
    }
    if constexpr (Source::kFolded) sum_folded<NT>(w, b, a, sum);
    else sum_sub_blocks<Type, NT>(w, b, a, sum);
    Floats d = load_half(w.group[b].d);
    PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = fma(mul(d, splat(a.at(t).d)), to_floats(sum[t]), acc[t]);
    if constexpr (Type::kMin) {
      dot_sums<NT>(w, b, a, sum);
      Floats dmin = negate(load_half(w.group[b].dmin));
      PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = fma(mul(dmin, splat(a.at(t).d)), to_floats(sum[t]), acc[t]);
    }
  }
}

// Where a call's results go: y[t * stride + r], r < rows. A part after the first adds to what is there.
struct Results {
  float* y;
  int64_t stride;
  int rows;
  PRM_OP void put(float* at, Floats v, int rows, bool first) {
    if (rows == 16) store(at, first ? v : add(load(at), v));
    else store_part(at, first ? v : add(load_part(at, rows), v), rows);
  }
};

template <class Type, int NT, class Source>
__attribute__((noinline)) void part_tile(Source w, const char* x, size_t stride, int blocks, const Results& out, int64_t token, bool first) {
  Floats acc[NT];
  PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = splat(0.0f);
  sum_blocks<Type, NT>(w, Tokens<typename Type::Act, NT>(x + size_t(token) * stride, stride), blocks, acc);
  PRM_UNROLL for (int t = 0; t < NT; ++t) Results::put(out.y + (token + t) * out.stride, acc[t], out.rows, first);
}

PRM_OP int64_t parts_of(int64_t K) { return K < 256 ? 1 : K >= 2048 ? 8 : K / 256; }

template <class Type>
void block_matmul(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) {
  using Panel = typename Type::Panel;
  auto* w = static_cast<const typename Type::Group*>(group);
  Results out{y, y_stride, rows};
  int64_t units = K / Type::kBlock, parts = parts_of(K);
  alignas(64) Panel panel[Panel::kCapacity];
  for (int64_t p = 0; p < parts; ++p) {
    int64_t begin = p * units / parts, t = 0;
    int blocks = int((p + 1) * units / parts - begin);
    const char* row = static_cast<const char*>(x) + size_t(begin) * sizeof(typename Type::Act);
    if (tokens > 1 && blocks <= Panel::kCapacity) {
      for (int b = 0; b < blocks; ++b) unpack<Type>(w[begin + b], panel[b]);
      Unpacked<Type> source{w + begin, panel};
      for (; t + 12 <= tokens; t += 12) part_tile<Type, 12>(source, row, stride, blocks, out, t, p == 0);
      for (; t + 4 <= tokens; t += 4) part_tile<Type, 4>(source, row, stride, blocks, out, t, p == 0);
      for (; t < tokens; ++t) part_tile<Type, 1>(source, row, stride, blocks, out, t, p == 0);
    } else {
      Packed<Type> source{w + begin};
      for (; t + 4 <= tokens; t += 4) part_tile<Type, 4>(source, row, stride, blocks, out, t, p == 0);
      for (; t < tokens; ++t) part_tile<Type, 1>(source, row, stride, blocks, out, t, p == 0);
    }
  }
}

// Float weights.
struct F32 {
  using Value = float;
  PRM_OP Floats values(const float* w) { return load(w); }
};
struct F16 {
  using Value = uint16_t;
  PRM_OP Floats values(const uint16_t* w) { return load_half(w); }
};
struct BF16 {
  using Value = uint16_t;
  PRM_OP Floats values(const uint16_t* w) { return load_bf16(w); }
};

template <class Type, int NT>
void dense_tile(const typename Type::Value* w, const char* x, size_t stride, int64_t K, const Results& out, int64_t token) {
  const float* row[NT];
  for (int t = 0; t < NT; ++t) row[t] = reinterpret_cast<const float*>(x + size_t(token + t) * stride);
  for (int64_t p = 0, parts = parts_of(K); p < parts; ++p) {
    Floats acc[NT];
    PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = splat(0.0f);
    for (int64_t k = p * K / parts, end = (p + 1) * K / parts; k < end; ++k) {
      Floats v = Type::values(w + k * 16);
      PRM_UNROLL for (int t = 0; t < NT; ++t) acc[t] = fma(splat(row[t][k]), v, acc[t]);
    }
    PRM_UNROLL for (int t = 0; t < NT; ++t) Results::put(out.y + (token + t) * out.stride, acc[t], out.rows, p == 0);
  }
}

// One token, NP parts at once: chains of their own, since one chain waits for each fma.
template <class Type, int NP>
void dense_parts(const typename Type::Value* w, const float* x, int64_t K, const Results& out, int64_t first) {
  int64_t parts = parts_of(K), begin[NP], n[NP], shortest = K;
  Floats acc[NP];
  PRM_UNROLL for (int p = 0; p < NP; ++p) {
    begin[p] = (first + p) * K / parts;
    n[p] = (first + p + 1) * K / parts - begin[p];
    shortest = n[p] < shortest ? n[p] : shortest;
    acc[p] = splat(0.0f);
  }
  for (int64_t k = 0; k < shortest; ++k)
    PRM_UNROLL for (int p = 0; p < NP; ++p) prefetch(reinterpret_cast<const char*>(w + (begin[p] + k) * 16) + kAhead), acc[p] = fma(splat(x[begin[p] + k]), Type::values(w + (begin[p] + k) * 16), acc[p]);
  PRM_UNROLL for (int p = 0; p < NP; ++p) {
    for (int64_t k = begin[p] + shortest; k < begin[p] + n[p]; ++k) acc[p] = fma(splat(x[k]), Type::values(w + k * 16), acc[p]);
    Results::put(out.y, acc[p], out.rows, first + p == 0);
  }
}

template <class Type>
void dense_matmul(const void* group, const void* x, size_t stride, int64_t tokens, int64_t K, float* y, int64_t y_stride, int rows) {
  auto* w = static_cast<const typename Type::Value*>(group);
  auto* row = static_cast<const char*>(x);
  int64_t t = 0;
  for (; t + 12 <= tokens; t += 12) dense_tile<Type, 12>(w, row, stride, K, {y, y_stride, rows}, t);
  for (; t + 4 <= tokens; t += 4) dense_tile<Type, 4>(w, row, stride, K, {y, y_stride, rows}, t);
  for (; t < tokens; ++t) {
    auto* values = reinterpret_cast<const float*>(row + size_t(t) * stride);
    Results out{y + t * y_stride, y_stride, rows};
    int64_t p = 0, parts = parts_of(K);
    for (; p + 4 <= parts; p += 4) dense_parts<Type, 4>(w, values, K, out, p);
    for (; p + 2 <= parts; p += 2) dense_parts<Type, 2>(w, values, K, out, p);
    for (; p < parts; ++p) dense_parts<Type, 1>(w, values, K, out, p);
  }
}

}  // namespace
