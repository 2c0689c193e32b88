// Matmuls of one x as one node: a group with an output each, and the gated pair of feed-forward blocks.
#include <algorithm>

#include "ops/ops.h"

namespace prm {

namespace {

int weights_of(const OpArgs& a) {
  int n = 0;
  while (n + 1 < kMaxInputs && a.in[n + 1]) ++n;
  return n;
}

std::pair<DType, Shape> infer_one(const ShapeRule& r, int weight) {
  Vector<ValueId> in = {r.in[0], r.in[size_t(weight)]};
  ShapeRule part{r.graph, kMatmul, r.attr, in, r.name, {}};
  kMatmul.infer(part);
  return part.out[0];
}

void infer_group(ShapeRule& r) {
  r.need(r.inputs() >= 2 && r.inputs() <= kMaxOutputs + 1, "needs x and one to four weights");
  for (int i = 1; i < r.inputs(); ++i) r.out.push_back(infer_one(r, i));
}

Cost cost_group(const OpArgs& a) {
  Cost cost{0, double(a.x(0).bytes())};
  for (int i = 0; i < weights_of(a); ++i) {
    cost.flops += 2.0 * double(a.x(0).count()) * double(a.x(i + 1).dim[0]);
    cost.bytes += double(a.x(i + 1).bytes() + a.y(i).bytes());
  }
  return cost;
}

void reference_group(const OpArgs& a) {
  for (int i = 0; i < weights_of(a); ++i) {
    OpArgs part = a;
    part.in[1] = a.in[i + 1];
    part.out[0] = a.out[i];
    kMatmul.reference(part);
  }
}

void infer_gated(ShapeRule& r) {
  r.need(r.inputs() == 3, "needs x, gate and up");
  r.out = {infer_one(r, 1)};
  r.need(infer_one(r, 2) == r.out[0], "gate and up differ in shape");
}

Cost cost_gated(const OpArgs& a) {
  double N = double(a.x(1).dim[0]);
  return {4.0 * double(a.x(0).count()) * N + double(a.y().count()),
          double(a.x(0).bytes() + a.x(1).bytes() + a.x(2).bytes() + a.y().bytes())};
}

// A few outputs of one token at a time: what lies between the three ops is rounded to their type.
void reference_gated(const OpArgs& a) {
  constexpr int64_t kPiece = 64;
  double gate[kPiece], up[kPiece];  // room for either type
  DType type = a.y().dtype;
  int64_t N = a.x(1).dim[0], K = a.x(0).dim[1];
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int64_t n = 0; n < N; n += kPiece) {
      int64_t count = std::min(kPiece, N - n);
      Tensor x(a.x(0).dtype, {1, K}, a.x(0).row<std::byte>(t)), y(type, {1, count}, a.y().row<std::byte>(t) + n * info(type).bytes);
      Tensor values[2] = {Tensor(type, {1, count}, gate), Tensor(type, {1, count}, up)};
      for (int i = 0; i < 2; ++i) {
        Tensor w(a.x(i + 1).dtype, {count, K}, a.x(i + 1).row<std::byte>(n));
        OpArgs part;
        part.in[0] = &x, part.in[1] = &w, part.out[0] = &values[i];
        kMatmul.reference(part);
      }
      OpArgs part;
      part.in[0] = &values[0], part.in[1] = &values[1], part.out[0] = &y, part.attr = a.attr;
      kGlu.reference(part);
    }
}

}  // namespace

const Op kMatmulGroup{.name = "matmul_group", .infer = infer_group, .cost = cost_group, .reference = reference_group};
const Op kMatmulGlu{.name = "matmul_glu", .infer = infer_gated, .cost = cost_gated, .reference = reference_gated};

ValueId matmul_group(Graph& g, ValueId x, const Vector<ValueId>& weights, const String& name) {
  Vector<ValueId> in = {x};
  in.insert(in.end(), weights.begin(), weights.end());
  return g.node(kMatmulGroup, {}, std::move(in), name);
}
ValueId matmul_glu(Graph& g, ValueId x, ValueId gate, ValueId up, Gate act, const String& name) {
  return g.node(kMatmulGlu, GluAttr{act}, {x, gate, up}, name);
}

}  // namespace prm
