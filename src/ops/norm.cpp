// Root-mean-square norm (Zhang and Sennrich, 2019): y = x / sqrt(mean(x^2) + eps) * gain, over runs of D values.
#include <cmath>

#include "ops/ops.h"

namespace prm {

namespace {

void infer_norm(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.shape(0).rank == 2 && r.shape(1).rank == 1, "needs x [T, C] and gain [D]");
  const Dim &c = r.shape(0)[1], &d = r.shape(1)[0];
  r.need(c.literal() && d.literal() && d.value > 0 && c.value % d.value == 0, "the gain does not divide the row");
  r.need(r.x(1).dtype == r.x(0).dtype, "gain and x differ in type");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

Cost cost_norm(const OpArgs& a) { return {4.0 * double(a.x(0).count()), double(a.x(0).bytes() + a.x(1).bytes() + a.y().bytes())}; }

void reference_norm(const OpArgs& a) {
  int64_t D = a.x(1).dim[0];
  for (int64_t begin = 0; begin < a.x(0).count(); begin += D) {
    double squares = 0;
    for (int64_t i = 0; i < D; ++i) squares += load_value(a.x(0), begin + i) * load_value(a.x(0), begin + i);
    double inverse = 1.0 / std::sqrt(squares / double(D) + double(a.at<NormAttr>().eps));
    for (int64_t i = 0; i < D; ++i) store_value(a.y(), begin + i, load_value(a.x(0), begin + i) * inverse * load_value(a.x(1), i));
  }
}

}  // namespace

const Op kRmsNorm{.name = "rms_norm", .infer = infer_norm, .cost = cost_norm, .reference = reference_norm};

ValueId rms_norm(Graph& g, ValueId x, ValueId gain, float eps, const String& name) {
  return g.node(kRmsNorm, NormAttr{eps}, {x, gain}, name);
}

}  // namespace prm
