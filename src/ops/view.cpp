#include "ops/view.h"

#include <cstring>

namespace prm {

namespace {

// Whether the one extent that is not known is what the known ones leave of `before`, rounded down: never more values than there are.
bool fills(DimTable& dims, Dim before, const Shape& shape) {
  int64_t known = 1;
  const Dim* open = nullptr;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape.dims[i].literal()) known = dims.multiply(known, shape.dims[i]).value;
    else if (open) return false;
    else open = &shape.dims[i];
  }
  return open && !before.literal() && known > 0 && *open == dims.divide(before, known);
}

void infer_view(ShapeRule& r) {
  r.need(r.inputs() == 1, "needs one input");
  Shape shape = shape_of(r.at<ShapeAttr>());
  Dim before = r.graph.dims.product(r.shape(0), 0, r.shape(0).rank), after = r.graph.dims.product(shape, 0, shape.rank);
  r.need(before == after || fills(r.graph.dims, before, shape), "the new shape holds another number of values, or may do so");
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
