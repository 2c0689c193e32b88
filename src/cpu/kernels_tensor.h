// The functions of cpu/tensor_kernels.h over cpu/vec512.h's vectors: one source, a unit for each instruction set.
#pragma once
#include "cpu/tensor_kernels.h"
#include "cpu/vec512.h"

namespace {

using prm::MatrixA;
using prm::MatrixB;

// ---- functions of one value ------------------------------------------------------------------------------------------

// erfc of a value that is not negative.
PRM_OP Floats erfc_lanes(Floats x) {
  Floats t = div(splat(1.0f), fma(splat(0.5f), x, splat(1.0f))), p = splat(PRM_ERFC_P8);
  p = fma(p, t, splat(PRM_ERFC_P7));
  p = fma(p, t, splat(PRM_ERFC_P6));
  p = fma(p, t, splat(PRM_ERFC_P5));
  p = fma(p, t, splat(PRM_ERFC_P4));
  p = fma(p, t, splat(PRM_ERFC_P3));
  p = fma(p, t, splat(PRM_ERFC_P2));
  p = fma(p, t, splat(PRM_ERFC_P1));
  p = fma(p, t, splat(PRM_ERFC_P0));
  return mul(exp_lanes(negate(mul(x, x))), mul(t, p));
}
PRM_OP Ints sign_mask(Floats v) { return sub(splat_int(0), shift_right(as_ints(v), 31)); }  // all bits where negative
PRM_OP Floats select(Ints mask, Floats a, Floats b) { return as_floats(choose(mask, as_ints(a), as_ints(b))); }

PRM_OP Floats erf_lanes(Floats x) {
  Floats size = magnitude(x), s = mul(size, size), q = splat(PRM_ERF_Q5);
  q = fma(q, s, splat(PRM_ERF_Q4));
  q = fma(q, s, splat(PRM_ERF_Q3));
  q = fma(q, s, splat(PRM_ERF_Q2));
  q = fma(q, s, splat(PRM_ERF_Q1));
  q = fma(q, s, splat(PRM_ERF_Q0));
  Floats y = select(sign_mask(sub(size, splat(PRM_ERF_LOW))), mul(size, q), sub(splat(1.0f), erfc_lanes(min_of(splat(10.0f), size))));  // NaN stays
  return as_floats(either(as_ints(y), both(as_ints(x), splat_int(INT32_MIN))));
}
PRM_OP Floats sigmoid_lanes(Floats x) { return div(splat(1.0f), add(splat(1.0f), exp_lanes(negate(x)))); }

struct Abs { PRM_OP Floats of(Floats x, Floats, Floats) { return magnitude(x); } };
struct Neg { PRM_OP Floats of(Floats x, Floats, Floats) { return negate(x); } };
struct Relu { PRM_OP Floats of(Floats x, Floats, Floats) { return max_of(splat(0.0f), x); } };
struct Clip { PRM_OP Floats of(Floats x, Floats a, Floats b) { return min_of(b, max_of(a, x)); } };
struct Exp { PRM_OP Floats of(Floats x, Floats, Floats) { return exp_lanes(x); } };
struct Sqrt { PRM_OP Floats of(Floats x, Floats, Floats) { return root(x); } };
struct Reciprocal { PRM_OP Floats of(Floats x, Floats, Floats) { return div(splat(1.0f), x); } };
struct Erf { PRM_OP Floats of(Floats x, Floats, Floats) { return erf_lanes(x); } };
struct Tanh { PRM_OP Floats of(Floats x, Floats, Floats) { return tanh_lanes(x); } };
struct Sigmoid { PRM_OP Floats of(Floats x, Floats, Floats) { return sigmoid_lanes(x); } };
struct Gelu {  // x / 2 erfc(-x / sqrt 2)
  PRM_OP Floats of(Floats x, Floats, Floats) {
    Floats z = mul(magnitude(x), splat(0.707106781f)), rest = erfc_lanes(min_of(splat(10.0f), z));
    return mul(mul(splat(0.5f), x), select(sign_mask(x), rest, sub(splat(2.0f), rest)));
  }
};
struct GeluTanh {  // x sigmoid(2u)
  PRM_OP Floats of(Floats x, Floats, Floats) {
    Floats u = mul(splat(PRM_GELU_A), fma(splat(PRM_GELU_B), mul(mul(x, x), x), x));
    return mul(x, sigmoid_lanes(u));
  }
};
struct Swish { PRM_OP Floats of(Floats x, Floats a, Floats) { return mul(x, sigmoid_lanes(mul(a, x))); } };
struct HardSigmoid { PRM_OP Floats of(Floats x, Floats a, Floats b) { return min_of(splat(1.0f), max_of(splat(0.0f), fma(a, x, b))); } };
struct HardSwish {
  PRM_OP Floats of(Floats x, Floats, Floats) { return mul(x, min_of(splat(1.0f), max_of(splat(0.0f), fma(x, splat(1.0f / 6), splat(0.5f))))); }
};
struct LeakyRelu { PRM_OP Floats of(Floats x, Floats a, Floats) { return select(sign_mask(x), mul(a, x), x); } };

template <class Function>
void unary(const float* x, float* y, int64_t n, float a, float b) {
  Floats first = splat(a), second = splat(b);
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, Function::of(load_piece(x + i, lanes), first, second), lanes); });
}

// ---- of two ----------------------------------------------------------------------------------------------------------

struct Add { PRM_OP Floats of(Floats a, Floats b) { return add(a, b); } };
struct Sub { PRM_OP Floats of(Floats a, Floats b) { return sub(a, b); } };
struct Mul { PRM_OP Floats of(Floats a, Floats b) { return mul(a, b); } };
struct Div { PRM_OP Floats of(Floats a, Floats b) { return div(a, b); } };
// NaN where one is: of the sum then, which is NaN, too.
PRM_OP Floats unless_nan(Floats a, Floats b, Floats v) {
  Floats sum = add(a, b);
  Ints nan = sign_mask(as_floats(sub(splat_int(0x7f800000), as_ints(magnitude(sum)))));
  return select(nan, sum, v);
}
struct Min { PRM_OP Floats of(Floats a, Floats b) { return unless_nan(a, b, min_of(a, b)); } };
struct Max { PRM_OP Floats of(Floats a, Floats b) { return unless_nan(a, b, max_of(a, b)); } };

template <class Function>
void binary(const float* a, int a_step, const float* b, int b_step, float* y, int64_t n) {
  Floats a0 = splat(a[0]), b0 = splat(b[0]);
  if (a_step && b_step) each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, Function::of(load_piece(a + i, lanes), load_piece(b + i, lanes)), lanes); });
  else if (a_step) each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, Function::of(load_piece(a + i, lanes), b0), lanes); });
  else if (b_step) each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, Function::of(a0, load_piece(b + i, lanes)), lanes); });
  else each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, Function::of(a0, b0), lanes); });
}

// ---- matrices --------------------------------------------------------------------------------------------------------

// As many rows at once as vectors of sums fit the registers, beside the panels' and one of A's.
#if defined(PRM_VEC512_EMULATED)
constexpr int kTileRows = 4, kTilePanels = 1;
#elif defined(PRM_VEC512_AVX2)
constexpr int kTileRows = 6, kTilePanels = 1;
#else
constexpr int kTileRows = 14, kTilePanels = 2;
#endif

struct MatrixC {
  float* at;
  int64_t row;
  bool more;
  float alpha;
};

// A pointer for every third row of A: the others are one addressing mode away. whole: the last panel's 16 columns are all there.
template <int rows, int panels, bool whole>
__attribute__((noinline)) void multiply_tile(MatrixA a, MatrixB b, int64_t k, MatrixC c, int last) {
  const float* third[(rows + 2) / 3];
  PRM_UNROLL for (int i = 0; i < (rows + 2) / 3; ++i) third[i] = a.at + 3 * i * a.row;
  Floats sum[rows][panels];
  PRM_UNROLL for (int i = 0; i < rows; ++i)
    PRM_UNROLL for (int p = 0; p < panels; ++p) sum[i][p] = splat(0.0f);
  if (c.more)
    PRM_UNROLL for (int i = 0; i < rows; ++i)
      PRM_UNROLL for (int p = 0; p < panels; ++p) sum[i][p] = whole || p + 1 < panels ? load(c.at + i * c.row + 16 * p) : load_part(c.at + i * c.row + 16 * p, last);
  const float* row = b.at;
  for (int64_t l = 0; l < k; ++l, row += b.row) {
    Floats v[panels];
    PRM_UNROLL for (int p = 0; p < panels; ++p) v[p] = whole || p + 1 < panels ? load(row + p * b.panel) : load_part(row + p * b.panel, last);
    PRM_UNROLL for (int i = 0; i < rows; ++i) {
      Floats x = splat(third[i / 3][(i % 3) * a.row]);
      PRM_UNROLL for (int p = 0; p < panels; ++p) sum[i][p] = fma(x, v[p], sum[i][p]);
    }
    PRM_UNROLL for (int i = 0; i < (rows + 2) / 3; ++i) third[i] += a.step;
  }
  if (c.alpha < 1.0f || c.alpha > 1.0f)
    PRM_UNROLL for (int i = 0; i < rows; ++i)
      PRM_UNROLL for (int p = 0; p < panels; ++p) sum[i][p] = mul(sum[i][p], splat(c.alpha));
  PRM_UNROLL for (int i = 0; i < rows; ++i)
    PRM_UNROLL for (int p = 0; p < panels; ++p) {
      if (whole || p + 1 < panels) store(c.at + i * c.row + 16 * p, sum[i][p]);
      else store_part(c.at + i * c.row + 16 * p, sum[i][p], last);
    }
}

template <int panels>
void multiply_panels(MatrixA a, MatrixB b, int64_t m, int64_t k, MatrixC c, int columns) {
  auto tiles = [&]<int rows>() {
    for (; m >= rows; m -= rows, a.at += rows * a.row, c.at += rows * c.row) {
      if (columns == 16 * panels) multiply_tile<rows, panels, true>(a, b, k, c, 16);
      else multiply_tile<rows, panels, false>(a, b, k, c, columns - 16 * (panels - 1));
    }
  };
  tiles.template operator()<kTileRows>();
  if constexpr (kTileRows > 8) tiles.template operator()<8>();
  if constexpr (kTileRows > 4) tiles.template operator()<4>();
  tiles.template operator()<2>();
  tiles.template operator()<1>();
}

void multiply(MatrixA a, MatrixB b, int64_t m, int64_t n, int64_t k, float* c, int64_t c_row, bool more, float alpha) {
  int64_t j = 0;
  auto panels = [&]<int count>() {
    for (constexpr int width = 16 * count; n - j > width - 16; j += width)
      multiply_panels<count>(a, {b.at + j / 16 * b.panel, b.row, b.panel}, m, k, {c + j, c_row, more, alpha}, int(n - j < width ? n - j : width));
  };
  if constexpr (kTilePanels > 1) panels.template operator()<kTilePanels>();
  panels.template operator()<1>();
}

// ---- rows ------------------------------------------------------------------------------------------------------------

float sum_of(const float* x, int64_t n) {
  Floats sum = splat(0.0f);
  each_piece(n, [&](int64_t i, int lanes) { sum = add(sum, load_piece(x + i, lanes)); });
  return merge_lanes(sum);
}

float greatest(const float* x, int64_t n) {
  float part[16], top = x[0];
  Floats most = splat(x[0]);
  int64_t whole = n / 16 * 16;
  for (int64_t i = 0; i < whole; i += 16) most = Max::of(most, load(x + i));
  store(part, most);
  for (int i = 0; i < 16; ++i) top = part[i] > top || part[i] != part[i] ? part[i] : top;
  for (int64_t i = whole; i < n; ++i) top = x[i] > top || x[i] != x[i] ? x[i] : top;
  return top;
}

void softmax(const float* x, float* y, int64_t n) {
  if (n == 0) return;
  Floats top = splat(greatest(x, n)), sum = splat(0.0f);
  each_piece(n, [&](int64_t i, int lanes) {
    Floats v = exp_lanes(sub(load_piece(x + i, lanes), top));
    store_piece(y + i, v, lanes);
    sum = add(sum, lanes == 16 ? v : load_part(y + i, lanes));  // lanes that are not there add nothing
  });
  Floats factor = splat(1.0f / merge_lanes(sum));
  each_piece(n, [&](int64_t i, int lanes) { store_piece(y + i, mul(load_piece(y + i, lanes), factor), lanes); });
}

void normalize(const float* x, const float* gain, const float* bias, float* y, int64_t n, float eps, bool centred) {
  Floats mean = splat(centred ? sum_of(x, n) / float(n) : 0.0f), squares = splat(0.0f);
  int64_t whole = n / 16 * 16;
  for (int64_t i = 0; i < whole; i += 16) {
    Floats d = sub(load(x + i), mean);
    squares = fma(d, d, squares);
  }
  if (whole < n) {
    float rest[16] = {};
    store(rest, sub(load_part(x + whole, int(n - whole)), mean));
    Floats d = load_part(rest, int(n - whole));
    squares = fma(d, d, squares);
  }
  Floats inverse = splat(1.0f / root(merge_lanes(squares) / float(n) + eps));
  each_piece(n, [&](int64_t i, int lanes) {
    Floats v = mul(sub(load_piece(x + i, lanes), mean), inverse);
    if (gain) v = mul(v, load_piece(gain + i, lanes));
    if (bias) v = add(v, load_piece(bias + i, lanes));
    store_piece(y + i, v, lanes);
  });
}

constexpr prm::TensorKernels tensor_kernels() {
  return {
      .unary = {unary<Abs>, unary<Neg>, unary<Relu>, unary<Clip>, unary<Exp>, unary<Sqrt>, unary<Reciprocal>, unary<Erf>, unary<Tanh>, unary<Sigmoid>,
                unary<Gelu>, unary<GeluTanh>, unary<Swish>, unary<HardSigmoid>, unary<HardSwish>, unary<LeakyRelu>},
      .binary = {binary<Add>, binary<Sub>, binary<Mul>, binary<Div>, binary<Min>, binary<Max>},
      .multiply = multiply,
      .softmax = softmax,
      .normalize = normalize,
      .sum = sum_of,
      .greatest = greatest,
  };
}

}  // namespace
