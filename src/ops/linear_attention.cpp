#include "ops/linear_attention.h"

#include <cmath>

#include "tensor/dense.h"

namespace prm {

namespace {

// ---- linear attention ------------------------------------------------------------------------------------------------

// A dimension that holds as many values for each of `heads`; 0 where it does not.
int64_t head_size(const Dim& width, int64_t heads) { return width.literal() && heads > 0 && width.value % heads == 0 ? width.value / heads : 0; }

void infer_linear_attention(ShapeRule& r) {
  auto attr = r.at<LinearAttentionAttr>();
  r.need(r.inputs() == 3 + attr.has_state + attr.has_decay + attr.has_beta && is_float(r.x(0).dtype), "needs q, k, v of floats, and what its attributes say");
  r.need(attr.heads > 0 && attr.kv_heads > 0 && attr.heads % attr.kv_heads == 0, "needs heads of q that are a multiple of those of k and v");
  const Shape &q = r.shape(0), &k = r.shape(1), &v = r.shape(2);
  int state = 3, decay = 3 + attr.has_state, beta = decay + attr.has_decay;
  for (int i = 0; i < r.inputs(); ++i) {
    if (attr.has_state && i == state) continue;
    r.need(r.x(i).dtype == r.x(0).dtype && r.shape(i).rank == 3 && r.shape(i)[0] == q[0] && r.shape(i)[1] == q[1], "needs inputs [B, T, ..] of one type");
  }
  int64_t D = head_size(q[2], attr.heads), E = head_size(v[2], attr.kv_heads), G = attr.kv_heads;
  r.need(D > 0 && E > 0 && k[2] == r.graph.dims.multiply(G, D), "needs rows that the heads divide, keys of the queries' size");
  Shape states{q[0], G, D, E};
  if (attr.has_state) r.need(is_float(r.x(state).dtype) && r.shape(state) == states, "needs a state [B, G, D, E]");
  if (attr.has_decay) r.need(r.shape(decay)[2] == Dim(G) || r.shape(decay)[2] == k[2], "needs a decay for each head, or for each value of a key");
  if (attr.has_beta) r.need(r.shape(beta)[2] == Dim(G) || r.shape(beta)[2] == Dim(1), "needs a beta for each head, or for each token");
  DType type = attr.has_state ? r.x(state).dtype : r.x(0).dtype;
  r.out = {{r.x(0).dtype, {q[0], q[1], r.graph.dims.multiply(attr.heads, E)}}, {type, states}, {DType::f64, {D}}};
}

Cost cost_linear_attention(const OpArgs& a) {
  double state = double(a.y(1).dim[1] * a.y(1).dim[2] * a.y(1).dim[3]), reads = double(a.at<LinearAttentionAttr>().heads) / double(a.at<LinearAttentionAttr>().kv_heads);
  return {double(a.x(0).dim[0] * a.x(0).dim[1]) * state * (5 + 2 * reads), cost_of_values(a, 0).bytes};
}

// One column of a head's state through all tokens: columns do not know each other.
struct StateColumn {
  const OpArgs& a;
  LinearAttentionAttr attr;
  int64_t batch, head, column;
  double* state;  // [D]
  int64_t T = a.x(0).dim[1], D = a.y(1).dim[2], E = a.y(1).dim[3];

  double at(const Tensor& t, int64_t token, int64_t i) const { return load_value(t, (batch * T + token) * t.cols() + i); }

  void decay(int64_t token) const {
    if (!attr.has_decay) return;
    const Tensor& decay = a.x(3 + attr.has_state);
    bool each = decay.cols() != attr.kv_heads;
    for (int64_t d = 0; d < D; ++d) state[d] *= std::exp(at(decay, token, each ? head * D + d : head));
  }
  double value(int64_t token) const {
    double v = at(a.x(2), token, head * E + column);
    if (!attr.has_beta) return v;
    const Tensor& beta = a.x(3 + attr.has_state + attr.has_decay);
    for (int64_t d = 0; d < D; ++d) v -= state[d] * at(a.x(1), token, head * D + d);
    return v * at(beta, token, beta.cols() == 1 ? 0 : head);
  }
  void step(int64_t token) const {
    decay(token);
    double v = value(token);
    for (int64_t d = 0; d < D; ++d) state[d] += at(a.x(1), token, head * D + d) * v;
    int64_t group = attr.heads / attr.kv_heads;
    for (int64_t h = head * group; h < (head + 1) * group; ++h) {
      double sum = 0;
      for (int64_t d = 0; d < D; ++d) sum += state[d] * at(a.x(0), token, h * D + d);
      store_value(a.y(), ((batch * T + token) * attr.heads + h) * E + column, attr.scale * sum);
    }
  }
  void run() const {
    int64_t first = (batch * attr.kv_heads + head) * D * E + column;
    for (int64_t d = 0; d < D; ++d) state[d] = attr.has_state ? load_value(a.x(3), first + d * E) : 0;
    for (int64_t t = 0; t < T; ++t) step(t);
    for (int64_t d = 0; d < D; ++d) store_value(a.y(1), first + d * E, state[d]);
  }
};

void reference_linear_attention(const OpArgs& a) {
  auto attr = a.at<LinearAttentionAttr>();
  const Tensor& states = a.y(1);
  for (int64_t b = 0; b < states.dim[0]; ++b)
    for (int64_t h = 0; h < states.dim[1]; ++h)
      for (int64_t e = 0; e < states.dim[3]; ++e) StateColumn{a, attr, b, h, e, a.y(2).as<double>()}.run();
}

// ---- causal convolution ----------------------------------------------------------------------------------------------

void infer_causal_conv(ShapeRule& r) {
  auto attr = r.at<CausalConvAttr>();
  r.need(r.inputs() == 2 + attr.has_bias + attr.has_state && is_float(r.x(0).dtype), "needs x and weight of floats, and what its attributes say");
  for (int i = 1; i < r.inputs(); ++i) r.need(r.x(i).dtype == r.x(0).dtype, "needs inputs of one type");
  const Shape &x = r.shape(0), &w = r.shape(1);
  r.need(x.rank == 3 && w.rank == 3 && w[0] == x[1] && w[1] == Dim(1) && w[2] != Dim(0), "needs x [B, C, T] and weight [C, 1, K]");
  Shape state{x[0], x[1], r.graph.dims.add(w[2], -1)};
  if (attr.has_bias) r.need(r.shape(2) == Shape{x[1]}, "needs a bias for each channel");
  if (attr.has_state) r.need(r.shape(2 + attr.has_bias) == state, "needs a state [B, C, K-1]");
  r.out = {{r.x(0).dtype, x}, {r.x(0).dtype, state}};
}

Cost cost_causal_conv(const OpArgs& a) { return cost_of_values(a, 2 * double(a.x(1).cols())); }

void reference_causal_conv(const OpArgs& a) {
  auto attr = a.at<CausalConvAttr>();
  int64_t C = a.x(0).dim[1], T = a.x(0).dim[2], K = a.x(1).dim[2];
  for (int64_t row = 0; row < a.x(0).dim[0] * C; ++row) {
    // Value i of the state and x, one behind the other.
    auto before = [&](int64_t i) {
      if (i >= K - 1) return load_value(a.x(0), row * T + i - (K - 1));
      return attr.has_state ? load_value(a.x(2 + attr.has_bias), row * (K - 1) + i) : 0.0;
    };
    for (int64_t t = 0; t < T; ++t) {
      double sum = attr.has_bias ? load_value(a.x(2), row % C) : 0;
      for (int64_t j = 0; j < K; ++j) sum += load_value(a.x(1), row % C * K + j) * before(t + j);
      store_value(a.y(), row * T + t, sum);
    }
    for (int64_t j = 0; j < K - 1; ++j) store_value(a.y(1), row * (K - 1) + j, before(T + j));
  }
}

}  // namespace

const Op kLinearAttention{.name = "linear_attention", .infer = infer_linear_attention, .cost = cost_linear_attention, .reference = reference_linear_attention};
const Op kCausalConv{.name = "causal_conv", .infer = infer_causal_conv, .cost = cost_causal_conv, .reference = reference_causal_conv};

}  // namespace prm
