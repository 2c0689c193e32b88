// Convolutions of codes by tiles: what they read is laid out in rows of channels, with its padding.
#include <algorithm>

#include "graph/rewrite.h"
#include "ops/blocked_u8.h"
#include "ops/rows_u8.h"
#include "passes/passes.h"

namespace prm {

namespace {

constexpr int64_t kLeastChannels = 16;  // below, most of a tile would be zeros

bool offers(const Device& device, const Op& op) {
  return std::ranges::any_of(device.kernels(), [&](const Kernel& k) { return String(k.op) == op.name; });
}

bool takes_rows(const Graph& graph, const Node& n) {
  if (n.op != &kConvU8 || n.attr.as<ConvU8Attr>().conv.group != 1) return false;
  const Value& w = graph[n.in[1]];
  return w.kind == ValueKind::constant && w.shape[1].value >= kLeastChannels;
}

// Of one value for readers with the same padding.
struct RowsOf {
  ValueId x;
  RowsU8Attr attr;
  ValueId rows;
};

RowsU8Attr rows_attr(const ConvU8Attr& attr) {
  RowsU8Attr rows{attr.conv.rank, {}, {}, attr.x_zero};
  std::copy_n(attr.conv.pad_begin, kMaxSpatial, rows.pad_begin);
  std::copy_n(attr.conv.pad_end, kMaxSpatial, rows.pad_end);
  return rows;
}
bool same_rows(const RowsU8Attr& a, const RowsU8Attr& b) {
  return a.rank == b.rank && a.outside == b.outside && std::ranges::equal(a.pad_begin, b.pad_begin) && std::ranges::equal(a.pad_end, b.pad_end);
}

}  // namespace

Graph lay_rows(Graph graph, const Device& device) {
  if (!offers(device, kConvRowsU8) || !has_any_op(graph, {&kConvU8})) return graph;
  Rewriter r(graph);
  r.keep_inputs();
  Vector<RowsOf> made;
  for (const Node& n : graph.nodes) {
    if (!takes_rows(graph, n)) {
      r.copy(n);
      continue;
    }
    auto attr = n.attr.as<ConvU8Attr>();
    RowsOf wanted{n.in[0], rows_attr(attr), -1};
    auto old = std::ranges::find_if(made, [&](const RowsOf& one) { return one.x == wanted.x && same_rows(one.attr, wanted.attr); });
    if (old == made.end()) {
      wanted.rows = r.to.node(kRowsU8, wanted.attr, {r.use(n.in[0])}, graph[n.in[0]].name + ".rows");
      old = made.insert(made.end(), wanted);
    }
    std::fill_n(attr.conv.pad_begin, kMaxSpatial, 0), std::fill_n(attr.conv.pad_end, kMaxSpatial, 0);
    r.map[size_t(n.out[0])] = r.to.node(kConvRowsU8, attr, {old->rows, r.use(n.in[1]), r.use(n.in[2]), r.use(n.in[3])}, graph[n.out[0]].name);
  }
  return r.finish();
}

}  // namespace prm
