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

DecoderBuilder::DecoderBuilder(const ModelFile& file, const DecoderConfig& config) : file_(file), config_(config) {
  Dim T = graph.symbol("T");
  tokens = graph.input("tokens", DType::i32, {T});
  positions = graph.input("positions", DType::i32, {T});
}

ValueId DecoderBuilder::weight(const String& name, std::initializer_list<int64_t> shape) {
  if (auto known = constants_.find(name); known != constants_.end()) return known->second;
  const NamedTensor* tensor = file_.find_tensor(name);
  if (!tensor) file_.bad(fmt::format("tensor '{}' {} is missing", name, print_extents(shape.begin(), shape.size())));
  bool same = tensor->data.rank == shape.size();
  for (size_t i = 0; same && i < shape.size(); ++i) same = tensor->data.dim[i] == shape.begin()[i];
  if (!same)
    file_.bad(fmt::format("tensor '{}' is {}, expected {}", name, print_extents(tensor->data.dim, tensor->data.rank), print_extents(shape.begin(), shape.size())));
  if (shape.size() == 1 && tensor->data.dtype != DType::f32)
    fail_about(Status::unsupported, name, "{}: tensor '{}' is {}, only F32 is supported for norms and biases", file_.file->name, name, info(tensor->data.dtype).name);
  if (tensor->data.dtype == DType::f64 || tensor->data.dtype == DType::i32)
    fail_about(Status::unsupported, name, "{}: tensor '{}' is {}, not a weight type", file_.file->name, name, info(tensor->data.dtype).name);
  return constants_[name] = graph.constant(name, tensor->data, file_.file);
}

ValueId DecoderBuilder::embedding() {
  return embed(graph, weight("token_embd.weight", {config_.vocabulary, config_.width}), tokens, "embedding");
}

ValueId DecoderBuilder::angles(double base, double position_scale, const String& name) {
  return rope_table(graph, positions, {int32_t(config_.head_dim), 0, base, position_scale}, name);
}

ValueId DecoderBuilder::norm(ValueId x, const String& name, int64_t size) {
  return rms_norm(graph, x, weight(name + ".weight", {size}), config_.norm_eps, name);
}

ValueId DecoderBuilder::linear(ValueId x, const String& name, int64_t N, int64_t K) {
  ValueId y = matmul(graph, x, weight(name + ".weight", {N, K}), name);
  return file_.find_tensor(name + ".bias") ? add(graph, y, weight(name + ".bias", {N}), name + ".biased") : y;
}

ValueId DecoderBuilder::attention_block(ValueId x, const String& prefix, const AttentionStyle& style) {
  const DecoderConfig& c = config_;
  int64_t D = c.head_dim;
  ValueId q = linear(x, prefix + "attn_q", c.heads * D, c.width);
  ValueId k = linear(x, prefix + "attn_k", c.kv_heads * D, c.width);
  ValueId v = linear(x, prefix + "attn_v", c.kv_heads * D, c.width);
  if (style.head_norm) {
    q = norm(q, prefix + "attn_q_norm", D);
    k = norm(k, prefix + "attn_k_norm", D);
  }
  q = rope(graph, q, style.angles, prefix + "q_rope");
  k = rope(graph, k, style.angles, prefix + "k_rope");
  float factor = style.scale != 0 ? style.scale : float(1.0 / std::sqrt(double(D)));
  ValueId a = attention(graph, q, k, v, positions, {int32_t(D), int32_t(style.window), factor}, prefix + "attention");
  return linear(a, prefix + "attn_output", c.width, c.heads * D);
}

ValueId DecoderBuilder::feed_forward(ValueId x, const String& prefix, Gate act) {
  ValueId gate = linear(x, prefix + "ffn_gate", config_.ffn, config_.width);
  ValueId up = linear(x, prefix + "ffn_up", config_.ffn, config_.width);
  return linear(glu(graph, gate, up, act, prefix + "ffn_glu"), prefix + "ffn_down", config_.width, config_.ffn);
}

Graph DecoderBuilder::finish(ValueId x) {
  x = norm(x, "output_norm", config_.width);
  const char* head = file_.find_tensor("output.weight") ? "output.weight" : "token_embd.weight";
  graph.outputs = {matmul(graph, x, weight(head, {config_.vocabulary, config_.width}), "logits")};
  for (const NamedTensor& tensor : file_.tensors)  // a tensor left over means another model than the one we built
    if (!constants_.count(tensor.name))
      fail_about(Status::unsupported, tensor.name, "{}: tensor '{}' has no place in architecture '{}'", file_.file->name, tensor.name, config_.arch);
  return std::move(graph);
}

}  // namespace prm
