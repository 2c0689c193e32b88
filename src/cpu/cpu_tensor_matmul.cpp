// Products of float matrices in batches. Each result is one chain of fma over the inner extent, ascending from 0: however work is
// cut, whichever operand is packed. Panels are blocks of 256 of the inner extent by 16 columns.
#include <algorithm>

#include "base/checked.h"
#include "cpu/cpu_tensor.h"
#include "ops/contract.h"
#include "tensor/walk.h"

namespace prm {

namespace {

constexpr int64_t kInner = 256, kRows = 112, kColumns = 64;  // of a piece of work; 112: tiles of 14 and of 4

Tensor leading_part(Tensor t) {
  t.rank = uint8_t(t.rank - 2);
  return t;
}

struct Matrices {
  int64_t m, n, k, batches;
  bool trans_a, trans_b;
  float alpha;
  Tensor batch, a_batch, b_batch;

  explicit Matrices(const OpArgs& args) {
    auto attr = args.at<MatmulNdAttr>();
    const Tensor &a = args.x(0), &y = args.y();
    m = y.dim[y.rank - 2], n = y.dim[y.rank - 1], k = a.dim[a.rank - (attr.trans_a ? 2 : 1)];
    trans_a = attr.trans_a, trans_b = attr.trans_b, alpha = float(attr.alpha);
    batch = leading_part(y), a_batch = leading_part(a), b_batch = leading_part(args.x(1));
    batches = batch.count();
  }
  static int64_t offset(const Tensor& of, const Tensor& over, int64_t index) {
    int64_t stride[kMaxRank];
    broadcast_strides(of, over, stride);
    return offset_at(over.dim, stride, over.rank, index);
  }
  MatrixA a(const Tensor& x, int64_t index) const {
    const float* at = x.as<float>() + offset(a_batch, batch, index) * m * k;
    return {at, trans_a ? 1 : k, trans_a ? m : 1};
  }
};

// fn(batch, first row, rows, first column, columns) in pieces, shared by the threads.
template <class Fn>
void each_block(const OpArgs& args, const Matrices& of, Fn&& fn) {
  int64_t down = ceil_div(of.m, kRows), across = ceil_div(of.n, kColumns);
  args.work->rows(of.batches * down * across, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t column = i % across * kColumns, row = i / across % down * kRows;
      fn(i / across / down, row, std::min(kRows, of.m - row), column, std::min(kColumns, of.n - column));
    }
  });
}

MatrixA rows_of(MatrixA a, int64_t row, int64_t inner) { return {a.at + row * a.row + inner * a.step, a.row, a.step}; }

bool is_float_product(const KernelQuery& q) { return q.in[0].dtype == DType::f32 && q.in[1].dtype == DType::f32; }

size_t columns_bytes(const Tensor& plain) { return size_t(round_up(size_t(plain.dim[1]), 16)) * size_t(plain.dim[0]) * sizeof(float); }

// [K, N]: of each 256 rows, panels of 16 columns one behind the other; columns past N are zero.
void pack_columns(const Tensor& plain, std::byte* out, const Work& work) {
  int64_t K = plain.dim[0], N = plain.dim[1], panels = ceil_div(N, 16);
  const float* from = plain.as<float>();
  float* to = reinterpret_cast<float*>(out);
  work.rows(panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = 0; k < K; ++k) {
      int64_t block = k / kInner * kInner, size = std::min(kInner, K - block);
      for (int64_t p = begin; p < end; ++p) {
        float* row = to + block * panels * 16 + p * size * 16 + (k - block) * 16;
        for (int64_t j = 0; j < 16; ++j) row[j] = p * 16 + j < N ? from[k * N + p * 16 + j] : 0.0f;
      }
    }
  });
}

size_t rows_bytes(const Tensor& plain) { return size_t(round_up(size_t(plain.dim[0]), 16)) * size_t(plain.dim[1]) * sizeof(float); }

// [N, K]: of each 16 rows a panel [K, 16].
void pack_rows(const Tensor& plain, std::byte* out, const Work& work) {
  int64_t N = plain.dim[0], K = plain.dim[1];
  const float* from = plain.as<float>();
  float* to = reinterpret_cast<float*>(out);
  work.rows(ceil_div(N, 16), 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g)
      for (int64_t k = 0; k < K; ++k)
        for (int64_t j = 0; j < 16; ++j) to[(g * K + k) * 16 + j] = g * 16 + j < N ? from[(g * 16 + j) * K + k] : 0.0f;
  });
}

}  // namespace

const Layout kColumnsLayout{"columns", columns_bytes, kInner, pack_columns};
const Layout kRowsLayout{"rows", rows_bytes, 16, pack_rows};

bool accepts_tensor_matmul(const KernelQuery& q) { return is_float_product(q); }
bool accepts_tensor_matmul_columns(const KernelQuery& q) {
  return is_float_product(q) && q.constant[1] && q.in[1].rank == 2 && !q.attr.as<MatmulNdAttr>().trans_b;
}
bool accepts_tensor_matmul_rows(const KernelQuery& q) {
  return is_float_product(q) && q.constant[1] && q.in[1].rank == 2 && q.attr.as<MatmulNdAttr>().trans_b;
}

template <const TensorKernels& table>
void run_tensor_matmul_columns(const OpArgs& args) {
  Matrices of(args);
  const float* packed = args.x(1).as<float>();
  int64_t width = int64_t(round_up(size_t(of.n), 16));
  each_block(args, of, [&](int64_t batch, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    MatrixA a = of.a(args.x(0), batch);
    float* y = args.y().as<float>() + (batch * of.m + row) * of.n + column;
    for (int64_t l = 0; l == 0 || l < of.k; l += kInner) {
      int64_t inner = std::min(kInner, of.k - l);
      MatrixB b{packed + l * width + column * inner, 16, inner * 16};
      table.multiply(rows_of(a, row, l), b, rows, columns, inner, y, of.n, l > 0, l + kInner < of.k ? 1.0f : of.alpha);
    }
  });
}

template <const TensorKernels& table>
void run_tensor_matmul_rows(const OpArgs& args) {
  Matrices of(args);
  const float* packed = args.x(1).as<float>();
  each_block(args, of, [&](int64_t batch, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    MatrixA a = of.a(args.x(0), batch);
    float* y = args.y().as<float>() + (batch * of.m + row) * of.n + column;
    for (int64_t l = 0; l == 0 || l < of.k; l += kInner) {
      MatrixB b{packed + column * of.k + l * 16, 16, of.k * 16};
      table.multiply(rows_of(a, row, l), b, rows, columns, std::min(kInner, of.k - l), y, of.n, l > 0, l + kInner < of.k ? 1.0f : of.alpha);
    }
  });
}

template <const TensorKernels& table>
void run_tensor_matmul(const OpArgs& args) {
  Matrices of(args);
  each_block(args, of, [&](int64_t batch, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    MatrixA a = of.a(args.x(0), batch);
    const float* b = args.x(1).as<float>() + Matrices::offset(of.b_batch, of.batch, batch) * of.k * of.n;
    float* y = args.y().as<float>() + (batch * of.m + row) * of.n + column;
    for (int64_t l = 0; l == 0 || l < of.k; l += kInner) {
      int64_t inner = std::min(kInner, of.k - l);
      float alpha = l + kInner < of.k ? 1.0f : of.alpha;
      if (!of.trans_b) {
        table.multiply(rows_of(a, row, l), {b + l * of.n + column, of.n, 16}, rows, columns, inner, y, of.n, l > 0, alpha);
        continue;
      }
      for (int64_t j = 0; j < columns; j += 16) {  // a panel of b's rows, turned
        float panel[kInner * 16];
        int64_t width = std::min<int64_t>(16, columns - j);
        for (int64_t c = 0; c < width; ++c)
          for (int64_t i = 0; i < inner; ++i) panel[i * 16 + c] = b[(column + j + c) * of.k + l + i];
        table.multiply(rows_of(a, row, l), {panel, 16, 0}, rows, width, inner, y + j, of.n, l > 0, alpha);
      }
    }
  });
}

#define PRM_INSTANTIATE(table)                                    \
  template void run_tensor_matmul<table>(const OpArgs&);         \
  template void run_tensor_matmul_columns<table>(const OpArgs&); \
  template void run_tensor_matmul_rows<table>(const OpArgs&);
PRM_TENSOR_TABLES(PRM_INSTANTIATE)

}  // namespace prm
