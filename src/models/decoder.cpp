#include "models/decoder.h"

#include <cmath>

#include "base/error.h"

namespace prm {

namespace {
String print_extents(const int64_t* dims, size_t rank) {
  String text = "[";
  for (size_t i = 0; i < rank; ++i) text += format_text("{}{}", i ? ", " : "", dims[i]);
  return text + "]";
}
}  // namespace

float read_soft_cap(const ModelFile& file, const String& key, double fallback) {
  double cap = file.real_or(key, fallback);
  if (!(cap == 0 || (cap >= 1e-3 && cap <= 1e6))) file.bad(format_message("metadata '{}' is {}, expected 0 for none, or 0.001 to 1000000", key, cap));
  return float(cap);
}

DecoderBuilder::DecoderBuilder(const ModelFile& file, const DecoderConfig& config) : file_(file), config_(config) {
  Dim T = graph.symbol("T");
  tokens = graph.input("tokens", DType::i32, {T});
  positions = graph.input("positions", DType::i32, {T});
  for (const NamedTensor& tensor : file.tensors) tensors_.emplace(tensor.name, &tensor);
}

const NamedTensor* DecoderBuilder::find(std::string_view name) const {
  auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

// The file's tensor of that name and shape, and of a type that serves as a weight.
const Tensor& DecoderBuilder::checked(const String& name, std::initializer_list<int64_t> shape) {
  const NamedTensor* tensor = find(name);
  if (!tensor) file_.bad(format_message("tensor '{}' {} is missing", name, print_extents(shape.begin(), shape.size())));
  const String& where = tensor->file->name;
  bool same = tensor->data.rank == shape.size();
  for (size_t i = 0; same && i < shape.size(); ++i) same = tensor->data.dim[i] == shape.begin()[i];
  if (!same)
    fail_about(Status::bad_file, where, "{}: tensor '{}' is {}, expected {}", where, name,
               print_extents(tensor->data.dim, tensor->data.rank), print_extents(shape.begin(), shape.size()));
  if (shape.size() == 1 && tensor->data.dtype != DType::f32)
    fail_about(Status::unsupported, name, "{}: tensor '{}' is {}, only F32 is supported for norms, biases and factors",
               where, name, info(tensor->data.dtype).name);
  if (tensor->data.dtype == DType::f64 || tensor->data.dtype == DType::i32)
    fail_about(Status::unsupported, name, "{}: tensor '{}' is {}, not a weight type", where, name,
               info(tensor->data.dtype).name);
  used_.insert(name);
  return tensor->data;
}

ValueId DecoderBuilder::weight(const String& name, std::initializer_list<int64_t> shape) {
  if (auto known = constants_.find(name); known != constants_.end()) return known->second;
  return constants_[name] = graph.constant(name, checked(name, shape), file_.file);
}

ValueId DecoderBuilder::embedding() {
  return embed(graph, weight("token_embd.weight", {config_.vocabulary, config_.width}), tokens, "embedding");
}

ValueId DecoderBuilder::angles(const RotationConfig& r, const String& name, ValueId factors) {
  return rope_table(graph, positions, {int32_t(r.dims), 0, r.base, r.position_scale, r.ramp_low, r.ramp_high, r.magnitude}, name, factors);
}

ValueId DecoderBuilder::frequency_factors() {
  auto factors = [&](const char* name) -> ValueId {
    const NamedTensor* tensor = find(name);
    if (!tensor) return -1;
    ValueId constant = weight(name, {config_.rotation.dims / 2});
    check_rotation_factors(file_, *tensor);
    return constant;
  };
  ValueId always = factors("rope_freqs.weight"), from_short = factors("rope_factors_short.weight"), from_long = factors("rope_factors_long.weight");
  if (always >= 0) return always;
  if ((from_short < 0) != (from_long < 0)) file_.bad("of 'rope_factors_short.weight' and 'rope_factors_long.weight' one is missing");
  return config_.opened_context > config_.rotation.original_context ? from_long : from_short;
}

ValueId DecoderBuilder::norm(ValueId x, const String& name, int64_t size) {
  return rms_norm(graph, x, weight(name + ".weight", {size}), config_.norm_eps, name);
}

ValueId DecoderBuilder::linear(ValueId x, const String& name, int64_t N, int64_t K) {
  ValueId y = matmul(graph, x, weight(name + ".weight", {N, K}), name);
  return find(name + ".bias") ? add(graph, y, weight(name + ".bias", {N}), name + ".biased") : y;
}

ValueId DecoderBuilder::linear_rows(ValueId x, const String& name, const String& whole, int64_t begin, int64_t N, int64_t all, int64_t K) {
  Tensor rows = checked(whole + ".weight", {all, K});
  rows.data = rows.row<std::byte>(begin);
  rows.dim[0] = N;
  ValueId y = matmul(graph, x, graph.constant(name + ".weight", rows, file_.file), name);
  if (!find(whole + ".bias")) return y;
  Tensor bias = checked(whole + ".bias", {all});
  bias.data += size_t(begin) * sizeof(float);
  bias.dim[0] = N;
  return add(graph, y, graph.constant(name + ".bias", bias, file_.file), name + ".biased");
}

ValueId DecoderBuilder::attention_block(ValueId x, const String& prefix, const AttentionStyle& style) {
  const DecoderConfig& c = config_;
  int64_t D = c.head_dim, Q = c.heads * D, G = c.kv_heads * D;
  bool fused = find(prefix + "attn_qkv.weight");
  auto project = [&](const char* part, int64_t begin, int64_t N) {
    return fused ? linear_rows(x, prefix + part, prefix + "attn_qkv", begin, N, Q + 2 * G, c.width) : linear(x, prefix + part, N, c.width);
  };
  ValueId q = project("attn_q", 0, Q), k = project("attn_k", Q, G), v = project("attn_v", Q + G, G);
  if (style.head_norm) {
    q = norm(q, prefix + "attn_q_norm", D);
    k = norm(k, prefix + "attn_k_norm", D);
  }
  q = rope(graph, q, style.angles, {int32_t(D), style.pairing}, prefix + "q_rope");
  k = rope(graph, k, style.angles, {int32_t(D), style.pairing}, prefix + "k_rope");
  float factor = style.scale != 0 ? style.scale : float(1.0 / std::sqrt(double(D)));
  ValueId a = attention(graph, q, k, v, positions, {int32_t(D), int32_t(style.window), factor, style.soft_cap}, prefix + "attention");
  return linear(a, prefix + "attn_output", c.width, Q);
}

ValueId DecoderBuilder::feed_forward(ValueId x, const String& prefix, Gate act) {
  int64_t F = config_.ffn, C = config_.width;
  const NamedTensor* both = find(prefix + "ffn_gate.weight") ? nullptr : find(prefix + "ffn_up.weight");
  ValueId gate, up;
  if (both && both->data.dim[0] != F) {
    gate = linear_rows(x, prefix + "ffn_gate", prefix + "ffn_up", 0, F, 2 * F, C);
    up = linear_rows(x, prefix + "ffn_up", prefix + "ffn_up", F, F, 2 * F, C);
  } else {
    gate = linear(x, prefix + "ffn_gate", F, C);
    up = linear(x, prefix + "ffn_up", F, C);
  }
  return linear(glu(graph, gate, up, act, prefix + "ffn_glu"), prefix + "ffn_down", C, F);
}

ValueId DecoderBuilder::experts(ValueId x, const String& name, int64_t N, int64_t K, ValueId chosen) {
  Tensor rows = checked(name + ".weight", {config_.experts, N, K});  // the same bytes as rows of one matrix
  rows.rank = 2, rows.dim[0] = config_.experts * N, rows.dim[1] = K, rows.dim[2] = 0;
  return moe_matmul(graph, x, graph.constant(name + ".weight", rows, file_.file), chosen, config_.experts, name);
}

ValueId DecoderBuilder::shared_expert(ValueId x, const String& prefix, Gate act, int64_t ffn) {
  ValueId gate = linear(x, prefix + "ffn_gate_shexp", ffn, config_.width), up = linear(x, prefix + "ffn_up_shexp", ffn, config_.width);
  return linear(glu(graph, gate, up, act, prefix + "ffn_glu_shexp"), prefix + "ffn_down_shexp", config_.width, ffn);
}

ValueId DecoderBuilder::expert_feed_forward(ValueId x, const String& prefix, Gate act, const ExpertStyle& style) {
  int64_t C = config_.width;
  Routes routes = moe_route(graph, linear(x, prefix + "ffn_gate_inp", config_.experts, C), {int32_t(config_.experts_used), style.renormalize, config_.expert_scale}, prefix + "ffn_route");
  ValueId gate = experts(x, prefix + "ffn_gate_exps", style.ffn, C, routes.experts), up = experts(x, prefix + "ffn_up_exps", style.ffn, C, routes.experts);
  ValueId parts = experts(glu(graph, gate, up, act, prefix + "ffn_glu_exps"), prefix + "ffn_down_exps", C, style.ffn, routes.experts);
  if (!style.shared_ffn) return moe_combine(graph, parts, routes.weights, prefix + "ffn_combined");
  Tensor row = checked(prefix + "ffn_gate_inp_shexp.weight", {C});
  row.rank = 2, row.dim[0] = 1, row.dim[1] = C;
  ValueId how_much = matmul(graph, x, graph.constant(prefix + "ffn_gate_inp_shexp.weight", row, file_.file), prefix + "ffn_gate_inp_shexp");
  return moe_combine(graph, parts, routes.weights, prefix + "ffn_combined", shared_expert(x, prefix, act, style.shared_ffn), how_much);
}

ValueId DecoderBuilder::layer(ValueId x, const String& prefix, const AttentionStyle& attention, const LayerStyle& style) {
  int64_t C = config_.width;
  ValueId a = attention_block(norm(x, prefix + "attn_norm", C), prefix, attention);
  if (style.post_norms) a = norm(a, prefix + "post_attention_norm", C);
  x = add(graph, x, a, prefix + "attended");
  ValueId normed = norm(x, prefix + "ffn_norm", C);
  ValueId f = style.experts.ffn ? expert_feed_forward(normed, prefix, style.act, style.experts) : feed_forward(normed, prefix, style.act);
  if (style.post_norms) f = norm(f, prefix + "post_ffw_norm", C);
  return add(graph, x, f, prefix + "out");
}

Graph DecoderBuilder::finish(ValueId x, float cap) {
  x = norm(x, "output_norm", config_.width);
  const char* head = find("output.weight") ? "output.weight" : "token_embd.weight";
  x = matmul(graph, x, weight(head, {config_.vocabulary, config_.width}), cap > 0 ? "logits.uncapped" : "logits");
  graph.outputs = {cap > 0 ? soft_cap(graph, x, cap, "logits") : x};
  for (const NamedTensor& tensor : file_.tensors)  // a tensor left over means another model than the one we built
    if (!used_.count(tensor.name))
      fail_about(Status::unsupported, tensor.name, "{}: tensor '{}' has no place in architecture '{}'",
                 tensor.file->name, tensor.name, config_.arch);
  return std::move(graph);
}

}  // namespace prm
