// The KV cache is a pass (paging: Kwon et al., "PagedAttention", 2023).
#include "base/error.h"
#include "graph/rewrite.h"
#include "ops/ops.h"
#include "passes/passes.h"

namespace prm {

namespace {
void require_whole_blocks(int64_t head_dim, DType cache_type) {
  int64_t block = info(cache_type).block;
  if (head_dim % block)
    fail_about(Status::unsupported, "cache_dtype", "a KV cache of {} has blocks of {} values, which do not divide this model's head size of {}: open it with a cache of F16, BF16 or F32",
               info(cache_type).name, block, head_dim);
}
}  // namespace

Graph add_cache(const Graph& graph, DType cache_type, int64_t page_tokens) {
  Rewriter r(graph);
  Graph& g = r.to;
  Dim T = g.symbol("T"), P = g.symbol("P");
  ValueId slot = g.input("slot", DType::i32, {T}), sequence = g.input("sequence", DType::i32, {T});
  ValueId table = g.input("page_table", DType::i32, {g.symbol("S"), g.symbol("M")});
  Vector<ValueId> finals;
  auto write = [&](const String& name, ValueId rows) {
    ValueId state = g.state(name, cache_type, {P, page_tokens, graph[rows].shape[1]});
    finals.push_back(kv_write(g, state, r.use(rows), slot, name + ".now"));
    return finals.back();
  };
  int layer = 0;
  for (const Node& n : graph.nodes) {
    if (n.op != &kAttention) {
      r.copy(n);
      continue;
    }
    require_whole_blocks(n.attr.as<AttentionAttr>().head_dim, cache_type);
    String name = format_text("kv.{}", layer++);
    ValueId k = write(name + ".k", n.in[1]), v = write(name + ".v", n.in[2]);
    ValueId sinks = n.in.size() > 4 ? r.use(n.in[4]) : -1;
    r.map[size_t(n.out[0])] = attention_paged(g, r.use(n.in[0]), k, v, r.use(n.in[3]), sequence, table, n.attr.as<AttentionAttr>(), n.name, sinks);
  }
  Graph done = r.finish();
  done.finals.insert(done.finals.end(), finals.begin(), finals.end());
  return done;
}

}  // namespace prm
