#include "ops/view.h"

#include <cstring>

namespace prm {

namespace {

void infer_view(ShapeRule& r) {
  r.need(r.inputs() == 1, "needs one input");
  Shape shape = shape_of(r.at<ShapeAttr>());
  Dim before = r.graph.dims.product(r.shape(0), 0, r.shape(0).rank), after = r.graph.dims.product(shape, 0, shape.rank);
  r.need(!before.literal() || !after.literal() || before == after, "the new shape holds another number of values");
  r.out = {{r.x(0).dtype, shape}};
}

Cost cost_view(const OpArgs&) { return {}; }

void reference_view(const OpArgs& a) {
  if (a.y().bytes()) std::memcpy(a.y().data, a.x(0).data, a.y().bytes());
}

}  // namespace

const Op kView{.name = "view", .infer = infer_view, .cost = cost_view, .reference = reference_view, .view = true};

ValueId view_as(Graph& g, ValueId x, const Shape& shape, const String& name) { return g.node(kView, shape_attr(shape), {x}, name); }

}  // namespace prm
