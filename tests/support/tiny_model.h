// Tiny models with random weights, made in memory as GGUF files: any architecture, any weight type.
#pragma once
#include <cmath>

#include "support/blocks.h"
#include "support/gguf_writer.h"

namespace prm::test {

struct TinyModel {
  std::string arch = "qwen2";
  int64_t layers = 2, width = 256, heads = 4, kv_heads = 2, head_dim = 64, ffn = 512, vocabulary = 320, context = 1024;
  int64_t window = 8, pattern = 0;  // gemma3; pattern 0: the file names none
  std::vector<DType> types = {DType::q8_0};  // taken in turn by the matrices
  bool tied = false;
  uint64_t seed = 1;
  int64_t rotated = 0;   // values of each head; 0: all
  std::string scaling = {};  // of RoPE: "linear", "yarn", "factors" (rope_freqs), "longrope" (short and long factors)
  int64_t original_context = 256;  // of yarn and longrope
  int64_t experts = 0, experts_used = 2;  // of each layer; qwen2moe has a shared one beside them
};

inline void write_tiny_tokenizer(GgufWriter& w, const TinyModel& m) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  std::vector<float> scores = {0, 0, 0};
  for (int i = 0; i < 256; ++i) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", i);
    tokens.push_back(name);
    types.push_back(6);
    scores.push_back(0);
  }
  while (int64_t(tokens.size()) < m.vocabulary) {
    int64_t i = int64_t(tokens.size()) - 259;
    std::string token(1, char('a' + i % 26));
    if (i >= 26) token += char('a' + i / 26);
    tokens.push_back(token);
    types.push_back(1);
    scores.push_back(-float(i));
  }
  w.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", tokens);
  w.array<float>("tokenizer.ggml.scores", 6, scores).array<int32_t>("tokenizer.ggml.token_type", 5, types);
  w.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2).u32("tokenizer.ggml.unknown_token_id", 0);
  w.boolean("tokenizer.ggml.add_space_prefix", false);
}

inline std::string make_tiny_model(const TinyModel& m) {
  GgufWriter w;
  Random random(m.seed);
  bool gemma3 = m.arch == "gemma3", gemma = m.arch.starts_with("gemma"), head_norm = gemma3 || m.arch.starts_with("qwen3");
  bool post_norm = gemma3 || m.arch == "gemma2", fused = m.arch == "phi3", biased = m.arch.starts_with("qwen2"), shared = m.arch == "qwen2moe";
  w.text("general.architecture", m.arch);
  auto key = [&](const char* name) { return m.arch + "." + name; };
  w.u32(key("block_count"), uint32_t(m.layers)).u32(key("embedding_length"), uint32_t(m.width));
  w.u32(key("attention.head_count"), uint32_t(m.heads)).u32(key("attention.head_count_kv"), uint32_t(m.kv_heads));
  w.u32(key("attention.key_length"), uint32_t(m.head_dim)).u32(key("attention.value_length"), uint32_t(m.head_dim));
  w.u32(key("feed_forward_length"), uint32_t(m.ffn)).u32(key("context_length"), uint32_t(m.context));
  w.f32(key("attention.layer_norm_rms_epsilon"), 1e-6f).f32(key("rope.freq_base"), 1e6f);
  if (post_norm || fused) w.u32(key("attention.sliding_window"), uint32_t(m.window));
  if (m.experts) w.u32(key("expert_count"), uint32_t(m.experts)).u32(key("expert_used_count"), uint32_t(m.experts_used));
  if (m.experts) w.u32(key("expert_feed_forward_length"), uint32_t(m.ffn));
  if (m.rotated) w.u32(key("rope.dimension_count"), uint32_t(m.rotated));
  if (m.scaling == "linear" || m.scaling == "yarn") w.text(key("rope.scaling.type"), m.scaling).f32(key("rope.scaling.factor"), 4);
  if (m.scaling == "longrope") w.f32(key("rope.scaling.attn_factor"), 1.19f);
  if (m.scaling == "yarn" || m.scaling == "longrope") w.u32(key("rope.scaling.original_context_length"), uint32_t(m.original_context));
  if (post_norm && m.pattern) w.u32(key("attention.sliding_window_pattern"), uint32_t(m.pattern));
  write_tiny_tokenizer(w, m);
  size_t turn = 0;
  auto matrix = [&](const std::string& name, int64_t N, int64_t K) {
    DType type = m.types[turn++ % m.types.size()];
    if (K % info(type).block) type = DType::q8_0;
    w.tensor(name + ".weight", type, {N, K}, random_weights(type, N, K, 1.5f / std::sqrt(float(K)), random));
  };
  auto stack = [&](const std::string& name, int64_t N, int64_t K) {
    DType type = m.types[turn++ % m.types.size()];
    if (K % info(type).block) type = DType::q8_0;
    w.tensor(name + ".weight", type, {m.experts, N, K}, random_weights(type, m.experts * N, K, 1.5f / std::sqrt(float(K)), random));
  };
  auto row = [&](const std::string& name, int64_t n, float base) {
    std::vector<float> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(base + 0.2f * random.uniform());
    auto* data = reinterpret_cast<const std::byte*>(values.data());
    w.tensor(name, DType::f32, {n}, {data, data + n * 4});
  };
  matrix("token_embd", m.vocabulary, m.width);
  int64_t pairs = (m.rotated ? m.rotated : m.head_dim) / 2, Q = m.heads * m.head_dim, G = m.kv_heads * m.head_dim;
  if (m.scaling == "factors") row("rope_freqs.weight", pairs, 3);
  if (m.scaling == "longrope") row("rope_factors_short.weight", pairs, 1.5f), row("rope_factors_long.weight", pairs, 6);
  for (int64_t l = 0; l < m.layers; ++l) {
    std::string p = "blk." + std::to_string(l) + ".";
    row(p + "attn_norm.weight", m.width, 1);
    if (fused) matrix(p + "attn_qkv", Q + 2 * G, m.width);
    else matrix(p + "attn_q", Q, m.width), matrix(p + "attn_k", G, m.width), matrix(p + "attn_v", G, m.width);
    matrix(p + "attn_output", m.width, Q);
    if (head_norm) row(p + "attn_q_norm.weight", m.head_dim, 1), row(p + "attn_k_norm.weight", m.head_dim, 1);
    if (post_norm) row(p + "post_attention_norm.weight", m.width, 1), row(p + "post_ffw_norm.weight", m.width, 1);
    if (biased) row(p + "attn_q.bias", Q, 0), row(p + "attn_k.bias", G, 0), row(p + "attn_v.bias", G, 0);
    row(p + "ffn_norm.weight", m.width, 1);
    if (m.experts) {
      w.tensor(p + "ffn_gate_inp.weight", DType::f32, {m.experts, m.width}, random_weights(DType::f32, m.experts, m.width, 3 / std::sqrt(float(m.width)), random));
      stack(p + "ffn_gate_exps", m.ffn, m.width), stack(p + "ffn_up_exps", m.ffn, m.width), stack(p + "ffn_down_exps", m.width, m.ffn);
      if (!shared) continue;
      row(p + "ffn_gate_inp_shexp.weight", m.width, 0);
      matrix(p + "ffn_gate_shexp", m.ffn, m.width), matrix(p + "ffn_up_shexp", m.ffn, m.width), matrix(p + "ffn_down_shexp", m.width, m.ffn);
      continue;
    }
    if (!fused) matrix(p + "ffn_gate", m.ffn, m.width);
    matrix(p + "ffn_up", fused ? 2 * m.ffn : m.ffn, m.width);
    matrix(p + "ffn_down", m.width, m.ffn);
  }
  row("output_norm.weight", m.width, 1);
  if (!m.tied && !gemma) matrix("output", m.vocabulary, m.width);
  return w.finish();
}

}  // namespace prm::test
