// Drivers of the float kernels of tensors (cpu/tensor_kernels.h): functions of values, softmax, normalization, reductions of rows.
#include "cpu/cpu_tensor.h"

#include <algorithm>

#include "ops/along_axis.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "tensor/walk.h"

namespace prm {

namespace {

constexpr int64_t kChunkValues = 1 << 15;  // of cheap functions, in one chunk

int tensor_unary(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::abs: return kTensorAbs;
    case UnaryKind::neg: return kTensorNeg;
    case UnaryKind::relu: return kTensorRelu;
    case UnaryKind::clip: return kTensorClip;
    case UnaryKind::exp: return kTensorExp;
    case UnaryKind::sqrt: return kTensorSqrt;
    case UnaryKind::reciprocal: return kTensorReciprocal;
    case UnaryKind::erf: return kTensorErf;
    case UnaryKind::tanh: return kTensorTanh;
    case UnaryKind::sigmoid: return kTensorSigmoid;
    case UnaryKind::gelu: return kTensorGelu;
    case UnaryKind::gelu_tanh: return kTensorGeluTanh;
    case UnaryKind::swish: return kTensorSwish;
    case UnaryKind::hard_sigmoid: return kTensorHardSigmoid;
    case UnaryKind::hard_swish: return kTensorHardSwish;
    case UnaryKind::leaky_relu: return kTensorLeakyRelu;
    default: return -1;
  }
}

int tensor_binary(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::add: return kTensorAdd;
    case BinaryKind::sub: return kTensorSub;
    case BinaryKind::mul: return kTensorMul;
    case BinaryKind::div: return kTensorDiv;
    case BinaryKind::min: return kTensorMin;
    case BinaryKind::max: return kTensorMax;
    default: return -1;
  }
}

bool all_f32(const KernelQuery& q) {
  for (int i = 0; i < q.inputs; ++i)
    if (q.in[i].dtype != DType::f32) return false;
  return true;
}

// A broadcast pair of operands as rows: neighbouring dimensions in which both move evenly are one.
struct BroadcastRows {
  int rank = 0;
  int64_t dim[kMaxRank] = {}, stride[2][kMaxRank] = {};
  int64_t rows = 1, cols = 1;
  int step[2] = {};

  BroadcastRows(const Tensor& a, const Tensor& b, const Tensor& y) {
    int64_t full[2][kMaxRank];
    broadcast_strides(a, y, full[0]);
    broadcast_strides(b, y, full[1]);
    for (int i = 0; i < y.rank; ++i) {
      if (y.dim[i] == 1) continue;
      bool joins = rank > 0;
      for (int n = 0; n < 2; ++n) joins = joins && stride[n][rank - 1] == full[n][i] * y.dim[i];
      if (!joins) ++rank;
      dim[rank - 1] = (joins ? dim[rank - 1] : 1) * y.dim[i];
      for (int n = 0; n < 2; ++n) stride[n][rank - 1] = full[n][i];
    }
    if (!rank) return;
    cols = dim[--rank];
    for (int n = 0; n < 2; ++n) step[n] = stride[n][rank] != 0;
    for (int i = 0; i < rank; ++i) rows *= dim[i];
  }
  int64_t offset(int operand, int64_t row) const { return offset_at(dim, stride[operand], rank, row); }
};

// The axes that are reduced are the last ones.
bool are_last(uint32_t axes, int rank) {
  int first = rank;
  while (first > 0 && (axes >> (first - 1) & 1)) --first;
  return first < rank && axes >> first << first == axes && (axes & ((1u << first) - 1)) == 0;
}

}  // namespace

bool accepts_tensor_unary(const KernelQuery& q) { return all_f32(q) && tensor_unary(q.attr.as<UnaryAttr>().kind) >= 0; }

template <const TensorKernels& table>
void run_tensor_unary(const OpArgs& a) {
  auto attr = a.at<UnaryAttr>();
  auto* function = table.unary[tensor_unary(attr.kind)];
  const float* x = a.x(0).as<float>();
  float* y = a.y().as<float>();
  a.work->rows(a.y().count(), kChunkValues, [&](int64_t begin, int64_t end) { function(x + begin, y + begin, end - begin, float(attr.a), float(attr.b)); });
}

bool accepts_tensor_binary(const KernelQuery& q) { return all_f32(q) && tensor_binary(q.attr.as<BinaryAttr>().kind) >= 0; }

template <const TensorKernels& table>
void run_tensor_binary(const OpArgs& a) {
  auto* function = table.binary[tensor_binary(a.at<BinaryAttr>().kind)];
  if (!a.y().count()) return;
  BroadcastRows over(a.x(0), a.x(1), a.y());
  const float *left = a.x(0).as<float>(), *right = a.x(1).as<float>();
  float* y = a.y().as<float>();
  if (over.rows == 1) {
    a.work->rows(over.cols, kChunkValues, [&](int64_t begin, int64_t end) {
      function(left + begin * over.step[0], over.step[0], right + begin * over.step[1], over.step[1], y + begin, end - begin);
    });
    return;
  }
  a.work->rows(over.rows, std::max<int64_t>(1, kChunkValues / over.cols), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      function(left + over.offset(0, row), over.step[0], right + over.offset(1, row), over.step[1], y + row * over.cols, over.cols);
  });
}

bool accepts_tensor_softmax(const KernelQuery& q) {
  auto attr = q.attr.as<SoftmaxAttr>();
  return all_f32(q) && attr.kind == SoftmaxKind::plain && !attr.empty_zero && attr.axis == q.in[0].rank - 1;
}

template <const TensorKernels& table>
void run_tensor_softmax(const OpArgs& a) {
  const Tensor& x = a.x(0);
  int64_t cols = x.cols();
  a.work->rows(x.rows(), std::max<int64_t>(1, kChunkValues / 8 / std::max<int64_t>(cols, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) table.softmax(x.row<float>(row), a.y().row<float>(row), cols);
  });
}

// Gain and bias for each value of a row.
bool accepts_tensor_normalize(const KernelQuery& q) {
  auto attr = q.attr.as<NormalizeAttr>();
  if (!all_f32(q) || attr.statistics) return false;
  int trailing = q.in[0].rank - attr.axis;
  for (int i = 1; i < q.inputs; ++i)
    for (int d = 0; d < trailing; ++d)
      if (q.in[i].rank < trailing || q.in[i].dim[q.in[i].rank - trailing + d] != q.in[0].dim[attr.axis + d]) return false;
  for (int i = 1; i < q.inputs; ++i)
    for (int d = 0; d < q.in[i].rank - trailing; ++d)
      if (q.in[i].dim[d] != 1) return false;
  return true;
}

template <const TensorKernels& table>
void run_tensor_normalize(const OpArgs& a) {
  auto attr = a.at<NormalizeAttr>();
  const Tensor& x = a.x(0);
  int64_t rows = 1, cols = 1;
  for (int i = 0; i < x.rank; ++i) (i < attr.axis ? rows : cols) *= x.dim[i];
  if (!cols) return;
  const float* gain = attr.gain ? a.x(1).as<float>() : nullptr;
  const float* bias = attr.bias ? a.x(1 + attr.gain).as<float>() : nullptr;
  a.work->rows(rows, std::max<int64_t>(1, kChunkValues / 4 / cols), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      table.normalize(x.as<float>() + row * cols, gain, bias, a.y().as<float>() + row * cols, cols, float(attr.eps), attr.centred);
  });
}

bool accepts_tensor_reduce(const KernelQuery& q) {
  auto attr = q.attr.as<ReduceAttr>();
  bool known = attr.kind == ReduceKind::sum || attr.kind == ReduceKind::mean || attr.kind == ReduceKind::max;
  return all_f32(q) && known && are_last(attr.axes, q.in[0].rank);
}

template <const TensorKernels& table>
void run_tensor_reduce(const OpArgs& a) {
  auto attr = a.at<ReduceAttr>();
  const Tensor& x = a.x(0);
  int64_t cols = 1;
  for (int i = 0; i < x.rank; ++i)
    if (attr.axes >> i & 1) cols *= x.dim[i];
  if (!cols && attr.kind == ReduceKind::max) {
    std::fill_n(a.y().as<float>(), a.y().count(), -std::numeric_limits<float>::infinity());
    return;
  }
  a.work->rows(a.y().count(), std::max<int64_t>(1, kChunkValues / std::max<int64_t>(cols, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* values = x.as<float>() + row * cols;
      float result = attr.kind == ReduceKind::max ? table.greatest(values, cols) : table.sum(values, cols);
      a.y().as<float>()[row] = attr.kind == ReduceKind::mean ? result / float(cols) : result;
    }
  });
}

#define PRM_INSTANTIATE(table)                                \
  template void run_tensor_unary<table>(const OpArgs&);      \
  template void run_tensor_binary<table>(const OpArgs&);     \
  template void run_tensor_softmax<table>(const OpArgs&);    \
  template void run_tensor_normalize<table>(const OpArgs&);  \
  template void run_tensor_reduce<table>(const OpArgs&);
PRM_TENSOR_TABLES(PRM_INSTANTIATE)

}  // namespace prm
