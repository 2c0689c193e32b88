// Recurrent layers as ONNX defines them: RNN, GRU, LSTM over whole sequences, in one or both directions.
#pragma once
#include "ops/ops.h"

namespace prm {

extern const Op kRecurrent;

enum class RecurrentKind : uint8_t { rnn, gru, lstm };
enum class RecurrentWay : uint8_t { forward, reverse, both };
enum class GateFunction : uint8_t {
  tanh, sigmoid, relu, softsign, softplus,
  affine,            // alpha x + beta
  scaled_tanh,       // alpha tanh(beta x)
  hard_sigmoid,      // min(max(alpha x + beta, 0), 1)
  leaky_relu, elu,   // alpha
  thresholded_relu,  // x where x >= alpha, else 0
  functions
};
// Inputs that a node may lack: those it has stand behind x, w and r in this order.
enum RecurrentInput : uint8_t { kRecurrentBias = 1, kRecurrentLengths = 2, kRecurrentHidden = 4, kRecurrentCell = 8, kRecurrentPeepholes = 16 };

inline constexpr int kGateFunctions = 3;  // of a direction at most: f, g, h in ONNX's words

// x [T, B, I], w [D, G*H, I], r [D, G*H, H], bias [D, 2*G*H], lengths [B] i32, hidden and cell [D, B, H], peepholes [D, 3*H]
// -> y [T, D, B, H], the last hidden state [D, B, H], scratch f64, and for LSTM the last cell state [D, B, H]. All f32, f16, bf16
// or f64. With batch_first B stands in front: [B, T, I], [B, T, D, H], [B, D, H]. D directions, G gates in ONNX's order.
// A sequence of `length` (cut to 0 .. T) leaves zeros in y behind it; reversed, its own steps are.
struct RecurrentAttr {
  RecurrentKind kind;
  RecurrentWay way = RecurrentWay::forward;
  uint8_t given = 0;  // RecurrentInput
  bool batch_first = false;
  bool reset_after = false;  // GRU: linear_before_reset
  bool coupled = false;      // LSTM: input_forget, the forget gate is what the input gate leaves
  GateFunction function[2 * kGateFunctions] = {};
  float clip = 0;  // of what functions take; 0: as it comes
  float alpha[2 * kGateFunctions] = {}, beta[2 * kGateFunctions] = {};
};

}  // namespace prm
