// Operators that bring values to a mean, a variance or a norm, and losses.
#include <cmath>

#include "models/onnx_lists.h"
#include "ops/along_axis.h"
#include "ops/class_loss.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "tensor/dense.h"

namespace prm {

namespace {

ValueId joined(OnnxCall& c, BinaryKind kind, ValueId a, ValueId b) { return c.add(kBinary, BinaryAttr{kind}, {a, b}); }

// ---- layers ----------------------------------------------------------------------------------------------------------

DType statistics_type(const OnnxCall& c) {
  std::optional<DType> type = onnx_dtype(OnnxType(c.integer("stash_type", 1)));
  c.need(type && is_float(*type), "stash_type is no type of floats");
  return *type;
}

// Of what `x` is, with inputs `gain` and `bias` of the node as far as it has them.
Vector<ValueId> normalized(OnnxCall& c, ValueId x, NormalizeAttr attr, int gain, int bias) {
  Vector<ValueId> in{x};
  attr.gain = c.has(gain), attr.bias = c.has(bias);
  if (attr.gain) in.push_back(c.in(gain));
  if (attr.bias) in.push_back(c.in(bias));
  return c.add_all(kNormalize, attr, std::move(in));
}

void import_layer_normalization(OnnxCall& c) {
  NormalizeAttr attr{c.real("epsilon", 1e-5f), c.axis(c.integer("axis", -1), c.shape(0).rank)};
  attr.statistics = c.wants(1) || c.wants(2);
  attr.statistics_type = statistics_type(c);
  Vector<ValueId> made = normalized(c, c.in(0), attr, 1, 2);
  for (size_t i = 0; i < made.size(); ++i) c.out(int(i), made[i]);
}

// The result is of the gain's type.
void import_rms_normalization(OnnxCall& c) {
  NormalizeAttr attr{c.real("epsilon", 1e-5f), c.axis(c.integer("axis", -1), c.shape(0).rank), 0};
  if (c.dtype(0) == c.dtype(1)) return c.out(0, normalized(c, c.in(0), attr, 1, 2)[0]);
  ValueId y = c.add(kNormalize, attr, {c.in(0)});
  c.out(0, joined(c, BinaryKind::mul, c.as_type(y, c.dtype(1)), c.in(1)));
}

// As contributed to ONNX Runtime: its second output is 1 / RMS.
void import_simplified_layer_normalization(OnnxCall& c) {
  NormalizeAttr attr{c.real("epsilon", 1e-5f), c.axis(c.integer("axis", -1), c.shape(0).rank), 0};
  attr.statistics = c.wants(1);
  Vector<ValueId> made = normalized(c, c.in(0), attr, 1, 2);
  c.out(0, made[0]);
  if (attr.statistics) c.out(1, made[2]);
}

// input + skip (+ bias), which output 3 is, normalized. Its inputs are input, skip, gamma, then beta where centred, then bias.
template <bool centred>
void import_skip_normalization(OnnxCall& c) {
  int bias = centred ? 4 : 3;
  ValueId sum = joined(c, BinaryKind::add, c.in(0), c.in(1));
  if (c.has(bias)) sum = joined(c, BinaryKind::add, sum, c.in(bias));
  c.need(c.graph()[sum].shape == c.shape(0), "what is added has more dimensions, or larger ones, than its input");
  NormalizeAttr attr{c.real("epsilon", 1e-12f), c.axis(-1, c.shape(0).rank), centred};
  attr.statistics = c.wants(1) || c.wants(2);
  Vector<ValueId> made = normalized(c, sum, attr, 2, centred ? 3 : c.inputs());
  for (size_t i = 0; i < made.size(); ++i) c.out(int(i), made[i]);
  if (c.wants(3)) c.out(3, sum);
}

// ---- channels --------------------------------------------------------------------------------------------------------

// x [N, C, ..] in groups of channels, with gain and bias for each channel, or for each group until version 21.
void normalize_groups(OnnxCall& c, int64_t groups, bool by_group) {
  const Shape x = c.shape(0);
  c.need(x.rank >= 2, "its input has less than 2 dimensions");
  int64_t channels = c.extent(c.in(0), 1);
  c.need(groups > 0 ? channels % groups == 0 : channels == 0, "the groups do not divide the channels");
  int64_t each = groups > 0 ? channels / groups : 1;
  Shape grouped{x[0], groups, each, c.graph().dims.product(x, 2, x.rank)}, per_channel{groups, by_group ? 1 : each, 1};
  Vector<ValueId> in{c.as_shape(c.in(0), grouped)};
  for (int i = 1; i < 3; ++i) in.push_back(c.as_shape(c.in(i), per_channel));
  NormalizeAttr attr{c.real("epsilon", 1e-5f), 2, 1, 1, 1};
  c.out(0, c.as_shape(c.add(kNormalize, attr, std::move(in)), x));
}

void import_group_normalization(OnnxCall& c) { normalize_groups(c, c.integer("num_groups"), c.version < 21); }
void import_instance_normalization(OnnxCall& c) {
  c.need(c.shape(0).rank >= 2, "its input has less than 2 dimensions");  // before its second one is asked for
  normalize_groups(c, c.extent(c.in(0), 1), false);
}

// As one product and one sum for each channel, which a convolution in front may take in.
void import_batch_normalization(OnnxCall& c) {
  if (c.version >= 14 && c.integer("training_mode", 0)) c.unsupported("training");
  if (c.version < 9 && !c.integer("spatial", 1)) c.unsupported("a mean for each place");
  const Shape x = c.shape(0);
  c.need(x.rank >= 2, "its input has less than 2 dimensions");
  DType type = c.dtype(0) == DType::f64 ? DType::f64 : DType::f32;
  Shape per_channel{x[1]};
  for (int i = 1; i < 5; ++i) c.need(c.shape(i) == per_channel && is_float(c.dtype(i)), "an input is not one number for each channel");
  while (per_channel.rank < x.rank - 1) per_channel[per_channel.rank++] = 1;
  auto channels = [&](int i) { return c.as_shape(c.as_type(c.in(i), type), per_channel); };
  ValueId variance = joined(c, BinaryKind::add, channels(4), c.scalar(type, c.real("epsilon", 1e-5f)));
  ValueId factor = joined(c, BinaryKind::div, channels(1), c.add(kUnary, UnaryAttr{UnaryKind::sqrt}, {variance}));
  ValueId shift = joined(c, BinaryKind::sub, channels(2), joined(c, BinaryKind::mul, channels(3), factor));
  ValueId y = joined(c, BinaryKind::add, joined(c, BinaryKind::mul, c.as_type(c.in(0), type), factor), shift);
  c.out(0, c.as_type(y, c.dtype(0)));
}

// ---- norms -----------------------------------------------------------------------------------------------------------

// Above 0, so that zeros stay zeros.
double least_positive(DType type) { return std::ldexp(1.0, type == DType::f16 ? -24 : type == DType::bf16 ? -133 : type == DType::f32 ? -149 : -1074); }

void import_lp_normalization(OnnxCall& c) {
  int64_t p = c.integer("p", 2);
  c.need(p == 1 || p == 2, "p is neither 1 nor 2");
  uint32_t axes = 1u << c.axis(c.integer("axis", -1), c.shape(0).rank);
  ValueId norm = c.add(kReduce, ReduceAttr{p == 1 ? ReduceKind::l1 : ReduceKind::l2, axes, 1}, {c.in(0)});
  norm = c.add(kUnary, UnaryAttr{UnaryKind::clip, 0, least_positive(c.dtype(0)), HUGE_VAL}, {norm});
  c.out(0, joined(c, BinaryKind::div, c.in(0), norm));
}

void import_mean_variance_normalization(OnnxCall& c) {
  int rank = c.shape(0).rank;
  ReduceAttr mean{ReduceKind::mean, 0, 1};
  for (int64_t axis : c.list("axes").value_or(Vector<int64_t>{0, 2, 3})) mean.axes |= 1u << c.axis(axis, rank);
  ValueId distance = joined(c, BinaryKind::sub, c.in(0), c.add(kReduce, mean, {c.in(0)}));
  ValueId variance = c.add(kReduce, mean, {joined(c, BinaryKind::mul, distance, distance)});
  ValueId deviation = c.add(kUnary, UnaryAttr{UnaryKind::sqrt}, {variance});
  c.out(0, joined(c, BinaryKind::div, distance, joined(c, BinaryKind::add, deviation, c.scalar(c.dtype(0), 1e-9))));
}

void import_lrn(OnnxCall& c) {
  int64_t size = c.integer("size");
  c.need(size > 0, "size is not above 0");
  c.out(0, c.add(kLrn, LrnAttr{c.real("alpha", 1e-4f), c.real("beta", 0.75), c.real("bias", 1), size}, {c.in(0)}));
}

// ---- losses ----------------------------------------------------------------------------------------------------------

ValueId class_loss(OnnxCall& c, ValueId log_probabilities) {
  std::string_view reduction = c.text("reduction", "mean");
  c.need(reduction == "mean" || reduction == "sum" || reduction == "none", "reduction is none of mean, sum and none");
  ClassLossAttr attr{c.integer("ignore_index", 0), c.attribute("ignore_index", OnnxAttributeKind::integer) != nullptr, c.has(2),
                     reduction == "mean" ? LossReduction::mean : reduction == "sum" ? LossReduction::sum : LossReduction::none};
  Vector<ValueId> in{log_probabilities, c.in(1)};
  if (attr.weighted) in.push_back(c.in(2));
  return c.add(kClassLoss, attr, std::move(in));
}

void import_negative_log_likelihood(OnnxCall& c) { c.out(0, class_loss(c, c.in(0))); }
void import_softmax_cross_entropy(OnnxCall& c) {
  c.need(c.shape(0).rank >= 2, "its scores have less than 2 dimensions");
  ValueId log_probabilities = c.add(kSoftmax, SoftmaxAttr{1, SoftmaxKind::log}, {c.in(0)});
  c.out(0, class_loss(c, log_probabilities));
  c.out(1, log_probabilities);
}

constexpr OnnxOperator kOperators[] = {
    {"LayerNormalization", import_layer_normalization},
    {"RMSNormalization", import_rms_normalization},
    {"SimplifiedLayerNormalization", import_simplified_layer_normalization},
    {"SimplifiedLayerNormalization", import_simplified_layer_normalization, "com.microsoft"},
    {"SkipLayerNormalization", import_skip_normalization<true>, "com.microsoft"},
    {"SkipSimplifiedLayerNormalization", import_skip_normalization<false>, "com.microsoft"},
    {"GroupNormalization", import_group_normalization},
    {"InstanceNormalization", import_instance_normalization},
    {"BatchNormalization", import_batch_normalization},
    {"LpNormalization", import_lp_normalization},
    {"MeanVarianceNormalization", import_mean_variance_normalization},
    {"LRN", import_lrn},
    {"NegativeLogLikelihoodLoss", import_negative_log_likelihood},
    {"SoftmaxCrossEntropyLoss", import_softmax_cross_entropy},
};

}  // namespace

std::span<const OnnxOperator> onnx_normalize() { return kOperators; }

}  // namespace prm
