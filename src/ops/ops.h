// Builders, one per op, and the op values. A builder adds one node to the graph and returns its output.
// Shapes are row-major; letters as in tensor/tensor.h.
#pragma once
#include <span>

#include "graph/graph.h"

namespace prm {

extern const Op kEmbed, kSelectRows, kMatmul, kQuantize, kRmsNorm, kAdd, kScale, kGlu, kRopeTable, kRope, kAttention,
    kAttentionPaged, kKvWrite, kFusedRows, kMatmulGroup, kMatmulGlu,
    kSoftCap, kMoeRoute, kMoeMatmul, kMoeCombine;
std::span<const Op* const> op_list();  // one line per op in op_list.cpp

// A shape that follows from no input's, with the dimensions of the graph's table; kernels read extents from tensors.
struct ShapeAttr {
  int64_t dim[kMaxRank];  // literal, or -1 - expression
  int32_t rank;
};
ShapeAttr shape_attr(const Shape& shape);
Shape shape_of(const ShapeAttr& attr);
// One dimension in the same way.
int64_t dim_code(const Dim& dim);
Dim dim_of(int64_t code);

// The shape that values of both are broadcast to (ONNX, "Broadcasting": dimensions meet from the last on, equal or 1). An
// extent that is not known meets itself, or 1: what it comes to in a run must not lie beyond what there is.
Shape broadcast_shape(const ShapeRule& rule, const Shape& a, const Shape& b);
// Each input read and each output written once, `per_value` operations for a value of output 0.
Cost cost_of_values(const OpArgs& a, double per_value);

// An op that moves values, in pieces: units 0 to `count` of its output, in any order, about `grain` of them worth a thread's while.
struct Pieces {
  int64_t count, grain;
};
struct Movement {
  Pieces (*pieces)(const OpArgs&);
  void (*move)(const OpArgs&, int64_t begin, int64_t end);
};
template <const Movement& m>
void move_all(const OpArgs& a) {
  m.move(a, 0, m.pieces(a).count);
}
Pieces pieces_of_values(const OpArgs& a);  // the values of its output
Cost cost_of_moving(const OpArgs& a);      // each value of its output read and written once

struct NormAttr {
  float eps;
};
struct ScaleAttr {
  float factor;
};
enum class Gate : int32_t { silu, gelu };  // gelu: the tanh form
struct GluAttr {
  Gate gate;
};
struct SoftCapAttr {
  float cap;  // > 0
};
struct RopeTableAttr {
  int32_t dims;  // of a head that are rotated
  int32_t reserved = 0;
  double base;            // theta
  double position_scale;  // positions are multiplied by it (linear scaling)
  // YaRN: pairs up to ramp_low keep their positions, those from ramp_high on have them scaled, between them lies a line. By
  // default all are scaled.
  double ramp_low = -1, ramp_high = -1;
  double magnitude = 1;  // cosines and sines are multiplied by it
};
// Which values of a head are rotated together. halves: i and i + R/2 (NeoX); neighbours: 2i and 2i + 1 (GPT-J, Llama's own).
enum class Pairing : int32_t { halves, neighbours };
struct RopeAttr {
  int32_t head_dim;
  Pairing pairing = Pairing::halves;
};
struct AttentionAttr {
  int32_t head_dim;
  int32_t window;  // a token sees the `window` last positions, itself included; 0 = all
  float scale;     // of q . k
  float soft_cap = 0;  // scores become cap * tanh(score / cap), after the scaling; 0 = they stay (Gemma 2)
};

struct RouteAttr {
  int32_t used;         // experts of a token
  int32_t renormalize;  // 1: a token's weights add up to one
  float scale = 1;      // of the weights
};
struct ExpertsAttr {
  int32_t experts;
};

// One step of fused_rows: the op of the same name on one row.
enum class RowStepKind : uint8_t { none, rms_norm, add, scale, rope, glu, quantize, kv_write };
struct RowStep {
  RowStepKind kind = RowStepKind::none;
  uint8_t in[3] = {};   // the op's operands: inputs of the node, or kRowStepResult + an earlier step
  uint8_t output = 0;   // 1: the result is an output of the node, in the order of the steps
  uint8_t option = 0;   // glu: Gate; quantize: DType; rope: Pairing
  uint16_t head_dim = 0;  // rope
  float value = 0;      // rms_norm: eps; scale: factor
};
inline constexpr int kMaxRowSteps = 8, kRowStepResult = 16;
struct RowsAttr {
  RowStep step[kMaxRowSteps];
};

inline constexpr int kMaxHeadDim = 1024;      // values of a head that attention kernels take
inline constexpr int kAttentionSplit = 256;  // keys per split, at absolute positions 256 i (src/README.md, "Numbers" 2)

// Parts of a sum over K, a function of K alone (src/README.md, "Numbers" 1).
int64_t k_parts(int64_t k);

// table [V, C] any type, tokens [T] i32 -> [T, C] f32
ValueId embed(Graph& g, ValueId table, ValueId tokens, const String& name);
// x [T, C], index [R] i32 -> [R, C]
ValueId select_rows(Graph& g, ValueId x, ValueId index, const String& name);
// x [T, K], w [N, K] -> [T, N] f32, y = x . W^T. x f32; for block weights also quantized (see
// quantize, and passes/activations.cpp, which puts it in).
ValueId matmul(Graph& g, ValueId x, ValueId w, const String& name);
// x [T, K] f32 -> [T, K] a8 or a8k
ValueId quantize(Graph& g, ValueId x, DType activation, const String& name);
// x [T, C], gain [D] f32 -> [T, C]: each run of D values is normalized on its own (D = C: the row; D < C: heads)
ValueId rms_norm(Graph& g, ValueId x, ValueId gain, float eps, const String& name);
// a [T, C], b [T, C] or [C] -> [T, C]
ValueId add(Graph& g, ValueId a, ValueId b, const String& name);
ValueId scale(Graph& g, ValueId x, float factor, const String& name);
// gate [T, F], up [T, F] -> [T, F]: act(gate) * up
ValueId glu(Graph& g, ValueId gate, ValueId up, Gate act, const String& name);
// cap * tanh(x / cap): values stay inside of -cap to cap
ValueId soft_cap(Graph& g, ValueId x, float cap, const String& name);
// positions [T] i32, factors [R/2] f32 or -1 for none -> [T, R] f32: cosines of R/2 angles, then sines, times magnitude;
// angle i = pos * scale * base^(-2i/R) / factor i
ValueId rope_table(Graph& g, ValueId positions, const RopeTableAttr& attr, const String& name, ValueId factors = -1);
// x [T, H*D], table [T, R] -> [T, H*D]: rotates pairs among the first R values of each head (RoFormer), the others stay
ValueId rope(Graph& g, ValueId x, ValueId table, const RopeAttr& attr, const String& name);
// q [T, H*D], k, v [T, G*D], positions [T] i32 -> [T, H*D]. Whole sequences stand in the rows: the keys of token t are
// rows t - positions[t] .. t. Position -1 is padding: its output is 0. sinks [H] f32, -1 = none: a logit per query head that
// takes part in the softmax as one more key, whose value is zero ("attention sinks": Xiao et al., 2024; learned in gpt-oss).
ValueId attention(Graph& g, ValueId q, ValueId k, ValueId v, ValueId positions, const AttentionAttr& attr, const String& name,
                  ValueId sinks = -1);
// The same over a paged cache: k, v [P, page, G*D] f32, f16, bf16 or q8_0, sequence [T] i32, table [S, M] i32 (pages of a sequence).
ValueId attention_paged(Graph& g, ValueId q, ValueId k, ValueId v, ValueId positions, ValueId sequence, ValueId table,
                        const AttentionAttr& attr, const String& name, ValueId sinks = -1);
// state [P, page, C], rows [T, C] f32, slot [T] i32 (page * page_size + row; -1 = padding, dropped) -> new version of state
ValueId kv_write(Graph& g, ValueId state, ValueId rows, ValueId slot, const String& name);

// Mixtures of experts. logits [T, E] f32 -> the k experts of each token, the likeliest first, the lowest index first among equals
// [T, k] i32, and their weights [T, k] f32: softmax over all E.
struct Routes {
  ValueId experts, weights;
};
Routes moe_route(Graph& g, ValueId logits, const RouteAttr& attr, const String& name);
// x [T, K], the same for all k, or [T, k*K]; w [E*N, K]: the rows of one expert after another; experts [T, k] -> [T, k*N] f32.
// Types as for matmul.
ValueId moe_matmul(Graph& g, ValueId x, ValueId w, ValueId experts, int64_t count, const String& name);
// parts [T, k*C], weights [T, k] -> [T, C]: sum of weights times parts; plus shared [T, C] / (1 + exp(-gate [T, 1])) where given.
ValueId moe_combine(Graph& g, ValueId parts, ValueId weights, const String& name, ValueId shared = -1, ValueId gate = -1);

// Fused forms, which a neutral pass puts in (passes/fuse.cpp).
// Row-wise ops over the same rows, one row after another; outputs as the steps say.
ValueId fused_rows(Graph& g, Vector<ValueId> in, const RowsAttr& attr, const String& name);
// x [T, K], w [N_i, K] each -> [T, N_i] f32 each; at most kMaxOutputs weights, all of types that x may be multiplied with
ValueId matmul_group(Graph& g, ValueId x, const Vector<ValueId>& weights, const String& name);
// x [T, K], gate and up [F, K] -> [T, F] f32: act(x . gate^T) * (x . up^T)
ValueId matmul_glu(Graph& g, ValueId x, ValueId gate, ValueId up, Gate act, const String& name);

}  // namespace prm
