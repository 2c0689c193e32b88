// Attention and what goes with it. Kinds of it are nodes of matmul, masks and softmax here; what is best computed at once, passes find.
#include <cmath>

#include "models/onnx_lists.h"
#include "ops/along_axis.h"
#include "ops/assemble.h"
#include "ops/contract.h"
#include "ops/indexing.h"
#include "ops/linear_attention.h"
#include "ops/mask_scores.h"
#include "ops/pointwise.h"
#include "ops/rearrange.h"
#include "tensor/dense.h"

namespace prm {

namespace {

const Shape& shape_of(const OnnxCall& c, ValueId v) { return c.graph()[v].shape; }
ValueId middle_swapped(OnnxCall& c, ValueId x) { return c.add(kTranspose, TransposeAttr{{0, 2, 1, 3}}, {x}); }

// [B, T, H*D] as [B, T, H, D]
ValueId split_heads(OnnxCall& c, ValueId x, int64_t heads) {
  const Shape s = shape_of(c, x);
  int64_t width = c.extent(x, 2);
  c.need(heads > 0 && width % heads == 0, "the heads do not divide an input's rows");
  return c.as_shape(x, {s[0], s[1], heads, width / heads});
}

// ---- products of heads -----------------------------------------------------------------------------------------------

// a [B, H, Q, .] times b [B, G, ..]: H/G neighbouring heads of a go with one of b, as rows of one matrix.
ValueId heads_product(OnnxCall& c, ValueId a, ValueId b, const MatmulNdAttr& attr) {
  const Shape x = shape_of(c, a);
  int64_t heads = c.extent(a, 1), shared = c.extent(b, 1);
  c.need(shared > 0 && heads % shared == 0, "the heads of keys and values do not divide those of queries");
  Dim rows = c.graph().dims.multiply(x[2], heads / shared);
  ValueId y = c.add(kMatmulNd, attr, {c.as_shape(a, {x[0], shared, rows, x[3]}), b});
  return c.as_shape(y, {x[0], x[1], x[2], shape_of(c, y)[3]});
}

double score_scale(const OnnxCall& c, ValueId q) {
  int64_t size = c.extent(q, 3);
  c.need(size > 0, "heads without values");
  return c.real("scale", 1 / std::sqrt(double(size)));
}

void need_heads(const OnnxCall& c, ValueId q, ValueId k, ValueId v) {
  for (ValueId x : {q, k, v}) c.need(shape_of(c, x).rank == 4 && is_float(c.graph()[x].dtype), "q, k and v are not [B, H, T, D] of floats");
  const Shape &sq = shape_of(c, q), &sk = shape_of(c, k), &sv = shape_of(c, v);
  c.need(c.graph()[q].dtype == c.graph()[k].dtype, "q and k are of two types");
  c.need(sk[0] == sq[0] && sv[0] == sq[0] && sv[1] == sk[1] && sv[2] == sk[2] && sk[3] == sq[3], "q, k and v do not go together");
}

// ---- Attention -------------------------------------------------------------------------------------------------------

// The scores as they are masked; the same value where nothing masks them.
ValueId masked(OnnxCall& c, ValueId scores) {
  bool past = c.has(4), filled = c.has(6);
  c.need(!past || !filled, "it has keys from before, and numbers of keys as well");
  MaskScoresAttr attr{c.integer("left_window_size", -1), c.integer("right_window_size", -1), QueryOffset::none, c.has(3)};
  c.need(attr.left >= -1 && attr.right >= -1, "a window's size is below -1");
  if (c.integer("is_causal", 0)) attr.right = 0;
  bool by_place = attr.left >= 0 || attr.right >= 0;
  if (!by_place && !attr.masked && !filled) return scores;
  Vector<ValueId> in{scores};
  if (attr.masked) in.push_back(c.in(3));
  if (filled) attr.offset = QueryOffset::filled, in.push_back(c.in(6));
  if (past && by_place) attr.offset = QueryOffset::past, in.push_back(c.in(4));
  return c.add(kMaskScores, attr, std::move(in));
}

ValueId behind_past(OnnxCall& c, int past, ValueId x) { return c.has(past) ? c.add(kConcat, ConcatAttr{2}, {c.in(past), x}) : x; }

DType softmax_type(const OnnxCall& c, DType otherwise) {
  if (!c.attribute("softmax_precision", OnnxAttributeKind::integer)) return otherwise;
  std::optional<DType> type = onnx_dtype(OnnxType(c.integer("softmax_precision")));
  c.need(type && is_float(*type), "softmax_precision is no type of floats");
  return *type;
}

void import_attention(OnnxCall& c) {
  bool packed = c.shape(0).rank == 3;
  ValueId q = c.in(0), k = c.in(1), v = c.in(2);
  if (packed) {
    c.need(c.shape(1).rank == 3 && c.shape(2).rank == 3, "q, k and v differ in rank");
    q = middle_swapped(c, split_heads(c, q, c.integer("q_num_heads")));
    k = middle_swapped(c, split_heads(c, k, c.integer("kv_num_heads")));
    v = middle_swapped(c, split_heads(c, v, c.integer("kv_num_heads")));
  }
  c.need(c.has(4) == c.has(5), "it has past keys or past values, not both");
  k = behind_past(c, 4, k), v = behind_past(c, 5, v);
  need_heads(c, q, k, v);
  c.out(1, k);
  c.out(2, v);

  DType type = c.dtype(0);
  ValueId scores[4];  // by qk_matmul_output_mode
  scores[0] = scores[1] = heads_product(c, q, k, {0, 1, score_scale(c, q)});
  if (double cap = c.real("softcap", 0); cap != 0) {
    c.need(cap > 0 && std::isfinite(cap), "softcap is below 0");
    scores[1] = c.add(kSoftCap, SoftCapAttr{float(cap)}, {scores[0]});
  }
  scores[2] = masked(c, scores[1]);
  scores[3] = c.as_type(c.add(kSoftmax, SoftmaxAttr{3, SoftmaxKind::plain, 1}, {c.as_type(scores[2], softmax_type(c, type))}), type);
  int64_t mode = c.integer("qk_matmul_output_mode", 0);
  c.need(mode >= 0 && mode <= 3, "qk_matmul_output_mode is none of 0 to 3");
  c.out(3, scores[mode]);

  ValueId y = heads_product(c, scores[3], c.as_type(v, type), {});
  if (packed) {
    const Shape s = shape_of(c, y);
    y = c.as_shape(middle_swapped(c, y), {s[0], s[2], c.graph().dims.multiply(s[1], s[3])});
  }
  c.out(0, y);
}

// ---- FlexAttention ---------------------------------------------------------------------------------------------------

// What a graph in an attribute makes of x; x itself without one.
ValueId modified(OnnxCall& c, std::string_view attribute, ValueId x) {
  const OnnxAttribute* given = c.attribute(attribute, OnnxAttributeKind::graph);
  if (!given) return x;
  const OnnxGraph& body = c.importer.model.graphs[given->graphs[0]];
  c.need(body.inputs.size() == 1 && body.outputs.size() == 1, "a modifier does not make one value of one");
  OnnxScope scope{.around = &c.scope, .opsets = c.scope.opsets, .prefix = c.importer.unique_name(attribute) + "/"};
  scope.values[body.inputs[0].name] = x;
  ValueId y = c.importer.import_graph(given->graphs[0], scope)[0];
  c.need(shape_of(c, y) == shape_of(c, x) && c.graph()[y].dtype == c.graph()[x].dtype, "a modifier changes the shape or the type of its input");
  return y;
}

void import_flex_attention(OnnxCall& c) {
  need_heads(c, c.in(0), c.in(1), c.in(2));
  DType type = c.dtype(0), precision = softmax_type(c, type == DType::f64 ? DType::f64 : DType::f32);
  ValueId scores = c.as_type(heads_product(c, c.in(0), c.in(1), {0, 1, score_scale(c, c.in(0))}), precision);
  ValueId likely = modified(c, "prob_mod", c.add(kSoftmax, SoftmaxAttr{3}, {modified(c, "score_mod", scores)}));
  c.out(0, heads_product(c, c.as_type(likely, type), c.as_type(c.in(2), type), {}));
}

// ---- rotary embedding ------------------------------------------------------------------------------------------------

// [B*T, R]: cosines, then sines, of each token
ValueId rotation_table(OnnxCall& c, const Dim& batch, const Dim& tokens) {
  int rank = c.has(3) ? 2 : 3;
  c.need(c.shape(1).rank == rank && c.shape(1) == c.shape(2), "its cosines and sines are no tables for its positions");
  ValueId table = c.add(kConcat, ConcatAttr{rank - 1}, {c.in(1), c.in(2)});
  if (c.has(3)) {
    c.need(c.shape(3) == Shape{batch, tokens}, "it has no position for each token");
    table = c.add(kGather, GatherAttr{0}, {table, c.in(3)});
  }
  const Shape s = shape_of(c, table);
  c.need(s[0] == batch && s[1] == tokens, "its cosines and sines are not for each token");
  return c.as_shape(table, {c.graph().dims.multiply(batch, tokens), s[2]});
}

void import_rotary_embedding(OnnxCall& c) {
  bool packed = c.shape(0).rank == 3;
  c.need(packed || c.shape(0).rank == 4, "its input has neither 3 nor 4 dimensions");
  c.need(c.dtype(0) == c.dtype(1) && c.dtype(0) == c.dtype(2) && is_float(c.dtype(0)), "its inputs are not floats of one type");
  ValueId x = packed ? split_heads(c, c.in(0), c.integer("num_heads")) : middle_swapped(c, c.in(0));
  const Shape heads = shape_of(c, x);  // [B, T, H, D]
  int64_t size = c.extent(x, 3), rotated = c.integer("rotary_embedding_dim", 0);
  c.need(size <= INT32_MAX, "its heads are too large");
  ValueId table = rotation_table(c, heads[0], heads[1]);
  c.need(c.extent(table, 1) == (rotated ? rotated : size), "its cosines are not for half of the values that are rotated");
  ValueId rows = c.as_shape(x, {shape_of(c, table)[0], c.graph().dims.multiply(heads[2], heads[3])});
  RopeAttr attr{int32_t(size), c.integer("interleaved", 0) ? Pairing::neighbours : Pairing::halves};
  ValueId y = c.add(kRope, attr, {rows, table});
  c.out(0, packed ? c.as_shape(y, c.shape(0)) : middle_swapped(c, c.as_shape(y, heads)));
}

// ---- layers with a state ---------------------------------------------------------------------------------------------

void import_linear_attention(OnnxCall& c) {
  std::string_view rule = c.text("update_rule", "gated_delta");
  c.need(rule == "linear" || rule == "gated" || rule == "delta" || rule == "gated_delta", "update_rule is none of linear, gated, delta and gated_delta");
  c.need(c.has(4) == rule.starts_with("gated") && c.has(5) == rule.ends_with("delta"), "its update_rule asks for other inputs than it has");
  int64_t heads = c.integer("q_num_heads"), kv_heads = c.integer("kv_num_heads");
  c.need(heads > 0 && kv_heads > 0 && heads <= INT32_MAX && heads % kv_heads == 0, "the heads of keys and values do not divide those of queries");
  c.need(c.shape(0).rank == 3, "its queries are not [B, T, H*D]");
  int64_t size = c.extent(c.in(0), 2) / heads;
  double scale = c.real("scale", 0);
  LinearAttentionAttr attr{scale != 0 ? scale : 1 / std::sqrt(double(size)), int32_t(heads), int32_t(kv_heads), c.has(3), c.has(4), c.has(5)};
  Vector<ValueId> in;
  for (int i = 0; i < 6; ++i)
    if (i < 3 || c.has(i)) in.push_back(c.in(i));
  Vector<ValueId> made = c.add_all(kLinearAttention, attr, std::move(in));
  c.out(0, made[0]);
  c.out(1, made[1]);
}

void import_causal_conv(OnnxCall& c) {
  std::string_view activation = c.text("activation", "none");
  c.need(activation == "none" || activation == "silu" || activation == "swish", "activation is none of none, silu and swish");
  Vector<ValueId> in;
  for (int i = 0; i < 4; ++i)
    if (i < 2 || c.has(i)) in.push_back(c.in(i));
  Vector<ValueId> made = c.add_all(kCausalConv, CausalConvAttr{c.has(2), c.has(3)}, std::move(in));
  c.out(0, activation == "none" ? made[0] : c.add(kUnary, UnaryAttr{UnaryKind::swish, 0, 1}, {made[0]}));
  c.out(1, made[1]);
}

constexpr OnnxOperator kOperators[] = {
    {"Attention", import_attention},
    {"FlexAttention", import_flex_attention, "ai.onnx.preview"},
    {"RotaryEmbedding", import_rotary_embedding},
    {"LinearAttention", import_linear_attention},
    {"CausalConvWithState", import_causal_conv},
};

}  // namespace

std::span<const OnnxOperator> onnx_attention() { return kOperators; }

}  // namespace prm
