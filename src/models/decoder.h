// The blocks that decoder-only language models share. A block takes weights from the file by GGUF's names, checks their
// shapes, and adds nodes; what differs between architectures are its parameters.
#pragma once

#include "models/architecture.h"
#include "ops/ops.h"

namespace prm {

class DecoderBuilder {
 public:
  DecoderBuilder(const ModelFile& file, const DecoderConfig& config);

  Graph graph;
  ValueId tokens, positions;

  // Token embeddings [T, C].
  ValueId embedding();
  // cos/sin table of a RoPE base [T, D].
  ValueId angles(double base, double position_scale, const String& name);
  // RMS norm with the gain "<name>.weight" [size].
  ValueId norm(ValueId x, const String& name, int64_t size);
  // x [T, K] . W^T (+ bias where the file has one), W = "<name>.weight" [N, K].
  ValueId linear(ValueId x, const String& name, int64_t N, int64_t K);
  struct AttentionStyle {
    ValueId angles;
    int64_t window = 0;
    float scale = 0;       // of q . k; 0 = 1 / sqrt(D)
    bool head_norm = false;  // q and k are normalized per head: "attn_q_norm", "attn_k_norm" [D]
  };
  // Projections, RoPE, attention and output projection of layer `prefix` ("blk.0.").
  ValueId attention_block(ValueId x, const String& prefix, const AttentionStyle& style);
  // down(act(gate(x)) * up(x))
  ValueId feed_forward(ValueId x, const String& prefix, Gate act);
  // Final norm and output matrix; "output.weight", or the embedding table where it is tied.
  Graph finish(ValueId x);

 private:
  ValueId weight(const String& name, std::initializer_list<int64_t> shape);
  const ModelFile& file_;
  const DecoderConfig& config_;
  Map<String, ValueId> constants_;  // tied tensors are one constant
};

}  // namespace prm
