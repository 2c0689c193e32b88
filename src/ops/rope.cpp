// Rotary position embedding (Su et al., "RoFormer", 2021). Angles are a table of their own, made once a step and read by
// every layer of the same base; how they are stretched for longer contexts (YaRN: Peng et al., 2023; LongRoPE: Ding et al.,
// 2024) is the table's matter alone.
#include <algorithm>
#include <cmath>

#include "ops/ops.h"

namespace prm {

namespace {

void infer_table(ShapeRule& r) {
  int dims = r.at<RopeTableAttr>().dims;
  r.need(r.inputs() >= 1 && r.inputs() <= 2 && r.shape(0).rank == 1 && r.x(0).dtype == DType::i32, "needs positions [T] i32");
  r.need(dims > 0 && dims % 2 == 0, "the number of rotated values is odd");
  r.need(r.inputs() == 1 || (r.x(1).dtype == DType::f32 && r.shape(1) == Shape{dims / 2}), "the factors are not [R/2] f32");
  r.out = {{DType::f32, {r.shape(0)[0], dims}}};
}

Cost cost_table(const OpArgs& a) { return {20.0 * double(a.y().count()), double(a.x(0).bytes() + a.y().bytes())}; }

void reference_table(const OpArgs& a) {
  auto attr = a.at<RopeTableAttr>();
  int half = attr.dims / 2;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int i = 0; i < half; ++i) {
      double frequency = std::pow(attr.base, -2.0 * double(i) / double(attr.dims)) / (a.in[1] ? load_value(a.x(1), i) : 1.0);
      double scaled = std::clamp((double(i) - attr.ramp_low) / std::max(0.001, attr.ramp_high - attr.ramp_low), 0.0, 1.0);
      double angle = double(a.x(0).as<int32_t>()[t]) * frequency * (attr.position_scale * scaled + (1.0 - scaled));
      store_value(a.y(), t * attr.dims + i, std::cos(angle) * attr.magnitude);
      store_value(a.y(), t * attr.dims + half + i, std::sin(angle) * attr.magnitude);
    }
}

void infer_rope(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.shape(0).rank == 2 && r.shape(1).rank == 2 && r.shape(0)[0] == r.shape(1)[0], "needs x [T, H*D] and table [T, R]");
  const Dim &c = r.shape(0)[1], &rotated = r.shape(1)[1];
  int64_t D = r.at<RopeAttr>().head_dim;
  r.need(c.literal() && D > 0 && c.value % D == 0, "the heads do not divide the row");
  r.need(rotated.literal() && rotated.value > 0 && rotated.value % 2 == 0 && rotated.value <= D, "the table does not fit the heads");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

Cost cost_rope(const OpArgs& a) { return {3.0 * double(a.x(0).count()), double(2 * a.x(0).bytes() + a.x(1).bytes())}; }

void reference_rope(const OpArgs& a) {
  auto attr = a.at<RopeAttr>();
  int64_t C = a.x(0).dim[1], D = attr.head_dim, R = a.x(1).dim[1], half = R / 2;
  int64_t step = attr.pairing == Pairing::halves ? 1 : 2, apart = attr.pairing == Pairing::halves ? half : 1;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int64_t head = 0; head < C; head += D) {
      for (int64_t i = 0; i < half; ++i) {
        int64_t at = t * C + head + i * step;
        double x0 = load_value(a.x(0), at), x1 = load_value(a.x(0), at + apart);
        double c = load_value(a.x(1), t * R + i), s = load_value(a.x(1), t * R + half + i);
        store_value(a.y(), at, x0 * c - x1 * s);
        store_value(a.y(), at + apart, x0 * s + x1 * c);
      }
      for (int64_t i = t * C + head + R; i < t * C + head + D; ++i) store_value(a.y(), i, load_value(a.x(0), i));
    }
}

}  // namespace

const Op kRopeTable{.name = "rope_table", .infer = infer_table, .cost = cost_table, .reference = reference_table};
const Op kRope{.name = "rope", .infer = infer_rope, .cost = cost_rope, .reference = reference_rope};

ValueId rope_table(Graph& g, ValueId positions, const RopeTableAttr& attr, const String& name, ValueId factors) {
  Vector<ValueId> in = {positions};
  if (factors >= 0) in.push_back(factors);
  return g.node(kRopeTable, attr, std::move(in), name);
}
ValueId rope(Graph& g, ValueId x, ValueId table, const RopeAttr& attr, const String& name) {
  return g.node(kRope, attr, {x, table}, name);
}

}  // namespace prm
