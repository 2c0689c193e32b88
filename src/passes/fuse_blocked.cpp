// What follows a convolution of blocked values goes into it: factors and shifts of channels (batch norms), one addition (residuals), an
// activation; and runs of factors and shifts become one. Constants are joined in double.
#include <algorithm>

#include "graph/rewrite.h"
#include "ops/blocked.h"
#include "ops/pointwise.h"
#include "passes/channel_values.h"
#include "passes/passes.h"

namespace prm {

namespace {

// A convolution, or a factor and shift, and what of the nodes behind it goes into it.
struct Chain {
  const Node* base;
  const Node* last;
  Vector<double> factor, shift;
  ValueId more = -1;
  Activation act = Activation::none;
  float a = 0, b = 0;

  bool conv() const { return base->op == &kConvBlocked || base->op == &kConvWinograd; }
};

struct BlockedFuser {
  const Graph& graph;
  MemoryAccount& account;
  Readers readers;
  Map<const Node*, Chain> chains;  // by the node in whose place they stand
  Set<const Node*> gone;

  BlockedFuser(const Graph& from, MemoryAccount& pays) : graph(from), account(pays), readers(from) {}

  Vector<double> values(ValueId v) const { return channel_values(graph[v], graph[v].data.count(), nullptr); }

  void set_activation(Chain& c, Activation act, float a, float b) const { c.act = act, c.a = a, c.b = b; }

  // Behind hard_swish: one factor and one shift for all channels.
  bool take_scale(Chain& c, const Node& n) const {
    if (n.op != &kAffineBlocked || !c.conv() || c.act != Activation::hard_swish || n.attr.as<AffineAttr>().act != Activation::none) return false;
    Vector<double> factor = values(n.in[1]), shift = values(n.in[2]);
    for (int64_t i = 1; i < graph[c.base->in[1]].shape[0].value; ++i)
      if (factor[size_t(i)] != factor[0] || shift[size_t(i)] != shift[0]) return false;
    c.a = float(double(c.a) * factor[0]), c.b = float(double(c.b) * factor[0] + shift[0]);
    return true;
  }
  bool take_affine(Chain& c, const Node& n) const {
    if (n.op != &kAffineBlocked || c.more >= 0) return false;
    Vector<double> factor = values(n.in[1]), shift = values(n.in[2]);
    for (size_t i = 0; i < factor.size(); ++i) c.factor[i] *= factor[i], c.shift[i] = c.shift[i] * factor[i] + shift[i];
    auto attr = n.attr.as<AffineAttr>();
    set_activation(c, attr.act, attr.a, attr.b);
    return true;
  }
  bool take_unary(Chain& c, const Node& n) const {
    if (n.op != &kUnary) return false;
    auto attr = n.attr.as<UnaryAttr>();
    switch (attr.kind) {
      case UnaryKind::relu: set_activation(c, Activation::relu, 0, 0); return true;
      case UnaryKind::clip: set_activation(c, Activation::clip, float(attr.a), float(attr.b)); return true;
      case UnaryKind::hard_swish: set_activation(c, Activation::hard_swish, 1, 0); return true;
      default: return false;
    }
  }
  bool take_addition(Chain& c, const Node& n) const {
    if (n.op != &kBinary || n.attr.as<BinaryAttr>().kind != BinaryKind::add || !c.conv() || c.more >= 0) return false;
    ValueId mine = c.last->out[0], other = n.in[n.in[0] == mine ? 1 : 0];
    if (other == mine || !(graph[other].shape == graph[mine].shape) || graph[other].kind == ValueKind::constant) return false;
    c.more = other;
    return true;
  }

  bool take(Chain& c, const Node& next) const {
    return c.act == Activation::none ? take_affine(c, next) || take_unary(c, next) || take_addition(c, next) : take_scale(c, next);
  }

  void follow(const Node& base) {
    Chain c{&base, &base, {}, {}};
    int first = c.conv() ? 2 : 1;
    for (ValueId v : {base.in[size_t(first)], base.in[size_t(first) + 1]})
      if (graph[v].kind != ValueKind::constant) return;
    c.factor = values(base.in[size_t(first)]), c.shift = values(base.in[size_t(first) + 1]);
    if (c.conv()) {
      auto attr = base.attr.as<ConvAttr>();
      set_activation(c, attr.act, attr.a, attr.b);
      if (base.in.size() > 4) c.more = base.in[4];
    } else {
      auto attr = base.attr.as<AffineAttr>();
      set_activation(c, attr.act, attr.a, attr.b);
    }
    while (const Node* next = readers.only(c.last->out[0])) {
      if (gone.count(next) || !take(c, *next)) break;
      gone.insert(c.last);
      c.last = next;
    }
    if (c.last == &base) return;
    gone.insert(c.last);
    chains.emplace(c.last, c);
  }

  void emit(Rewriter& r, const Chain& c) const {
    int64_t channels = int64_t(c.factor.size());
    Vector<ValueId> in{r.use(c.base->in[0])};
    if (c.conv()) in.push_back(r.use(c.base->in[1]));
    in.push_back(add_channel_values(r.to, c.last->name + ".factor", c.factor, channels, account));
    in.push_back(add_channel_values(r.to, c.last->name + ".shift", c.shift, channels, account));
    if (c.more >= 0) in.push_back(r.use(c.more));
    Attr attr = AffineAttr{c.act, c.a, c.b};
    if (c.conv()) {
      auto of_conv = c.base->attr.as<ConvAttr>();
      of_conv.act = c.act, of_conv.a = c.a, of_conv.b = c.b;
      attr = of_conv;
    }
    r.map[size_t(c.last->out[0])] = r.to.node(*c.base->op, attr, std::move(in), graph[c.last->out[0]].name);
  }

  Graph run() {
    for (const Node& n : graph.nodes)
      if (!gone.count(&n) && (n.op == &kConvBlocked || n.op == &kConvWinograd || n.op == &kAffineBlocked)) follow(n);
    Rewriter r(graph);
    r.keep_inputs();
    for (const Node& n : graph.nodes) {
      if (auto chain = chains.find(&n); chain != chains.end()) emit(r, chain->second);
      else if (!gone.count(&n)) r.copy(n);
    }
    return r.finish();
  }
};

}  // namespace

Graph fuse_blocked(Graph graph, MemoryAccount& account) {
  if (!has_any_op(graph, {&kConvBlocked, &kConvWinograd, &kAffineBlocked})) return graph;
  return BlockedFuser(graph, account).run();
}

}  // namespace prm
