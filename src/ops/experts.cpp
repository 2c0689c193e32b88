// Mixture of experts (Shazeer et al., 2017; Jiang et al., "Mixtral of Experts", 2024): a router chooses a few of a layer's
// experts for each token, their matmuls run for that token alone, and what they give is added with the router's weights.
#include <algorithm>
#include <cmath>

#include "ops/experts.h"

namespace prm {

namespace {

void infer_route(ShapeRule& r) {
  auto attr = r.at<RouteAttr>();
  r.need(r.inputs() == 1 && r.shape(0).rank == 2 && r.shape(0)[1].literal(), "needs logits [T, E]");
  r.need(r.shape(0)[1].value <= kMostExperts, "there are more than 1024 experts");
  r.need(attr.used > 0 && attr.used <= r.shape(0)[1].value, "more experts are used than there are");
  r.out = {{DType::i32, {r.shape(0)[0], attr.used}}, {r.x(0).dtype, {r.shape(0)[0], attr.used}}};
}

Cost cost_route(const OpArgs& a) {
  return {double(a.x(0).count()) * (10.0 + a.at<RouteAttr>().used), double(a.x(0).bytes() + a.y(0).bytes() + a.y(1).bytes())};
}

void reference_route(const OpArgs& a) {
  auto attr = a.at<RouteAttr>();
  int64_t E = a.x(0).dim[1], k = attr.used;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t) {
    auto logit = [&](int64_t e) { return load_value(a.x(0), t * E + e); };
    int32_t* chosen = a.y(0).as<int32_t>() + t * k;
    choose_experts(E, k, logit, chosen);
    double top = logit(chosen[0]), all = 0, used = 0;
    for (int64_t e = 0; e < E; ++e) all += std::exp(logit(e) - top);
    for (int64_t j = 0; j < k; ++j) used += std::exp(logit(chosen[j]) - top) / all;
    for (int64_t j = 0; j < k; ++j)
      store_value(a.y(1), t * k + j, std::exp(logit(chosen[j]) - top) / all / (attr.renormalize ? std::max(used, double(kLeastRouteSum)) : 1.0) * double(attr.scale));
  }
}

void infer_matmul(ShapeRule& r) {
  int64_t E = r.at<ExpertsAttr>().experts;
  r.need(r.inputs() == 3 && r.shape(0).rank == 2 && r.shape(1).rank == 2 && r.shape(2).rank == 2, "needs x [T, K] or [T, k*K], w [E*N, K] and experts [T, k]");
  const Dim &rows = r.shape(1)[0], &K = r.shape(1)[1], &k = r.shape(2)[1], &c = r.shape(0)[1];
  r.need(r.x(2).dtype == DType::i32 && r.shape(2)[0] == r.shape(0)[0] && k.literal(), "the experts are not [T, k] i32");
  r.need(E > 0 && rows.literal() && rows.value % E == 0, "the experts do not divide the rows");
  r.need(c.literal() && K.literal() && (c.value == K.value || c.value == K.value * k.value), "the inner extents differ");
  Graph one;  // types as for any matmul
  one.dims = r.graph.dims;
  ValueId y = matmul(one, one.input(r.x(0).name, r.x(0).dtype, {r.shape(0)[0], K}), one.input(r.x(1).name, r.x(1).dtype, r.shape(1)), r.name);
  r.out = {{one[y].dtype, {r.shape(0)[0], rows.value / E * k.value}}};
}

Cost cost_matmul(const OpArgs& a) {
  double used = double(a.x(2).count()), part = std::min(1.0, used / double(a.at<ExpertsAttr>().experts));
  return {2.0 * double(a.y().count()) * double(a.x(1).dim[1]), double(a.x(0).bytes() + a.y().bytes()) + part * double(a.x(1).bytes())};
}

void reference_matmul(const OpArgs& a) {
  int64_t k = a.x(2).dim[1];
  for (int64_t slot = 0; slot < a.x(2).count(); ++slot) {
    ExpertSlot at(a, slot / k, slot % k);
    OpArgs part;
    part.in[0] = &at.x, part.in[1] = &at.w, part.out[0] = &at.y;
    kMatmul.reference(part);
  }
}

void infer_combine(ShapeRule& r) {
  r.need(r.inputs() == 2 || r.inputs() == 4, "needs parts [T, k*C] and weights [T, k], and maybe a shared expert's [T, C] with its gate [T, 1]");
  const Shape &parts = r.shape(0), &weights = r.shape(1);
  r.need(parts.rank == 2 && weights.rank == 2 && parts[0] == weights[0] && parts[1].literal() && weights[1].literal(), "needs parts [T, k*C] and weights [T, k]");
  r.need(weights[1].value > 0 && parts[1].value % weights[1].value == 0, "the weights do not divide the parts");
  Dim C = parts[1].value / weights[1].value;
  if (r.inputs() == 4) r.need(r.shape(2) == Shape{parts[0], C} && r.shape(3) == Shape{parts[0], 1}, "the shared expert is not [T, C] with a gate [T, 1]");
  for (int i = 1; i < r.inputs(); ++i) r.need(r.x(i).dtype == r.x(0).dtype, "the inputs differ in type");
  r.out = {{r.x(0).dtype, {parts[0], C}}};
}

Cost cost_combine(const OpArgs& a) { return {2.0 * double(a.x(0).count()), double(a.x(0).bytes() + a.y().bytes())}; }

void reference_combine(const OpArgs& a) {
  int64_t C = a.y().dim[1], k = a.x(1).dim[1];
  for (int64_t t = 0; t < a.y().dim[0]; ++t)
    for (int64_t c = 0; c < C; ++c) {
      double sum = 0;
      for (int64_t j = 0; j < k; ++j) sum += load_value(a.x(1), t * k + j) * load_value(a.x(0), (t * k + j) * C + c);
      if (a.in[2]) sum += load_value(a.x(2), t * C + c) / (1.0 + std::exp(-load_value(a.x(3), t)));
      store_value(a.y(), t * C + c, sum);
    }
}

}  // namespace

ExpertSlot::ExpertSlot(const OpArgs& a, int64_t t, int64_t j) {
  const Tensor &all = a.x(1), &chosen = a.x(2);
  int64_t K = all.dim[1], k = chosen.dim[1], N = all.dim[0] / a.at<ExpertsAttr>().experts;
  expert = chosen.as<int32_t>()[t * k + j];
  x = Tensor(a.x(0).dtype, {1, K}, a.x(0).row<std::byte>(t));
  if (a.x(0).dim[1] != K) x.data += size_t(j) * x.row_bytes();
  w = Tensor(all.dtype, {N, K}, all.row<std::byte>(expert * N));
  y = Tensor(a.y().dtype, {1, N}, a.y().row<std::byte>(t) + size_t(j * N) * size_t(info(a.y().dtype).bytes));
}

const Op kMoeRoute{.name = "moe_route", .infer = infer_route, .cost = cost_route, .reference = reference_route};
const Op kMoeMatmul{.name = "moe_matmul", .infer = infer_matmul, .cost = cost_matmul, .reference = reference_matmul};
const Op kMoeCombine{.name = "moe_combine", .infer = infer_combine, .cost = cost_combine, .reference = reference_combine};

Routes moe_route(Graph& g, ValueId logits, const RouteAttr& attr, const String& name) {
  g.node(kMoeRoute, attr, {logits}, name);
  const Vector<ValueId>& out = g.nodes.back().out;
  return {out[0], out[1]};
}
ValueId moe_matmul(Graph& g, ValueId x, ValueId w, ValueId experts, int64_t count, const String& name) {
  return g.node(kMoeMatmul, ExpertsAttr{int32_t(count)}, {x, w, experts}, name);
}
ValueId moe_combine(Graph& g, ValueId parts, ValueId weights, const String& name, ValueId shared, ValueId gate) {
  Vector<ValueId> in = {parts, weights};
  if (shared >= 0) in.insert(in.end(), {shared, gate});
  return g.node(kMoeCombine, {}, std::move(in), name);
}

}  // namespace prm
