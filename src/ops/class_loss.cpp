#include "ops/class_loss.h"

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

void infer_class_loss(ShapeRule& r) {
  auto attr = r.at<ClassLossAttr>();
  r.need(r.inputs() == 2 + attr.weighted && is_float(r.x(0).dtype) && is_integer(r.x(1).dtype), "needs scores, classes, and weights as its attributes say");
  const Shape &scores = r.shape(0), &classes = r.shape(1);
  r.need(scores.rank >= 2 && classes.rank == scores.rank - 1, "needs scores of two dimensions or more, and classes of one less");
  for (int i = 0; i < classes.rank; ++i) r.need(classes[i] == scores.dims[i ? i + 1 : 0], "needs a class for each place of its scores");
  if (attr.weighted) r.need(r.x(2).dtype == r.x(0).dtype && r.shape(2) == Shape{scores[1]}, "needs a weight for each class");
  r.out = {{r.x(0).dtype, attr.reduction == LossReduction::none ? classes : Shape()}};
}

Cost cost_class_loss(const OpArgs& a) {
  Cost cost = cost_of_values(a, 0);
  return {4 * double(a.x(1).count()), cost.bytes};
}

void reference_class_loss(const OpArgs& a) {
  auto attr = a.at<ClassLossAttr>();
  AxisView view(a.x(0), 1);
  double sum = 0, weights = 0;
  for (int64_t i = 0; i < view.outer * view.inner; ++i) {
    int64_t c = load_integer(a.x(1), i);
    bool counts = c >= 0 && c < view.n && !(attr.ignores && c == attr.ignored);
    double weight = !counts ? 0 : attr.weighted ? load_value(a.x(2), c) : 1;
    double loss = counts ? -weight * load_value(a.x(0), (i / view.inner * view.n + c) * view.inner + i % view.inner) : 0;
    sum += loss, weights += weight;
    if (attr.reduction == LossReduction::none) store_value(a.y(), i, loss);
  }
  if (attr.reduction != LossReduction::none) store_value(a.y(), 0, attr.reduction == LossReduction::mean ? sum / weights : sum);
}

}  // namespace

const Op kClassLoss{.name = "class_loss", .infer = infer_class_loss, .cost = cost_class_loss, .reference = reference_class_loss};

}  // namespace prm
