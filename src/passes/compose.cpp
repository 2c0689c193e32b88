// Functions of one value that exporters spell out in several nodes.
#include <cmath>
#include <optional>

#include "graph/rewrite.h"
#include "ops/pointwise.h"
#include "passes/channel_values.h"
#include "passes/passes.h"

namespace prm {

namespace {

struct Composer {
  const Graph& graph;
  const FileBytes* file;

  const Node* maker(ValueId v, const Op& op) const {
    const Value& value = graph[v];
    if (value.kind != ValueKind::result) return nullptr;
    const Node& node = graph.nodes[size_t(value.producer)];
    return node.op == &op ? &node : nullptr;
  }
  // A constant of one value that is about `wanted`.
  bool is_number(ValueId v, double wanted) const {
    const Value& value = graph[v];
    if (value.kind != ValueKind::constant || value.dtype != DType::f32 || value.data.count() != 1) return false;
    return std::fabs(double(constant_values(value, file)[0]) - wanted) <= 1e-6 * std::fabs(wanted);
  }
  // The argument of f(x), where v is one.
  std::optional<ValueId> argument(ValueId v, UnaryKind kind, double a = 0, double b = 0) const {
    const Node* n = maker(v, kUnary);
    if (!n) return {};
    auto attr = n->attr.as<UnaryAttr>();
    bool same = attr.kind == kind && std::fabs(attr.a - a) <= 1e-6 && std::fabs(attr.b - b) <= 1e-6;
    return same ? std::optional(n->in[0]) : std::nullopt;
  }
  // The other operand, where v is a binary op of `other` and it; either way round for sums and products.
  std::optional<ValueId> beside(ValueId v, BinaryKind kind, ValueId other) const {
    const Node* n = maker(v, kBinary);
    if (!n || n->attr.as<BinaryAttr>().kind != kind) return {};
    if (n->in[0] == other) return n->in[1];
    if (n->in[1] == other && (kind == BinaryKind::mul || kind == BinaryKind::add)) return n->in[0];
    return {};
  }
  std::optional<ValueId> beside(ValueId v, BinaryKind kind, double number) const {
    const Node* n = maker(v, kBinary);
    if (!n || n->attr.as<BinaryAttr>().kind != kind) return {};
    if (is_number(n->in[1], number)) return n->in[0];
    if ((kind == BinaryKind::mul || kind == BinaryKind::add) && is_number(n->in[0], number)) return n->in[1];
    return {};
  }
  // v is u * number, or u / (1 / number).
  std::optional<ValueId> scaled(ValueId v, double number) const {
    auto by = beside(v, BinaryKind::mul, number);
    return by ? by : beside(v, BinaryKind::div, 1 / number);
  }

  // Products of x and a function of it: calls fn(x, factor) for both ways round, until it says yes.
  template <class Fn>
  std::optional<ValueId> of_product(ValueId v, Fn&& fn) const {
    const Node* n = maker(v, kBinary);
    if (!n || n->attr.as<BinaryAttr>().kind != BinaryKind::mul) return {};
    for (int i = 0; i < 2; ++i)
      if (fn(n->in[size_t(i)], n->in[size_t(1 - i)])) return n->in[size_t(i)];
    return {};
  }

  bool is_ramp(ValueId x, ValueId v) const {  // clip(x + 3, 0, 6)
    auto sum = argument(v, UnaryKind::clip, 0, 6);
    return sum && beside(*sum, BinaryKind::add, 3.0) == x;
  }
  bool is_gate(ValueId x, ValueId v) const {  // the same / 6
    auto ramp = scaled(v, 1.0 / 6);
    return argument(v, UnaryKind::hard_sigmoid, 1.0 / 6, 0.5) == x || (ramp && is_ramp(x, *ramp));
  }
  std::optional<ValueId> hard_swish(ValueId v) const {
    if (auto x = of_product(v, [&](ValueId of, ValueId factor) { return is_gate(of, factor); })) return x;
    auto product = scaled(v, 1.0 / 6);
    if (!product) return {};
    return of_product(*product, [&](ValueId of, ValueId factor) { return is_ramp(of, factor); });
  }
  std::optional<ValueId> swish(ValueId v) const {
    return of_product(v, [&](ValueId of, ValueId factor) { return argument(factor, UnaryKind::sigmoid) == of; });
  }

  bool is_normal_sum(ValueId x, ValueId v) const {  // 1 + erf(x / sqrt 2)
    auto error = beside(v, BinaryKind::add, 1.0);
    auto of = error ? argument(*error, UnaryKind::erf) : std::nullopt;
    return of && scaled(*of, std::sqrt(0.5)) == x;
  }
  std::optional<ValueId> gelu(ValueId v) const {
    if (auto product = scaled(v, 0.5))  // (x (1 + erf)) / 2
      if (auto x = of_product(*product, [&](ValueId of, ValueId factor) { return is_normal_sum(of, factor); })) return x;
    std::optional<ValueId> x;
    of_product(v, [&](ValueId of, ValueId factor) {
      if (auto half = scaled(factor, 0.5); half && is_normal_sum(of, *half)) x = of;             // x ((1 + erf) / 2)
      if (auto half = scaled(of, 0.5); half && is_normal_sum(*half, factor)) x = half;           // (x / 2) (1 + erf)
      return x.has_value();
    });
    return x;
  }

  std::pair<UnaryAttr, std::optional<ValueId>> function_of(ValueId v) const {
    if (auto x = hard_swish(v)) return {{UnaryKind::hard_swish}, x};
    if (auto x = swish(v)) return {{UnaryKind::swish, 0, 1}, x};
    return {{UnaryKind::gelu}, gelu(v)};
  }

  Graph run() const {
    Rewriter r(graph);
    r.keep_inputs();
    for (const Node& n : graph.nodes) {
      ValueId v = n.out[0];
      auto [attr, x] = function_of(v);
      bool composes = n.op == &kBinary && x && graph[v].dtype == DType::f32 && graph[*x].shape == graph[v].shape;
      if (composes) r.map[size_t(v)] = r.to.node(kUnary, attr, {r.use(*x)}, graph[v].name);
      else r.copy(n);
    }
    return live_part(r.finish());
  }
};

}  // namespace

Graph compose_functions(Graph graph, const FileBytes* file) {
  if (!has_any_op(graph, {&kUnary}) || !has_any_op(graph, {&kBinary})) return graph;
  return Composer{graph, file}.run();
}

}  // namespace prm
