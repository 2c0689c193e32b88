// Channels in blocks of 16 (ops/blocked.h): convolutions and pools become their blocked forms, and what stands between them works on
// blocked values as well; a value is brought into blocks, or out of them, where somebody wants it so, and once.
#include "ops/blocked.h"

#include "graph/rewrite.h"
#include "ops/assemble.h"
#include "ops/convolution.h"
#include "ops/pointwise.h"
#include "ops/pooling.h"
#include "ops/rearrange.h"
#include "ops/resize.h"
#include "ops/view.h"
#include "passes/channel_values.h"
#include "passes/passes.h"

namespace prm {

namespace {

constexpr int64_t kFewOutputs = 8;  // of a group: with less, most of what a block computes is thrown away

// F(2x2, 3x3) saves more products than its turning costs from here on: an estimate, which a measurement may move.
constexpr int64_t kWinogradChannels = 32, kWinogradOutputs = 14 * 14;

struct Blocker {
  const Graph& graph;
  const FileBytes* file;
  MemoryAccount& account;
  Rewriter r;
  Map<ValueId, ValueId> blocked;  // of values of `graph`
  Readers readers;                // of `graph`
  Set<const Node*> done;          // in another's place

  Blocker(const Graph& from, const FileBytes* of, MemoryAccount& pays) : graph(from), file(of), account(pays), r(from), readers(from) {}

  bool can_be_blocked(ValueId v) const {
    const Value& value = graph[v];
    return value.dtype == DType::f32 && value.shape.rank >= 3 && value.shape.rank <= 2 + kMaxSpatial && value.shape[1].literal() && value.shape[1].value > 0;
  }
  bool is_constant(ValueId v) const { return graph[v].kind == ValueKind::constant; }

  ValueId add(const Op& op, const Attr& attr, Vector<ValueId> in, const String& name) { return r.to.node(op, attr, std::move(in), name); }
  ValueId as_blocked(ValueId v) {
    auto [found, added] = blocked.try_emplace(v, -1);
    if (added) found->second = add(kToBlocked, {}, {r.use(v)}, graph[v].name + ".blocked");
    return found->second;
  }
  ValueId as_plain(ValueId v) {
    auto found = blocked.find(v);
    if (r.map[size_t(v)] < 0 && found != blocked.end())
      r.map[size_t(v)] = add(kFromBlocked, FromBlockedAttr{graph[v].shape[1].value}, {found->second}, graph[v].name);
    return r.use(v);
  }
  void put(const Node& n, const Op& op, const Attr& attr, Vector<ValueId> in) { blocked[n.out[0]] = add(op, attr, std::move(in), graph[n.out[0]].name + ".blocked"); }

  // One value a channel as a constant of whole blocks.
  ValueId channel_constant(const String& name, const Vector<double>& values, int64_t channels) {
    return add_channel_values(r.to, name, values, channels, account);
  }

  bool suits_winograd(const ConvAttr& attr, const Shape& x, const Shape& w, const Shape& y) const {
    if (attr.rank != 2 || attr.group != 1 || !(w[2] == Dim(3)) || !(w[3] == Dim(3)) || !y[0].literal() || !y[2].literal() || !y[3].literal()) return false;
    for (int i = 0; i < 2; ++i)
      if (attr.stride[i] != 1 || attr.dilation[i] != 1) return false;
    return x[1].value >= kWinogradChannels && w[0].value >= kWinogradChannels && y[2].value * y[3].value >= kWinogradOutputs;
  }

  bool block_conv(const Node& n) {
    if (n.op != &kConv || !can_be_blocked(n.in[0]) || !can_be_blocked(n.out[0]) || !is_constant(n.in[1])) return false;
    if (n.in.size() > 2 && !is_constant(n.in[2])) return false;
    auto attr = n.attr.as<ConvAttr>();
    const Shape &x = graph[n.in[0]].shape, &w = graph[n.in[1]].shape;
    int64_t O = w[0].value, outputs = O / attr.group;
    if (attr.group > 1 && !(outputs == 1 && w[1] == Dim(1)) && outputs < kFewOutputs) return false;
    Vector<double> shift = n.in.size() > 2 ? channel_values(graph[n.in[2]], O, file) : Vector<double>(size_t(O), 0.0);
    bool plain = attr.group == 1 && x[1].value < kChannelBlock && !blocked.count(n.in[0]);
    put(n, suits_winograd(attr, x, w, graph[n.out[0]].shape) ? kConvWinograd : kConvBlocked, attr,
        {plain ? as_plain(n.in[0]) : as_blocked(n.in[0]), r.use(n.in[1]), channel_constant(n.name + ".factor", Vector<double>(size_t(O), 1.0), O),
         channel_constant(n.name + ".shift", shift, O)});
    return true;
  }

  bool block_pool(const Node& n) {
    if (n.op != &kPool || !can_be_blocked(n.in[0])) return false;
    auto attr = n.attr.as<PoolAttr>();
    if (attr.kind == PoolKind::lp || attr.indices != PoolIndices::none) return false;
    put(n, kPoolBlocked, attr, {as_blocked(n.in[0])});
    return true;
  }

  // A constant that has one value a channel of v, or one for all.
  bool is_per_channel(ValueId c, ValueId v) const {
    const Shape &of = graph[c].shape, &x = graph[v].shape;
    if (!is_constant(c) || graph[c].dtype != DType::f32 || of.rank > x.rank) return false;
    for (int i = 0; i < of.rank; ++i) {
      bool channel = i + x.rank - of.rank == 1;
      if (!(of.dims[i] == Dim(1)) && !(channel && of.dims[i] == x[1])) return false;
    }
    return true;
  }

  // x * c, x + c, x - c, c - x: exact as one fma; -0 is what adds nothing to any number.
  bool block_affine(const Node& n, bool first) {
    ValueId x = n.in[first ? 0 : 1], c = n.in[first ? 1 : 0];
    BinaryKind kind = n.attr.as<BinaryAttr>().kind;
    bool difference = kind == BinaryKind::sub;
    if (!blocked.count(x) || !is_per_channel(c, x) || (kind != BinaryKind::mul && kind != BinaryKind::add && !difference)) return false;
    int64_t C = graph[x].shape[1].value;
    Vector<double> values = channel_values(graph[c], C, file), factor(size_t(C), difference && !first ? -1.0 : 1.0), shift(size_t(C), -0.0);
    if (kind == BinaryKind::mul) factor = values;
    else shift = values;
    if (difference && first)
      for (double& value : shift) value = -value;
    put(n, kAffineBlocked, AffineAttr{}, {as_blocked(x), channel_constant(n.name + ".factor", factor, C), channel_constant(n.name + ".shift", shift, C)});
    return true;
  }

  // Two values of the same channels whose other extents are equal, or 1.
  bool go_together(ValueId a, ValueId b) const {
    const Shape &left = graph[a].shape, &right = graph[b].shape;
    if (!can_be_blocked(a) || !can_be_blocked(b) || left.rank != right.rank || !(left[1] == right[1])) return false;
    for (int i = 0; i < left.rank; ++i)
      if (!(left[i] == right[i]) && !(left[i] == Dim(1)) && !(right[i] == Dim(1))) return false;
    return true;
  }

  bool block_binary(const Node& n) {
    if (n.op != &kBinary || graph[n.out[0]].dtype != DType::f32 || graph[n.in[1]].dtype != DType::f32) return false;
    ValueId a = n.in[0], b = n.in[1];
    if (!blocked.count(a) && !blocked.count(b)) return false;
    if (block_affine(n, true) || block_affine(n, false)) return true;
    auto one_value = [&](ValueId v) { return is_constant(v) && graph[v].shape.rank <= graph[n.out[0]].shape.rank && channels_of(v) == 1; };
    if (one_value(b)) return put(n, kBinary, n.attr, {as_blocked(a), r.use(b)}), true;
    if (one_value(a)) return put(n, kBinary, n.attr, {r.use(a), as_blocked(b)}), true;
    if (!go_together(a, b)) return false;
    return put(n, kBinary, n.attr, {as_blocked(a), as_blocked(b)}), true;
  }
  int64_t channels_of(ValueId v) const { return graph[v].data.count(); }

  bool block_unary(const Node& n) {
    if (n.op != &kUnary || !blocked.count(n.in[0]) || graph[n.out[0]].dtype != DType::f32) return false;
    return put(n, kUnary, n.attr, {as_blocked(n.in[0])}), true;
  }

  // Channels behind channels: whole blocks, but for the last of them.
  bool block_concat(const Node& n) {
    if (n.op != &kConcat || n.attr.as<ConcatAttr>().axis != 1) return false;
    bool any = false;
    for (ValueId v : n.in) {
      if (!can_be_blocked(v) || (v != n.in.back() && graph[v].shape[1].value % kChannelBlock)) return false;
      any = any || blocked.count(v);
    }
    if (!any) return false;
    Vector<ValueId> in;
    for (ValueId v : n.in) in.push_back(as_blocked(v));
    return put(n, kConcat, n.attr, std::move(in)), true;
  }

  // Resizing that leaves samples and channels as they are: the geometry gets a column for the values of a block.
  bool block_resize(const Node& n) {
    if (n.op != &kResize || !blocked.count(n.in[0]) || graph[n.out[0]].dtype != DType::f32 || !is_constant(n.in[1])) return false;
    auto attr = n.attr.as<ResizeAttr>();
    const Shape &x = graph[n.in[0]].shape, &y = graph[n.out[0]].shape;
    const double* scale = graph[n.in[1]].data.as<double>();
    for (int i = 0; i < 2; ++i)
      if (!(x[i] == y[i]) || (scale[i] != 0 && scale[i] != 1) || attr.place == ResizePlace::region) return false;
    auto buffer = make_charged<Buffer>(size_t(3 * (x.rank + 1)) * sizeof(double), account, MemoryKind::weights, n.name);
    Tensor geometry(DType::f64, {3, x.rank + 1}, buffer->data());
    for (int row = 0; row < 3; ++row)
      for (int i = 0; i <= x.rank; ++i) geometry.as<double>()[row * (x.rank + 1) + i] = i < x.rank ? scale[row * x.rank + i] : row == 1 ? 0 : 1;
    Shape to{y[0], (y[1].value + kChannelBlock - 1) / kChannelBlock};
    for (int i = 2; i < y.rank; ++i) to.dims[to.rank++] = y[i];
    to.dims[to.rank++] = kChannelBlock;
    attr.shape = shape_attr(to);
    return put(n, kResize, attr, {as_blocked(n.in[0]), r.to.constant(n.name + ".geometry", geometry, buffer)}), true;
  }

  // What another pass brought into blocks, or out of them, stays there.
  bool stays_blocked(const Node& n) {
    if (n.op == &kFromBlocked) {
      blocked[n.out[0]] = r.use(n.in[0]);
      return true;
    }
    if (n.op != &kToBlocked || !blocked.count(n.in[0])) return false;
    r.map[size_t(n.out[0])] = blocked[n.in[0]];
    return true;
  }

  const Node* only_reader(ValueId v, const Op& op) const {
    const Node* next = readers.only(v);
    return next && next->op == &op ? next : nullptr;
  }
  // [N, C, spatial...] as [N, groups, C / groups, spatial...], the two turned, and back: channels shuffled between groups.
  bool block_shuffle(const Node& n) {
    if (n.op != &kView || !blocked.count(n.in[0])) return false;
    const Node* turn = only_reader(n.out[0], kTranspose);
    const Node* back = turn ? only_reader(turn->out[0], kView) : nullptr;
    const Shape &x = graph[n.in[0]].shape, &apart = graph[n.out[0]].shape;
    if (!back || !(graph[back->out[0]].shape == x) || apart.rank != x.rank + 1 || !apart[1].literal() || !(apart[0] == x[0])) return false;
    auto order = turn->attr.as<TransposeAttr>();
    for (int i = 0; i < apart.rank; ++i)
      if (order.from[i] != (i == 1 ? 2 : i == 2 ? 1 : i) || (i > 2 && !(apart[i] == x[i - 1]))) return false;
    put(*back, kShuffleBlocked, ShuffleAttr{x[1].value, apart[1].value}, {as_blocked(n.in[0])});
    done.insert(turn);
    done.insert(back);
    return true;
  }

  Graph run() {
    r.keep_inputs();
    for (const Node& n : graph.nodes) {
      if (done.count(&n)) continue;
      if (stays_blocked(n) || block_shuffle(n) || block_conv(n) || block_pool(n) || block_binary(n) || block_unary(n) || block_concat(n) || block_resize(n)) continue;
      for (ValueId v : n.in) as_plain(v);
      r.copy(n);
    }
    for (ValueId v : graph.outputs) as_plain(v);
    return r.finish();
  }
};

}  // namespace

Graph block_channels(Graph graph, const FileBytes* file, MemoryAccount& account) {
  if (!has_any_op(graph, {&kConv, &kPool, &kFromBlocked, &kToBlocked})) return graph;
  return Blocker(graph, file, account).run();
}

}  // namespace prm
