// Operators whose results have as many values as are found.
#include <algorithm>

#include "models/onnx_lists.h"
#include "ops/found.h"
#include "ops/view.h"

namespace prm {

namespace {

void import_non_zero(OnnxCall& c) {
  ValueId x = c.in(0);
  if (c.shape(0).rank == 0) x = c.add(kView, shape_attr({1}), {x});
  c.out(0, c.add(kNonZero, {}, {x}));
}

void import_compress(OnnxCall& c) {
  const OnnxAttribute* axis = c.attribute("axis", OnnxAttributeKind::integer);
  c.out(0, c.add(kCompress, CompressAttr{axis ? c.axis(axis->integer, c.shape(0).rank) : -1}, {c.in(0), c.in(1)}));
}

void import_suppression(OnnxCall& c) {
  SuppressionAttr attr{};
  double most = c.number(2).value_or(0);
  attr.most = most > 0 ? int64_t(std::min(most, 1e9)) : 0;
  attr.least_overlap = float(c.number(3).value_or(0));
  attr.any_score = !c.has(4);
  attr.least_score = float(c.number(4).value_or(0));
  attr.centred = c.integer("center_point_box", 0) != 0;
  c.out(0, c.add(kNonMaxSuppression, attr, {c.in(0), c.in(1)}));
}

constexpr OnnxOperator kOperators[] = {
    {"NonZero", import_non_zero},
    {"Compress", import_compress},
    {"NonMaxSuppression", import_suppression},
};

}  // namespace

std::span<const OnnxOperator> onnx_found() { return kOperators; }

}  // namespace prm
