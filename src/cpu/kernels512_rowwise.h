// Activation quantization, norm, element-wise functions and RoPE of the 512 kernels (cpu/isa.h).
#pragma once
#include "cpu/vec512.h"
#include "quant/activation.h"
#include "quant/blocks.h"

namespace {

// Quantizes n = 32 m values; returns d, NaN when a value is not finite (quant/format.cpp).
PRM_OP float quantize_values(const float* x, int8_t* q, int n) {
  Floats top = splat(0.0f);
  bool finite = true;
  for (int i = 0; i < n; i += 16) {
    Floats size = magnitude(load(x + i));
    finite &= all_at_most(size, 3.402823466e+38f);
    top = max_of(size, top);
  }
  if (!finite) {
    memset(q, 0, size_t(n));
    return __builtin_nanf("");
  }
  float amax = max_lane(top);
  if (amax < prm::kLeastActivation) amax = 0;
  Floats inverse = splat(amax > 0 ? 127.0f / amax : 0.0f);
  for (int i = 0; i < n; i += 16) store_bytes(q + i, to_ints(mul(load(x + i), inverse)));
  return amax / 127.0f;
}

// Sums of the four sixteens of 64 int8 values, each in all lanes of its quarter.
PRM_OP void sum_sixteens(const int8_t* q, int32_t out[16]) {
  store_ints(out, sum_quarters(dot4_by(splat_int(0), splat_byte(1), load_ints(q))));
}

void quantize_a8(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<prm::BlockA8*>(blocks);
  for (int64_t b = 0; b < n / 32; ++b, ++block) {
    int8_t q[64] = {};  // a block and as many zeros
    int32_t sums[16];
    block->d = quantize_values(x + b * 32, q, 32);
    memcpy(block->q, q, 32);
    sum_sixteens(q, sums);
    block->sum = sums[0] + sums[4];
  }
}

void quantize_a8k(const float* x, void* blocks, int64_t n) {
  auto* block = static_cast<prm::BlockA8K*>(blocks);
  for (int64_t b = 0; b < n / 256; ++b, ++block) {
    block->d = quantize_values(x + b * 256, block->q, 256);
    for (int j = 0; j < 4; ++j) {
      int32_t sums[16];
      sum_sixteens(block->q + 64 * j, sums);
      for (int i = 0; i < 4; ++i) block->sum[4 * j + i] = int16_t(sums[4 * i]);
    }
  }
}

void rms_norm(const float* x, const float* gain, float* y, int64_t n, float eps) {
  Floats squares = splat(0.0f);
  each_piece(n, [&](int64_t i, int lanes) {
    Floats v = load_piece(x + i, lanes);
    squares = fma(v, v, squares);  // lanes that are not there add nothing
  });
  Floats inverse = splat(1.0f / root(merge_lanes(squares) / float(n) + eps));
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, mul(mul(load_piece(x + i, lanes), inverse), load_piece(gain + i, lanes)), lanes); });
}

void add_values(const float* a, const float* b, float* y, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, add(load_piece(a + i, lanes), load_piece(b + i, lanes)), lanes); });
}

void scale_values(const float* x, float factor, float* y, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, mul(load_piece(x + i, lanes), splat(factor)), lanes); });
}

void rope_halves(const float* x, const float* table, float* y, int64_t n) {
  int64_t half = n / 2;
  each_piece(half, [&](int64_t i, int lanes) {
    Floats c = load_piece(table + i, lanes), s = load_piece(table + half + i, lanes);
    Floats x0 = load_piece(x + i, lanes), x1 = load_piece(x + half + i, lanes);
    store_piece(y + i, sub(mul(x0, c), mul(x1, s)), lanes);
    store_piece(y + half + i, add(mul(x0, s), mul(x1, c)), lanes);
  });
}

void rope_neighbours(const float* x, const float* table, float* y, int64_t n) {
  int64_t half = n / 2;
  each_piece(n, [&](int64_t i, int lanes) {  // lanes is even
    Floats c = each_twice(load_part(table + i / 2, lanes / 2)), s = each_twice(load_part(table + half + i / 2, lanes / 2));
    Floats v = load_piece(x + i, lanes);
    store_piece(y + i, add(mul(v, c), negate_even(mul(swap_neighbours(v), s))), lanes);
  });
}

PRM_OP Floats gate_by(Floats g, Floats u, Floats up) { return mul(div(g, add(splat(1.0f), exp_lanes(negate(u)))), up); }

void glu_silu(const float* gate, const float* up, float* y, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) {
    Floats g = load_piece(gate + i, lanes);
    store_piece(y + i, gate_by(g, g, load_piece(up + i, lanes)), lanes);
  });
}

void glu_gelu(const float* gate, const float* up, float* y, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) {
    Floats g = load_piece(gate + i, lanes), inner = add(g, mul(splat(PRM_GELU_B), mul(mul(g, g), g)));
    store_piece(y + i, gate_by(g, mul(splat(PRM_GELU_A), inner), load_piece(up + i, lanes)), lanes);
  });
}

void store_floats(const float* x, void* row, int64_t n) { memcpy(row, x, size_t(n) * sizeof(float)); }

void store_halves(const float* x, void* row, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) { store_half_part(static_cast<uint16_t*>(row) + i, load_piece(x + i, lanes), lanes); });
}

// base/half.h's float_to_bf16.
void store_bf16(const float* x, void* row, int64_t n) {
  each_piece(n, [&](int64_t i, int lanes) {
    Floats v = load_piece(x + i, lanes);
    Ints bits = as_ints(v), top = shift_right(bits, 16);
    Ints rounded = shift_right(add(bits, add(splat_int(0x7fff), both(top, splat_int(1)))), 16);
    Ints is_nan = sub(splat_int(0), shift_right(sub(splat_int(0x7f800000), as_ints(magnitude(v))), 31));
    store_words_part(static_cast<uint16_t*>(row) + i, choose(is_nan, either(top, splat_int(0x40)), rounded), lanes);
  });
}

// quant/q8_0.cpp's quantize_block.
void store_q8_0(const float* x, void* row, int64_t n) {
  auto* block = static_cast<prm::BlockQ8_0*>(row);
  for (int64_t i = 0; i < n; i += 32, ++block) {
    Floats low = load(x + i), high = load(x + i + 16), low_size = magnitude(low), high_size = magnitude(high);
    bool finite = all_at_most(low_size, 3.402823466e+38f) && all_at_most(high_size, 3.402823466e+38f);
    store_half_part(&block->d, splat(max_lane(max_of(low_size, high_size)) / 127.0f), 1);
    if (!finite || block->d == 0x7c00) block->d = 0x7e00;
    if (block->d == 0 || block->d == 0x7e00) {
      memset(block->q, 0, 32);
      continue;
    }
    Floats inverse = div(splat(1.0f), splat_half(&block->d)), least = splat(-127.0f), most = splat(127.0f);
    store_bytes(block->q, to_ints(max_of(least, min_of(most, mul(low, inverse)))));
    store_bytes(block->q + 16, to_ints(max_of(least, min_of(most, mul(high, inverse)))));
  }
}

}  // namespace
