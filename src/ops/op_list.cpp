#include "ops/along_axis.h"
#include "ops/assemble.h"
#include "ops/blocked.h"
#include "ops/blocked_u8.h"
#include "ops/class_loss.h"
#include "ops/contract.h"
#include "ops/conv_transpose.h"
#include "ops/convolution.h"
#include "ops/deform_conv.h"
#include "ops/dft.h"
#include "ops/found.h"
#include "ops/indexing.h"
#include "ops/linear_attention.h"
#include "ops/linear_quant.h"
#include "ops/mask_scores.h"
#include "ops/ngrams.h"
#include "ops/normalize.h"
#include "ops/ops.h"
#include "ops/pattern.h"
#include "ops/pointwise.h"
#include "ops/pooling.h"
#include "ops/rearrange.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/resize.h"
#include "ops/rows_u8.h"
#include "ops/sampling.h"
#include "ops/scatter.h"
#include "ops/unique.h"
#include "ops/view.h"

namespace prm {

namespace {
constexpr const Op* kOps[] = {
    &kEmbed,
    &kSelectRows,
    &kMatmul,
    &kQuantize,
    &kRmsNorm,
    &kAdd,
    &kScale,
    &kGlu,
    &kRopeTable,
    &kRope,
    &kAttention,
    &kAttentionPaged,
    &kKvWrite,
    &kFusedRows,
    &kMatmulGroup,
    &kMatmulGlu,
    &kSoftCap,
    &kMoeRoute,
    &kMoeMatmul,
    &kMoeCombine,
    &kView,
    &kNonZero,
    &kCompress,
    &kNonMaxSuppression,
    &kUnary,
    &kBinary,
    &kWhere,
    &kCast,
    &kQuantizeLinear,
    &kDequantizeLinear,
    &kDynamicQuantize,
    &kRecurrent,
    &kDft,
    &kCountNgrams,
    &kConv,
    &kConvInteger,
    &kPool,
    &kMaxUnpool,
    &kResize,
    &kGridSample,
    &kAffineGrid,
    &kRoiAlign,
    &kConvTranspose,
    &kCol2Im,
    &kDeformConv,
    &kTranspose,
    &kSlice,
    &kExpand,
    &kBitcast,
    &kConcat,
    &kPad,
    &kGather,
    &kGatherElements,
    &kGatherNd,
    &kScatterElements,
    &kScatterNd,
    &kTensorScatter,
    &kRange,
    &kTrilu,
    &kReverseSequence,
    &kUnique,
    &kReduce,
    &kArgExtreme,
    &kSoftmax,
    &kCumulate,
    &kTopK,
    &kMatmulNd,
    &kEinsum,
    &kDet,
    &kNormalize,
    &kLrn,
    &kClassLoss,
    &kMaskScores,
    &kLinearAttention,
    &kCausalConv,
    &kToBlocked,
    &kFromBlocked,
    &kConvBlocked,
    &kConvWinograd,
    &kPoolBlocked,
    &kAffineBlocked,
    &kShuffleBlocked,
    &kConvU8,
    &kSumU8,
    &kQuantizeBlocked,
    &kDequantizeBlocked,
    &kRowsU8,
    &kConvRowsU8,
};
}  // namespace

std::span<const Op* const> op_list() { return kOps; }

ShapeAttr shape_attr(const Shape& shape) {
  ShapeAttr attr{{}, shape.rank};
  for (int i = 0; i < shape.rank; ++i) attr.dim[i] = dim_code(shape[i]);
  return attr;
}

int64_t dim_code(const Dim& dim) { return dim.literal() ? dim.value : -1 - int64_t(dim.expression); }

Dim dim_of(int64_t code) {
  Dim dim(code < 0 ? 0 : code);
  if (code < 0) dim.expression = int32_t(-1 - code);
  return dim;
}

Shape shape_of(const ShapeAttr& attr) {
  Shape shape;
  shape.rank = attr.rank;
  for (int i = 0; i < attr.rank; ++i) shape[i] = dim_of(attr.dim[i]);
  return shape;
}

Shape broadcast_shape(const ShapeRule& rule, const Shape& a, const Shape& b) {
  Shape shape = a.rank >= b.rank ? a : b;
  const Shape& other = a.rank >= b.rank ? b : a;
  int lacks = shape.rank - other.rank;
  for (int i = 0; i < other.rank; ++i) {
    Dim &mine = shape[i + lacks], theirs = other.dims[i];
    if (mine == theirs || theirs == Dim(1)) continue;
    rule.need(mine == Dim(1), mine.literal() && theirs.literal() ? "the shapes do not go together: dimensions that meet are neither equal nor 1"
                                                                 : "the shapes do not go together: an unknown dimension meets one that need not be equal");
    mine = theirs;
  }
  return shape;
}

Cost cost_of_values(const OpArgs& a, double per_value) {
  double bytes = 0;
  for (int i = 0; i < kMaxInputs && a.in[i]; ++i) bytes += double(a.x(i).bytes());
  for (int i = 0; i < kMaxOutputs && a.out[i]; ++i) bytes += double(a.out[i]->bytes());
  return {per_value * double(a.y().count()), bytes};
}

Pieces pieces_of_values(const OpArgs& a) { return {a.y().count(), 16384}; }

Cost cost_of_moving(const OpArgs& a) { return {0, 2 * double(a.y().bytes())}; }

}  // namespace prm
