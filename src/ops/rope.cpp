// Rotary position embedding (Su et al., "RoFormer", 2021), pairs (i, i + D/2). Angles are a table of their own, made once a
// step and read by every layer of the same base.
#include "base/numeric.h"
#include "ops/ops.h"

namespace prm {

namespace {

void infer_table(ShapeRule& r) {
  int head_dim = r.at<RopeTableAttr>().head_dim;
  r.need(r.inputs() == 1 && r.shape(0).rank == 1 && r.x(0).dtype == DType::i32, "needs positions [T] i32");
  r.need(head_dim > 0 && head_dim % 2 == 0, "the head size is odd");
  r.out = {{DType::f32, {r.shape(0)[0], head_dim}}};
}

Cost cost_table(const OpArgs& a) { return {20.0 * double(a.y().count()), double(a.x(0).bytes() + a.y().bytes())}; }

void reference_table(const OpArgs& a) {
  auto attr = a.at<RopeTableAttr>();
  int half = attr.head_dim / 2;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int i = 0; i < half; ++i) {
      double frequency = std::pow(attr.base, -2.0 * double(i) / double(attr.head_dim));
      double angle = double(a.x(0).as<int32_t>()[t]) * attr.position_scale * frequency;
      store_value(a.y(), t * attr.head_dim + i, std::cos(angle));
      store_value(a.y(), t * attr.head_dim + half + i, std::sin(angle));
    }
}

void infer_rope(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.shape(0).rank == 2 && r.shape(1).rank == 2 && r.shape(0)[0] == r.shape(1)[0], "needs x [T, H*D] and table [T, D]");
  const Dim &c = r.shape(0)[1], &d = r.shape(1)[1];
  r.need(c.literal() && d.literal() && d.value > 0 && c.value % d.value == 0, "the heads do not divide the row");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

Cost cost_rope(const OpArgs& a) { return {3.0 * double(a.x(0).count()), double(2 * a.x(0).bytes() + a.x(1).bytes())}; }

void reference_rope(const OpArgs& a) {
  int64_t C = a.x(0).dim[1], D = a.x(1).dim[1], half = D / 2;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int64_t head = 0; head < C; head += D)
      for (int64_t i = 0; i < half; ++i) {
        int64_t at = t * C + head + i;
        double x0 = load_value(a.x(0), at), x1 = load_value(a.x(0), at + half);
        double c = load_value(a.x(1), t * D + i), s = load_value(a.x(1), t * D + half + i);
        store_value(a.y(), at, x0 * c - x1 * s);
        store_value(a.y(), at + half, x0 * s + x1 * c);
      }
}

}  // namespace

const Op kRopeTable{.name = "rope_table", .infer = infer_table, .cost = cost_table, .reference = reference_table};
const Op kRope{.name = "rope", .infer = infer_rope, .cost = cost_rope, .reference = reference_rope};

ValueId rope_table(Graph& g, ValueId positions, const RopeTableAttr& attr, const String& name) {
  return g.node(kRopeTable, attr, {positions}, name);
}
ValueId rope(Graph& g, ValueId x, ValueId table, const String& name) { return g.node(kRope, {}, {x, table}, name); }

}  // namespace prm
