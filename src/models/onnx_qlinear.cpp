// Operators over quantized tensors: products of integers, and those of com.microsoft, which are taken apart into dequantizing, the
// operator itself, and quantizing.
#include <algorithm>

#include "models/onnx_lists.h"
#include "models/onnx_windows.h"
#include "ops/assemble.h"
#include "ops/contract.h"
#include "ops/convolution.h"
#include "ops/linear_quant.h"
#include "ops/pointwise.h"
#include "ops/pooling.h"
#include "ops/view.h"
#include "tensor/dense.h"

namespace prm {

namespace {

ValueId cast_to(OnnxCall& c, ValueId v, DType type) { return c.graph()[v].dtype == type ? v : c.add(kCast, CastAttr{type}, {v}); }

// ---- products of integers --------------------------------------------------------------------------------------------

// One value, or one for each index of an axis that counts from the end: in a shape that is broadcast to x's.
ValueId along(OnnxCall& c, ValueId v, int64_t extent, int behind) {
  const Shape& shape = c.graph()[v].shape;
  if (shape.rank == 0 || (shape.rank == 1 && shape[0] == Dim(1))) return v;
  c.need(shape.rank == 1 && shape[0] == Dim(extent), "a scale or zero point has neither one value nor one for each row or column");
  Shape wide{Dim(extent)};
  for (int i = 0; i < behind; ++i) wide.dims[wide.rank++] = 1;
  return c.add(kView, shape_attr(wide), {v});
}

struct Factor {
  int x, zero;
  int behind;  // dimensions behind the one that scales and zero points are along
};

int64_t own_extent(const OnnxCall& c, const Factor& f) {
  c.need(c.shape(f.x).rank > f.behind, "its inputs have too few dimensions");
  return c.extent(c.in(f.x), c.shape(f.x).rank - 1 - f.behind);
}

// x without its zero point, as i32.
ValueId centered(OnnxCall& c, const Factor& f) {
  c.need(c.dtype(f.x) == DType::i8 || c.dtype(f.x) == DType::u8, "its inputs are not of 8 bits");
  ValueId x = cast_to(c, c.in(f.x), DType::i32);
  if (!c.has(f.zero)) return x;
  ValueId zero = cast_to(c, along(c, c.in(f.zero), own_extent(c, f), f.behind), DType::i32);
  return c.add(kBinary, BinaryAttr{BinaryKind::sub}, {x, zero});
}

ValueId integer_product(OnnxCall& c, const Factor& a, const Factor& b) {
  c.need(c.shape(a.x).rank >= 2 && c.shape(b.x).rank >= 2, "its inputs have fewer than 2 dimensions");
  return c.add(kMatmulNd, MatmulNdAttr{}, {centered(c, a), centered(c, b)});
}

void import_matmul_integer(OnnxCall& c) { c.out(0, integer_product(c, {0, 2, 1}, {1, 3, 0})); }

// Inputs a, its scale and zero point, b with its, y's.
void import_qlinear_matmul(OnnxCall& c) {
  Factor a{0, 2, 1}, b{3, 5, 0};
  ValueId sums = cast_to(c, integer_product(c, a, b), DType::f32);
  ValueId scale_a = cast_to(c, along(c, c.in(1), own_extent(c, a), a.behind), DType::f32), scale_b = cast_to(c, along(c, c.in(4), own_extent(c, b), b.behind), DType::f32);
  ValueId scale = c.add(kBinary, BinaryAttr{BinaryKind::mul}, {scale_a, scale_b});
  ValueId product = c.add(kBinary, BinaryAttr{BinaryKind::mul}, {sums, scale});
  c.out(0, c.add(kQuantizeLinear, LinearQuantAttr{c.dtype(7)}, {product, c.in(6), c.in(7)}));
}

// One value, or one for each channel of an image.
ValueId along_channels(OnnxCall& c, ValueId v, int rank, int64_t channels) { return along(c, v, channels, rank - 2); }

// Inputs x, its scale and zero point, w with its, y's, and a bias of i32 in units of both scales.
void import_qlinear_conv(OnnxCall& c) {
  ConvAttr attr = read_conv(c, 3);
  auto zero_of = [&](int i) {
    bool one = c.shape(i).rank == 1 && c.shape(i)[0] == Dim(1);
    return one ? c.add(kView, shape_attr({}), {c.in(i)}) : c.in(i);
  };
  ValueId sums = c.add(kConvInteger, attr, {c.in(0), c.in(3), zero_of(2), zero_of(5)});
  int rank = c.shape(0).rank;
  int64_t channels = c.extent(c.in(3), 0);
  if (c.has(8)) {
    c.need(c.dtype(8) == DType::i32 && c.shape(8).rank == 1, "its bias is no list of i32");
    sums = c.add(kBinary, BinaryAttr{BinaryKind::add}, {sums, along_channels(c, c.in(8), rank, channels)});
  }
  ValueId scale = c.add(kBinary, BinaryAttr{BinaryKind::mul}, {along(c, c.in(1), 1, 0), along_channels(c, c.in(4), rank, channels)});
  ValueId product = c.add(kBinary, BinaryAttr{BinaryKind::mul}, {cast_to(c, sums, DType::f32), scale});
  c.out(0, c.add(kQuantizeLinear, LinearQuantAttr{c.dtype(7)}, {product, c.in(6), c.in(7)}));
}

// ---- dequantize, compute, quantize -----------------------------------------------------------------------------------

ValueId real_input(OnnxCall& c, int x) {  // scale and zero point stand behind it
  Vector<ValueId> in{c.in(x), c.in(x + 1)};
  if (c.has(x + 2)) in.push_back(c.in(x + 2));
  return c.add(kDequantizeLinear, LinearQuantAttr{DType::f32}, in);
}

void quantized_output(OnnxCall& c, ValueId real, int scale) {
  LinearQuantAttr attr{c.has(scale + 1) ? c.dtype(scale + 1) : c.dtype(0)};
  Vector<ValueId> in{real, c.in(scale)};
  if (c.has(scale + 1)) in.push_back(c.in(scale + 1));
  c.out(0, c.add(kQuantizeLinear, attr, in));
}

template <BinaryKind kind>
void import_qlinear_binary(OnnxCall& c) {
  ValueId a = real_input(c, 0), b = real_input(c, 3);
  quantized_output(c, c.add(kBinary, BinaryAttr{kind}, {a, b}), 6);
}

template <UnaryKind kind>
void import_qlinear_unary(OnnxCall& c) {
  UnaryAttr attr{kind};
  if (kind == UnaryKind::leaky_relu) attr.a = c.real("alpha", 0.01f);
  quantized_output(c, c.add(kUnary, attr, {real_input(c, 0)}), 3);
}

void add_qlinear_pool(OnnxCall& c, const PoolAttr& attr) {
  if (c.integer("channels_last", 0) != 0) c.unsupported("channels_last");
  quantized_output(c, c.add(kPool, attr, {real_input(c, 0)}), 3);
}
void import_qlinear_global_average_pool(OnnxCall& c) {
  PoolAttr attr = {};
  attr.kind = PoolKind::average, attr.rank = c.shape(0).rank - 2;
  add_qlinear_pool(c, attr);
}
void import_qlinear_average_pool(OnnxCall& c) { add_qlinear_pool(c, read_average_pool(c)); }

// Inputs y's scale and zero point, then each part with its own.
void import_qlinear_concat(OnnxCall& c) {
  c.need(c.inputs() >= 5 && c.inputs() % 3 == 2, "its inputs do not come in threes behind the first two");
  ConcatAttr attr{c.axis(c.integer("axis"), c.shape(2).rank)};
  ValueId all = real_input(c, 2);
  for (int i = 5; i < c.inputs(); i += 3) all = c.add(kConcat, attr, {all, real_input(c, i)});
  c.out(0, c.add(kQuantizeLinear, LinearQuantAttr{c.dtype(1)}, {all, c.in(0), c.in(1)}));
}

// ---- MatMulNBits -----------------------------------------------------------------------------------------------------

struct Packing {
  int64_t rows, columns, block, blocks;  // [N, K] in blocks along K
  int bits;
  DType type;
};

Packing packing_of(OnnxCall& c) {
  Packing p{c.integer("N"), c.integer("K"), c.integer("block_size"), 0, int(c.integer("bits", 4)), DType::u4};
  c.need(p.rows > 0 && p.columns > 0 && p.block >= 8 && p.rows < (int64_t(1) << 31) && p.columns < (int64_t(1) << 31) && p.block < (int64_t(1) << 31), "N, K or block_size is out of range");
  if (c.integer("bits", 4) != p.bits || (p.bits != 2 && p.bits != 4 && p.bits != 8)) c.unsupported("another number of bits than 2, 4 and 8");
  p.type = p.bits == 2 ? DType::u2 : p.bits == 4 ? DType::u4 : DType::u8;
  p.blocks = (p.columns + p.block - 1) / p.block;
  return p;
}

// `count` values of each row, which begins with a byte of its own.
ValueId unpacked(OnnxCall& c, int input, const Packing& p, int64_t row_bytes, int64_t count, const char* what) {
  if (!c.is_known(c.in(input))) c.unsupported(format_text("{} that are not known when the model is opened", what));
  Tensor data = c.contents(c.in(input));
  int64_t per_byte = 8 / p.bits;
  c.need(data.dtype == DType::u8 && data.count() == p.rows * row_bytes && (count + per_byte - 1) / per_byte <= row_bytes, format_text("{} are of another type or number than N, K and bits ask for", what));
  Vector<uint8_t> values(size_t(p.rows * count));
  for (int64_t row = 0; row < p.rows; ++row)
    for (int64_t i = 0; i < count; ++i)
      values[size_t(row * count + i)] = uint8_t(data.as<uint8_t>()[row * row_bytes + i / per_byte] >> (p.bits * int(i % per_byte)) & ((1 << p.bits) - 1));
  int64_t dims[2] = {p.rows, count};
  return c.constant(p.type, dims, values.data());
}

void import_matmul_nbits(OnnxCall& c) {
  Packing p = packing_of(c);
  if (c.has(4)) c.unsupported("g_idx");
  int64_t block_bytes = (p.block * p.bits + 7) / 8, per_byte = 8 / p.bits, zero_bytes = (p.blocks + per_byte - 1) / per_byte;
  c.need(p.block % per_byte == 0, "block_size ends within a byte");
  ValueId codes = unpacked(c, 1, p, p.blocks * block_bytes, p.columns, "weights");
  ValueId scale = c.add(kView, shape_attr({p.rows, p.blocks}), {c.in(2)}), zero = -1;
  if (!c.has(3)) {
    Vector<uint8_t> middle(size_t(p.rows * p.blocks), uint8_t(1 << (p.bits - 1)));
    int64_t dims[2] = {p.rows, p.blocks};
    zero = c.constant(p.type, dims, middle.data());
  } else {
    if (c.dtype(3) != DType::u8) c.unsupported("zero points that are not packed");
    zero = unpacked(c, 3, p, zero_bytes, p.blocks, "zero points");
  }
  LinearQuantAttr attr{c.dtype(2)};
  attr.axis = 1, attr.block = p.block;
  ValueId weights = c.add(kDequantizeLinear, attr, {codes, scale, zero});
  MatmulNdAttr product;
  product.trans_b = 1;
  c.need(c.shape(0).rank >= 1, "its input is a single value");
  ValueId x = cast_to(c, c.in(0), c.dtype(2));
  const Shape rows = c.shape(0);
  if (rows.rank == 1) x = c.add(kView, shape_attr({1, rows[0]}), {x});
  ValueId y = c.add(kMatmulNd, product, {x, weights});
  if (rows.rank == 1) y = c.add(kView, shape_attr({Dim(p.rows)}), {y});
  if (c.has(5)) y = c.add(kBinary, BinaryAttr{BinaryKind::add}, {y, c.in(5)});
  c.out(0, y);
}

constexpr OnnxOperator kOperators[] = {
    {"MatMulInteger", import_matmul_integer},
    {"QLinearMatMul", import_qlinear_matmul},
    {"QLinearConv", import_qlinear_conv},
    {"QLinearAdd", import_qlinear_binary<BinaryKind::add>, "com.microsoft"},
    {"QLinearMul", import_qlinear_binary<BinaryKind::mul>, "com.microsoft"},
    {"QLinearSigmoid", import_qlinear_unary<UnaryKind::sigmoid>, "com.microsoft"},
    {"QLinearLeakyRelu", import_qlinear_unary<UnaryKind::leaky_relu>, "com.microsoft"},
    {"QLinearGlobalAveragePool", import_qlinear_global_average_pool, "com.microsoft"},
    {"QLinearAveragePool", import_qlinear_average_pool, "com.microsoft"},
    {"QLinearConcat", import_qlinear_concat, "com.microsoft"},
    {"MatMulNBits", import_matmul_nbits, "com.microsoft"},
};

}  // namespace

std::span<const OnnxOperator> onnx_qlinear() { return kOperators; }

}  // namespace prm
