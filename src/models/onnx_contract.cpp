// Products of matrices.
#include "models/onnx_lists.h"
#include "ops/contract.h"
#include "ops/pointwise.h"

namespace prm {

namespace {

Shape without(const Shape& shape, int dropped) {
  Shape kept;
  for (int i = 0; i < shape.rank; ++i)
    if (i != dropped) kept.dims[kept.rank++] = shape.dims[i];
  return kept;
}

// A vector in front is a row, one behind a column, and its dimension is none of the result's.
ValueId product(OnnxCall& c, const MatmulNdAttr& attr) {
  ValueId a = c.in(0), b = c.in(1);
  int a_rank = c.shape(0).rank, b_rank = c.shape(1).rank;
  c.need(a_rank >= 1 && b_rank >= 1, "a matrix without dimensions");
  if (a_rank == 1) a = c.as_shape(a, {1, c.shape(0)[0]});
  if (b_rank == 1) b = c.as_shape(b, {c.shape(1)[0], 1});
  // A vector stays as it is seen where matrices are transposed.
  MatmulNdAttr used{a_rank == 1 ? 0 : attr.trans_a, b_rank == 1 ? 0 : attr.trans_b, attr.alpha};
  ValueId y = c.add(kMatmulNd, used, {a, b});
  if (a_rank > 1 && b_rank > 1) return y;
  Shape shape = c.graph()[y].shape;
  if (b_rank == 1) shape = without(shape, shape.rank - 1);
  if (a_rank == 1) shape = without(shape, shape.rank - (b_rank == 1 ? 1 : 2));
  return c.as_shape(y, shape);
}

void import_matmul(OnnxCall& c) { c.out(0, product(c, {})); }

void import_fused_matmul(OnnxCall& c) {
  if (c.integer("transBatchA", 0) || c.integer("transBatchB", 0)) c.unsupported("a product of transposed batches");
  c.out(0, product(c, {c.integer("transA", 0) != 0, c.integer("transB", 0) != 0, c.real("alpha", 1)}));
}

ValueId scaled(OnnxCall& c, ValueId x, double factor) {
  if (factor == 1) return x;
  return c.add(kBinary, BinaryAttr{BinaryKind::mul}, {x, c.scalar(c.graph()[x].dtype, factor)});
}

void import_gemm(OnnxCall& c) {
  c.need(c.shape(0).rank == 2 && c.shape(1).rank == 2, "its inputs are no matrices");
  double alpha = c.real("alpha", 1), beta = c.real("beta", 1);
  ValueId y = c.add(kMatmulNd, MatmulNdAttr{c.integer("transA", 0) != 0, c.integer("transB", 0) != 0, alpha}, {c.in(0), c.in(1)});
  if (c.has(2) && beta != 0) {
    Shape shape = c.graph()[y].shape;
    y = c.add(kBinary, BinaryAttr{BinaryKind::add}, {y, scaled(c, c.in(2), beta)});
    c.need(c.graph()[y].shape == shape, "C has more dimensions, or larger ones, than the product");
  }
  c.out(0, y);
}

void import_det(OnnxCall& c) { c.out(0, c.add(kDet, {}, {c.in(0)})); }

constexpr OnnxOperator kOperators[] = {
    {"MatMul", import_matmul},
    {"FusedMatMul", import_fused_matmul, "com.microsoft"},
    {"Gemm", import_gemm},
    {"Det", import_det},
};

}  // namespace

std::span<const OnnxOperator> onnx_contract() { return kOperators; }

}  // namespace prm
