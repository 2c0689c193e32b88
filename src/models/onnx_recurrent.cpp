// Recurrent layers: RNN, GRU, LSTM.
#include <algorithm>
#include <cctype>

#include "models/onnx_lists.h"
#include "ops/recurrent.h"

namespace prm {

namespace {

struct FunctionName {
  const char* name;  // in small letters: some exporters write "Tanh", some "tanh"
  GateFunction function;
  int parameters = 0;  // alpha, alpha and beta
  float alpha = 0, beta = 0;
};
constexpr FunctionName kFunctions[] = {
    {"tanh", GateFunction::tanh},
    {"sigmoid", GateFunction::sigmoid},
    {"relu", GateFunction::relu},
    {"softsign", GateFunction::softsign},
    {"softplus", GateFunction::softplus},
    {"affine", GateFunction::affine, 2, 1, 0},
    {"scaledtanh", GateFunction::scaled_tanh, 2, 1, 1},
    {"hardsigmoid", GateFunction::hard_sigmoid, 2, 0.2f, 0.5f},
    {"leakyrelu", GateFunction::leaky_relu, 1, 0.01f},
    {"elu", GateFunction::elu, 1, 1},
    {"thresholdedrelu", GateFunction::thresholded_relu, 1, 1},
};

const FunctionName& function_of(const OnnxCall& c, std::string_view name) {
  String small;
  for (char letter : name) small += char(std::tolower(uint8_t(letter)));
  for (const FunctionName& one : kFunctions)
    if (small == one.name) return one;
  c.bad(format_text("'{}' is none of its activations", name));
}

// Values of alpha and beta stand in a list each for the functions that have them, in their order.
void set_functions(const OnnxCall& c, RecurrentAttr& attr) {
  const char* defaults[] = {attr.kind == RecurrentKind::rnn ? "tanh" : "sigmoid", "tanh", "tanh"};
  size_t each = attr.kind == RecurrentKind::lstm ? 3 : attr.kind == RecurrentKind::gru ? 2 : 1, ways = attr.way == RecurrentWay::both ? 2 : 1;
  const OnnxAttribute* names = c.attribute("activations", OnnxAttributeKind::texts);
  c.need(!names || names->texts.size() == each * ways, "it has another number of activations than directions and gates ask for");
  Vector<float> alphas = c.reals("activation_alpha").value_or(Vector<float>()), betas = c.reals("activation_beta").value_or(Vector<float>());
  size_t alpha = 0, beta = 0;
  for (size_t i = 0; i < each * ways; ++i) {
    const FunctionName& one = function_of(c, names ? names->texts[i] : defaults[i % each]);
    size_t at = i / each * kGateFunctions + i % each;
    attr.function[at] = one.function, attr.alpha[at] = one.alpha, attr.beta[at] = one.beta;
    if (one.parameters > 0 && alpha < alphas.size()) attr.alpha[at] = alphas[alpha++];
    if (one.parameters > 1 && beta < betas.size()) attr.beta[at] = betas[beta++];
  }
}

void import_recurrent(OnnxCall& c, RecurrentKind kind) {
  RecurrentAttr attr{kind};
  std::string_view way = c.text("direction", "forward");
  c.need(way == "forward" || way == "reverse" || way == "bidirectional", "direction is none of forward, reverse and bidirectional");
  attr.way = way == "forward" ? RecurrentWay::forward : way == "reverse" ? RecurrentWay::reverse : RecurrentWay::both;
  attr.batch_first = c.version >= 14 && c.integer("layout", 0) != 0;
  attr.reset_after = kind == RecurrentKind::gru && c.integer("linear_before_reset", 0) != 0;
  attr.coupled = kind == RecurrentKind::lstm && c.integer("input_forget", 0) != 0;
  attr.clip = float(c.real("clip", 0));
  set_functions(c, attr);
  Vector<ValueId> in{c.in(0), c.in(1), c.in(2)};
  for (int i = 3; i < (kind == RecurrentKind::lstm ? 8 : 6); ++i) {
    if (!c.has(i)) continue;
    attr.given |= uint8_t(1 << (i - 3));
    in.push_back(c.in(i));
  }
  const Shape& recurrence = c.shape(2);
  c.need(recurrence.rank == 3 && Dim(c.integer("hidden_size", recurrence.rank == 3 ? recurrence[2].value : 0)) == recurrence[2], "hidden_size is not that of the weights");
  Vector<ValueId> made = c.add_all(kRecurrent, attr, in);
  c.out(0, made[0]);
  c.out(1, made[1]);
  if (kind == RecurrentKind::lstm) c.out(2, made[3]);
}

template <RecurrentKind kind>
void import_layer(OnnxCall& c) {
  import_recurrent(c, kind);
}

constexpr OnnxOperator kOperators[] = {
    {"RNN", import_layer<RecurrentKind::rnn>},
    {"GRU", import_layer<RecurrentKind::gru>},
    {"LSTM", import_layer<RecurrentKind::lstm>},
};

}  // namespace

std::span<const OnnxOperator> onnx_recurrent() { return kOperators; }

}  // namespace prm
