// Causal attention with grouped kv heads, an optional window, cap and sinks: over whole sequences in rows (scoring), over a
// paged cache (serving), and the cache write.
#include <algorithm>
#include <cmath>

#include "ops/ops.h"
#include "quant/format.h"

namespace prm {

namespace {

constexpr int kRowInputs = 4, kPagedInputs = 6;  // one more with sinks
constexpr int kMaxBlock = 256;                    // values in a block

void check_heads(ShapeRule& r, const Dim& q, const Dim& kv, int inputs) {
  auto attr = r.at<AttentionAttr>();
  int64_t D = attr.head_dim;
  r.need(D > 0 && q.literal() && kv.literal() && q.value % D == 0 && kv.value % D == 0, "the head size does not divide the rows");
  r.need(kv.value > 0 && q.value % kv.value == 0, "query heads are no multiple of kv heads");
  r.need(D % info(r.x(1).dtype).block == 0, "the head size is no multiple of the cache's block");
  r.need(attr.soft_cap >= 0 && std::isfinite(attr.soft_cap), "the cap of the scores is no number of 0 or more");
  if (r.inputs() > inputs)
    r.need(r.inputs() == inputs + 1 && r.x(inputs).dtype == DType::f32 && r.shape(inputs) == Shape{q.value / D}, "needs sinks [H] f32");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

void infer_attention(ShapeRule& r) {
  r.need(r.inputs() >= kRowInputs && r.shape(0).rank == 2 && r.shape(1) == r.shape(2) && r.shape(0)[0] == r.shape(1)[0], "needs q [T, H*D], k and v [T, G*D]");
  r.need(r.x(3).dtype == DType::i32 && r.shape(3) == Shape{r.shape(0)[0]}, "needs positions [T] i32");
  check_heads(r, r.shape(0)[1], r.shape(1)[1], kRowInputs);
}

void infer_paged(ShapeRule& r) {
  r.need(r.inputs() >= kPagedInputs && r.shape(0).rank == 2 && r.shape(1).rank == 3 && r.shape(1) == r.shape(2), "needs q [T, H*D], k and v [P, page, G*D]");
  r.need(r.x(1).dtype == r.x(2).dtype, "k and v differ in type");
  r.need(r.shape(3) == Shape{r.shape(0)[0]} && r.shape(4) == r.shape(3) && r.shape(5).rank == 2, "needs positions [T], sequence [T], table [S, M]");
  check_heads(r, r.shape(0)[1], r.shape(1)[2], kPagedInputs);
}

// Keys are counted as if every token saw as many as there are rows: an upper bound.
Cost cost_attention(const OpArgs& a) {
  return {4.0 * double(a.x(0).count()) * double(a.x(0).dim[0]), double(2 * a.x(0).bytes() + a.x(1).bytes() + a.x(2).bytes())};
}

Cost cost_paged(const OpArgs& a) {
  double keys = double(a.x(5).dim[1] * a.x(1).dim[1]);
  return {4.0 * double(a.x(0).count()) * keys, double(2 * a.x(0).bytes() + a.x(1).bytes() + a.x(2).bytes())};
}

// One value of a cache of any type.
double cache_value(const Tensor& t, int64_t i) {
  const QuantFormat* format = find_format(t.dtype);
  if (!format) return load_value(t, i);
  int64_t block = info(t.dtype).block;
  float values[kMaxBlock];
  format->dequantize(t.data + i / block * info(t.dtype).bytes, values);
  return values[i % block];
}

// An infinite score is damage, which a cap must not hide.
double capped(double score, double cap) { return std::isinf(score) ? NAN : cap * std::tanh(score / cap); }

// One head of one token. row(j) gives the index of the cache row that holds position j; sinks may be null.
template <class Row>
void attend(const OpArgs& a, int64_t t, int64_t head, int64_t position, const Tensor* sinks, Row row) {
  auto attr = a.at<AttentionAttr>();
  const Tensor &q = a.x(0), &k = a.x(1), &v = a.x(2);
  int64_t D = attr.head_dim, C = k.cols(), group = q.cols() / C, column = head / group * D;
  int64_t first = attr.window > 0 ? std::max<int64_t>(0, position - attr.window + 1) : 0;
  auto score = [&](int64_t j) {
    double dot = 0;
    for (int64_t d = 0; d < D; ++d) dot += load_value(q, t * q.cols() + head * D + d) * cache_value(k, row(j) * C + column + d);
    dot *= double(attr.scale);
    return attr.soft_cap > 0 ? capped(dot, double(attr.soft_cap)) : dot;
  };
  double sink = sinks ? load_value(*sinks, head) : -INFINITY, top = sink, total = 0;
  for (int64_t j = first; j <= position; ++j) top = std::max(top, score(j));
  for (int64_t j = first; j <= position; ++j) total += std::exp(score(j) - top);
  if (sinks) total += std::exp(sink - top);
  constexpr int64_t kColumns = 256;  // whose sums are kept at once
  for (int64_t from = 0; from < D; from += kColumns) {
    int64_t until = std::min(D, from + kColumns);
    double sum[kColumns] = {};
    for (int64_t j = first; j <= position; ++j) {
      double weight = std::exp(score(j) - top);
      for (int64_t d = from; d < until; ++d) sum[d - from] += weight * cache_value(v, row(j) * C + column + d);
    }
    for (int64_t d = from; d < until; ++d) store_value(a.y(), t * q.cols() + head * D + d, position < 0 ? 0.0 : sum[d - from] / total);
  }
}

void reference_attention(const OpArgs& a) {
  int64_t heads = a.x(0).cols() / a.at<AttentionAttr>().head_dim;
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t position = a.x(3).as<int32_t>()[t];
      attend(a, t, h, position, a.in[kRowInputs], [&](int64_t j) { return t - position + j; });
    }
}

void reference_paged(const OpArgs& a) {
  int64_t heads = a.x(0).cols() / a.at<AttentionAttr>().head_dim, page = a.x(1).dim[1];
  for (int64_t t = 0; t < a.x(0).dim[0]; ++t)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t position = a.x(3).as<int32_t>()[t];
      const int32_t* pages = a.x(5).row<int32_t>(position < 0 ? 0 : a.x(4).as<int32_t>()[t]);
      attend(a, t, h, position, a.in[kPagedInputs], [&](int64_t j) { return pages[j / page] * page + j % page; });
    }
}

void infer_kv_write(ShapeRule& r) {
  r.need(r.inputs() == 3 && r.shape(0).rank == 3 && r.shape(1).rank == 2 && r.shape(0)[2] == r.shape(1)[1], "needs state [P, page, C] and rows [T, C]");
  r.need(r.shape(2) == Shape{r.shape(1)[0]} && r.x(2).dtype == DType::i32, "needs slot [T] i32");
  r.need(!is_block(r.x(0).dtype) || (r.x(0).dtype == DType::q8_0 && r.x(1).dtype == DType::f32), "these rows are not quantized to this type");
  r.need(r.shape(0)[2].literal() && r.shape(0)[2].value % info(r.x(0).dtype).block == 0, "the rows are no multiple of the state's block");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

Cost cost_kv_write(const OpArgs& a) { return {0, 2.0 * double(a.x(1).bytes())}; }

void reference_kv_write(const OpArgs& a) {
  int64_t C = a.x(1).dim[1];
  for (int64_t t = 0; t < a.x(1).dim[0]; ++t) {
    int64_t slot = a.x(2).as<int32_t>()[t];
    if (slot < 0) continue;
    if (a.y().dtype == DType::q8_0) quantize_q8_0(a.x(1).row<float>(t), a.y().row<std::byte>(slot), C);
    else for (int64_t c = 0; c < C; ++c) store_value(a.y(), slot * C + c, load_value(a.x(1), t * C + c));
  }
}

}  // namespace

const Op kAttention{.name = "attention", .infer = infer_attention, .cost = cost_attention, .reference = reference_attention};
const Op kAttentionPaged{.name = "attention_paged", .infer = infer_paged, .cost = cost_paged, .reference = reference_paged};
const Op kKvWrite{.name = "kv_write", .infer = infer_kv_write, .cost = cost_kv_write, .reference = reference_kv_write,
                  .alias = [](const Attr&, int) { return 0; }};

namespace {
ValueId with_sinks(Graph& g, const Op& op, const AttentionAttr& attr, Vector<ValueId> in, ValueId sinks, const String& name) {
  if (sinks >= 0) in.push_back(sinks);
  return g.node(op, attr, std::move(in), name);
}
}  // namespace

ValueId attention(Graph& g, ValueId q, ValueId k, ValueId v, ValueId positions, const AttentionAttr& attr, const String& name, ValueId sinks) {
  return with_sinks(g, kAttention, attr, {q, k, v, positions}, sinks, name);
}
ValueId attention_paged(Graph& g, ValueId q, ValueId k, ValueId v, ValueId positions, ValueId sequence, ValueId table,
                        const AttentionAttr& attr, const String& name, ValueId sinks) {
  return with_sinks(g, kAttentionPaged, attr, {q, k, v, positions, sequence, table}, sinks, name);
}
ValueId kv_write(Graph& g, ValueId state, ValueId rows, ValueId slot, const String& name) {
  return g.node(kKvWrite, {}, {state, rows, slot}, name);
}

}  // namespace prm
