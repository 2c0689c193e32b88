// add (also of a bias row), scale, soft cap, and the gated activations of feed-forward blocks (Shazeer, "GLU variants", 2020).
#include <cmath>

#include "ops/ops.h"

namespace prm {

namespace {

Cost cost_elementwise(const OpArgs& a) {
  double bytes = double(a.y().bytes());
  for (int i = 0; i < kMaxInputs && a.in[i]; ++i) bytes += double(a.x(i).bytes());
  return {double(a.y().count()), bytes};
}

void infer_add(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.x(0).dtype == r.x(1).dtype, "needs two inputs of one type");
  const Shape &a = r.shape(0), &b = r.shape(1);
  r.need(a == b || (b.rank == 1 && a.rank >= 1 && a[-1] == b[0]), "the shapes differ, and the second is no bias row");
  r.out = {{r.x(0).dtype, a}};
}

void reference_add(const OpArgs& a) {
  int64_t wrap = a.x(1).count();
  for (int64_t i = 0; i < a.y().count(); ++i) store_value(a.y(), i, load_value(a.x(0), i) + load_value(a.x(1), i % wrap));
}

void infer_scale(ShapeRule& r) {
  r.need(r.inputs() == 1, "needs one input");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

void reference_scale(const OpArgs& a) {
  for (int64_t i = 0; i < a.y().count(); ++i) store_value(a.y(), i, load_value(a.x(0), i) * double(a.at<ScaleAttr>().factor));
}

void infer_glu(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.x(0).dtype == r.x(1).dtype && r.shape(0) == r.shape(1), "gate and up differ in shape or type");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

void infer_soft_cap(ShapeRule& r) {
  float cap = r.at<SoftCapAttr>().cap;
  r.need(r.inputs() == 1, "needs one input");
  r.need(cap > 0 && std::isfinite(cap), "the cap is no positive number");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

void reference_soft_cap(const OpArgs& a) {
  double cap = double(a.at<SoftCapAttr>().cap);
  for (int64_t i = 0; i < a.y().count(); ++i) store_value(a.y(), i, cap * std::tanh(load_value(a.x(0), i) / cap));
}

double activate(Gate gate, double x) {
  if (gate == Gate::silu) return x / (1.0 + std::exp(-x));
  return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

void reference_glu(const OpArgs& a) {
  for (int64_t i = 0; i < a.y().count(); ++i)
    store_value(a.y(), i, activate(a.at<GluAttr>().gate, load_value(a.x(0), i)) * load_value(a.x(1), i));
}

}  // namespace

const Op kAdd{.name = "add", .infer = infer_add, .cost = cost_elementwise, .reference = reference_add};
const Op kScale{.name = "scale", .infer = infer_scale, .cost = cost_elementwise, .reference = reference_scale};
const Op kGlu{.name = "glu", .infer = infer_glu, .cost = cost_elementwise, .reference = reference_glu};
const Op kSoftCap{.name = "soft_cap", .infer = infer_soft_cap, .cost = cost_elementwise, .reference = reference_soft_cap};

ValueId add(Graph& g, ValueId a, ValueId b, const String& name) { return g.node(kAdd, {}, {a, b}, name); }
ValueId scale(Graph& g, ValueId x, float factor, const String& name) { return g.node(kScale, ScaleAttr{factor}, {x}, name); }
ValueId glu(Graph& g, ValueId gate, ValueId up, Gate act, const String& name) {
  return g.node(kGlu, GluAttr{act}, {gate, up}, name);
}
ValueId soft_cap(Graph& g, ValueId x, float cap, const String& name) { return g.node(kSoftCap, SoftCapAttr{cap}, {x}, name); }

}  // namespace prm
