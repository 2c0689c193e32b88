// The blocks that decoder-only language models share. A block takes weights from the file by GGUF's names, checks their
// shapes, and adds nodes; what differs between architectures are its parameters.
#pragma once

#include "models/architecture.h"
#include "ops/ops.h"

namespace prm {

struct AttentionStyle {
  ValueId angles;
  int64_t window = 0;
  float scale = 0;         // of q . k; 0 = 1 / sqrt(D)
  bool head_norm = false;  // q and k are normalized per head: "attn_q_norm", "attn_k_norm" [D]
  Pairing pairing = Pairing::halves;
  float soft_cap = 0;  // of scores; 0 = none
};

struct ExpertStyle {
  int64_t ffn = 0;         // width of an expert; 0: the layer is none of experts
  int64_t shared_ffn = 0;  // of an expert that all tokens go through, gated by "ffn_gate_inp_shexp" [C]; 0: none
  bool renormalize = true; // a token's weights add up to one
};

struct LayerStyle {
  Gate act = Gate::silu;
  bool post_norms = false;  // of what attention and feed-forward give: "post_attention_norm", "post_ffw_norm" [C]
  ExpertStyle experts = {};
};

// The cap under `key`, 0 for none; fails with bad_file.
float read_soft_cap(const ModelFile& file, const String& key, double fallback);

class DecoderBuilder {
 public:
  DecoderBuilder(const ModelFile& file, const DecoderConfig& config);

  Graph graph;
  ValueId tokens, positions;

  // Token embeddings [T, C].
  ValueId embedding();
  // cos/sin table [T, R]. factors: frequency_factors(), or -1 for none.
  ValueId angles(const RotationConfig& rotation, const String& name, ValueId factors = -1);
  // What the file divides frequencies by: "rope_freqs.weight", else "rope_factors_long.weight" or "..short.." by the context
  // that the model is opened for; -1 where it has none.
  ValueId frequency_factors();
  // RMS norm with the gain "<name>.weight" [size].
  ValueId norm(ValueId x, const String& name, int64_t size);
  // x [T, K] . W^T (+ bias where the file has one), W = "<name>.weight" [N, K].
  ValueId linear(ValueId x, const String& name, int64_t N, int64_t K);
  // Projections, RoPE, attention and output projection of layer `prefix` ("blk.0."); "attn_q", "attn_k", "attn_v", or all
  // three in the rows of "attn_qkv".
  ValueId attention_block(ValueId x, const String& prefix, const AttentionStyle& style);
  // down(act(gate(x)) * up(x)); "ffn_gate" and "ffn_up", or both in the rows of "ffn_up".
  ValueId feed_forward(ValueId x, const String& prefix, Gate act);
  // The router "ffn_gate_inp" [E, C], then of the chosen experts what feed_forward gives of one; "ffn_gate_exps" and its like
  // [E, F, C], "ffn_down_exps" [E, C, F].
  ValueId expert_feed_forward(ValueId x, const String& prefix, Gate act, const ExpertStyle& style);
  // x plus attention of its norm, plus feed-forward of that sum's norm: all of layer `prefix`.
  ValueId layer(ValueId x, const String& prefix, const AttentionStyle& attention, const LayerStyle& style);
  // Final norm and output matrix; "output.weight", or the embedding table where it is tied; logits capped where cap > 0.
  Graph finish(ValueId x, float cap = 0);

 private:
  const NamedTensor* find(std::string_view name) const;
  const Tensor& checked(const String& name, std::initializer_list<int64_t> shape);
  ValueId weight(const String& name, std::initializer_list<int64_t> shape);
  ValueId shared_expert(ValueId x, const String& prefix, Gate act, int64_t ffn);
  ValueId experts(ValueId x, const String& name, int64_t N, int64_t K, ValueId chosen);
  // linear() with rows begin .. begin + N - 1 of "<whole>.weight" [all, K].
  ValueId linear_rows(ValueId x, const String& name, const String& whole, int64_t begin, int64_t N, int64_t all, int64_t K);
  const ModelFile& file_;
  const DecoderConfig& config_;
  Map<std::string_view, const NamedTensor*> tensors_;
  Map<String, ValueId> constants_;  // tied tensors are one constant
  Set<String> used_;                // tensors of the file
};

}  // namespace prm
