#include "ops/recurrent.h"

#include <algorithm>
#include <cmath>

#include "tensor/dense.h"

namespace prm {

namespace {

int gate_count(RecurrentKind kind) { return kind == RecurrentKind::lstm ? 4 : kind == RecurrentKind::gru ? 3 : 1; }

// Input of the node that stands for `which`; 0: it lacks it.
int input_of(const RecurrentAttr& attr, RecurrentInput which) {
  if (!(attr.given & which)) return 0;
  int at = 3;
  for (int one = 1; one < which; one <<= 1) at += (attr.given & one) != 0;
  return at;
}

// ---- shapes ----------------------------------------------------------------------------------------------------------

void need_states(const ShapeRule& r, const RecurrentAttr& attr, const Shape& state) {
  for (RecurrentInput which : {kRecurrentHidden, kRecurrentCell}) {
    int i = input_of(attr, which);
    r.need(!i || (r.shape(i) == state && r.x(i).dtype == r.x(0).dtype), "needs initial states of a value for each direction, sequence and hidden unit");
  }
}

void infer_recurrent(ShapeRule& r) {
  auto attr = r.at<RecurrentAttr>();
  int extra = 0, gates = gate_count(attr.kind);
  for (int one = kRecurrentBias; one <= kRecurrentPeepholes; one <<= 1) extra += (attr.given & one) != 0;
  r.need(r.inputs() == 3 + extra && is_float(r.x(0).dtype), "needs x of floats, weights of both kinds, and the inputs that it says it has");
  const Shape &x = r.shape(0), &w = r.shape(1), &recurrence = r.shape(2);
  r.need(x.rank == 3 && w.rank == 3 && recurrence.rank == 3, "needs x and weights of three dimensions");
  r.need(r.x(1).dtype == r.x(0).dtype && r.x(2).dtype == r.x(0).dtype, "needs weights of x's type");
  Dim directions = attr.way == RecurrentWay::both ? 2 : 1, hidden = recurrence[2], steps = x[attr.batch_first ? 1 : 0], batch = x[attr.batch_first ? 0 : 1];
  r.need(hidden.literal() && hidden.value > 0, "needs hidden units, whose number is known");
  DimTable& dims = r.graph.dims;
  Dim rows = dims.multiply(hidden, gates);
  r.need(w == Shape{directions, rows, x[2]} && recurrence == Shape{directions, rows, hidden}, "needs weights for each direction, gate and hidden unit");
  if (int i = input_of(attr, kRecurrentBias)) r.need(r.shape(i) == Shape{directions, dims.multiply(rows, 2)} && r.x(i).dtype == r.x(0).dtype, "needs two biases for each row of the weights");
  if (int i = input_of(attr, kRecurrentLengths)) r.need(r.shape(i) == Shape{batch} && is_integer(r.x(i).dtype), "needs a length for each sequence");
  if (int i = input_of(attr, kRecurrentPeepholes)) r.need(r.shape(i) == Shape{directions, dims.multiply(hidden, 3)} && r.x(i).dtype == r.x(0).dtype, "needs peepholes for three gates");
  Shape state = attr.batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  need_states(r, attr, state);
  DType type = r.x(0).dtype;
  r.out = {{type, attr.batch_first ? Shape{batch, steps, directions, hidden} : Shape{steps, directions, batch, hidden}}, {type, state}};
  r.out.push_back({DType::f64, {dims.multiply(hidden, gates + 3)}});
  if (attr.kind == RecurrentKind::lstm) r.out.push_back({type, state});
}

Cost cost_recurrent(const OpArgs& a) {
  Cost cost = cost_of_values(a, 10);
  int64_t rows = a.x(0).count() / std::max<int64_t>(a.x(0).cols(), 1);
  cost.flops += 2 * double(rows) * double(a.x(1).count() + a.x(2).count());
  return cost;
}

// ---- one sequence in one direction -----------------------------------------------------------------------------------

double gate_value(GateFunction function, double alpha, double beta, double x) {
  switch (function) {
    case GateFunction::tanh: return std::tanh(x);
    case GateFunction::sigmoid: return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
    case GateFunction::relu: return x < 0 ? 0 : x;
    case GateFunction::softsign: return x / (1 + std::fabs(x));
    case GateFunction::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
    case GateFunction::affine: return alpha * x + beta;
    case GateFunction::scaled_tanh: return alpha * std::tanh(beta * x);
    case GateFunction::hard_sigmoid: return std::min(std::max(alpha * x + beta, 0.0), 1.0);
    case GateFunction::leaky_relu: return x < 0 ? alpha * x : x;
    case GateFunction::elu: return x < 0 ? alpha * std::expm1(x) : x;
    case GateFunction::thresholded_relu: return x >= alpha ? x : 0;
    default: return x;
  }
}

template <class T>
struct Sequence {
  const OpArgs& a;
  RecurrentAttr attr = a.at<RecurrentAttr>();
  int64_t hidden = a.x(2).dim[2], input = a.x(0).dim[2], rows = a.x(1).dim[1];
  int64_t steps = a.x(0).dim[attr.batch_first ? 1 : 0], batch = a.x(0).dim[attr.batch_first ? 0 : 1], directions = a.x(1).dim[0];
  int64_t direction = 0, member = 0;
  double *h = a.y(2).template as<double>(), *c = h + hidden, *gate = c + hidden, *reset = gate + rows;

  const T* part(RecurrentInput which, int64_t offset) const {
    int i = input_of(attr, which);
    return i ? a.x(i).template as<T>() + offset : nullptr;
  }
  int64_t state_offset() const { return (attr.batch_first ? member * directions + direction : direction * batch + member) * hidden; }
  double function(int which, double x) const {
    int i = int(direction) * kGateFunctions + which;
    if (attr.clip > 0) x = std::min(std::max(x, -double(attr.clip)), double(attr.clip));
    return gate_value(attr.function[i], double(attr.alpha[i]), double(attr.beta[i]), x);
  }
  // The rows of gate `which`: from x and its bias; from a hidden state and its bias.
  double from_input(int64_t row, const T* x) const {
    const T* w = a.x(1).template as<T>() + (direction * rows + row) * input;
    const T* bias = part(kRecurrentBias, direction * 2 * rows);
    double sum = bias ? Dense<T>::load(bias[row]) : 0;
    for (int64_t i = 0; i < input; ++i) sum += Dense<T>::load(w[i]) * Dense<T>::load(x[i]);
    return sum;
  }
  double from_state(int64_t row, const double* state) const {
    const T* w = a.x(2).template as<T>() + (direction * rows + row) * hidden;
    const T* bias = part(kRecurrentBias, direction * 2 * rows + rows);
    double sum = bias ? Dense<T>::load(bias[row]) : 0;
    for (int64_t i = 0; i < hidden; ++i) sum += Dense<T>::load(w[i]) * state[i];
    return sum;
  }

  void step_rnn() {
    for (int64_t i = 0; i < hidden; ++i) h[i] = function(0, gate[i]);
  }
  // gate holds z, r and h as far as they follow from x; z and r from the state as well.
  void step_gru(const T* x) {
    for (int64_t i = 0; i < hidden; ++i) {
      double ratio = function(0, gate[hidden + i]);
      reset[i] = attr.reset_after ? ratio : ratio * h[i];
    }
    double* fresh = gate + hidden;  // in place of r, which is in `reset` now
    for (int64_t i = 0; i < hidden; ++i) {
      int64_t row = 2 * hidden + i;
      double state = from_state(row, attr.reset_after ? h : reset);
      fresh[i] = function(1, from_input(row, x) + (attr.reset_after ? reset[i] * state : state));
    }
    for (int64_t i = 0; i < hidden; ++i) {
      double keep = function(0, gate[i]);
      h[i] = (1 - keep) * fresh[i] + keep * h[i];
    }
  }
  void step_lstm() {
    const T* peephole = part(kRecurrentPeepholes, direction * 3 * hidden);
    auto peek = [&](int which, int64_t i) { return peephole ? Dense<T>::load(peephole[which * hidden + i]) : 0.0; };
    for (int64_t i = 0; i < hidden; ++i) {
      double in = function(0, gate[i] + peek(0, i) * c[i]);
      double forget = attr.coupled ? 1 - in : function(0, gate[2 * hidden + i] + peek(2, i) * c[i]);
      c[i] = forget * c[i] + in * function(1, gate[3 * hidden + i]);
      h[i] = function(0, gate[hidden + i] + peek(1, i) * c[i]) * function(2, c[i]);
    }
  }
  void step(int64_t t) {
    const T* x = a.x(0).template as<T>() + (attr.batch_first ? member * steps + t : t * batch + member) * input;
    int64_t known = attr.kind == RecurrentKind::gru ? 2 * hidden : rows;
    for (int64_t row = 0; row < known; ++row) gate[row] = from_input(row, x) + from_state(row, h);
    if (attr.kind == RecurrentKind::rnn) step_rnn();
    else if (attr.kind == RecurrentKind::gru) step_gru(x);
    else step_lstm();
  }

  void load_state(double* state, RecurrentInput which) const {
    const T* from = part(which, state_offset());
    for (int64_t i = 0; i < hidden; ++i) state[i] = from ? Dense<T>::load(from[i]) : 0;
  }
  void store_state(const Tensor& to, int64_t offset, const double* state) const {
    for (int64_t i = 0; i < hidden; ++i) to.as<T>()[offset + i] = Dense<T>::store(state ? state[i] : 0);
  }
  int64_t length() const {
    int i = input_of(attr, kRecurrentLengths);
    return i ? std::min(std::max<int64_t>(load_integer(a.x(i), member), 0), steps) : steps;
  }
  void run() {
    bool reversed = attr.way == RecurrentWay::reverse || direction == 1;
    int64_t own = length();
    load_state(h, kRecurrentHidden);
    load_state(c, kRecurrentCell);
    for (int64_t i = 0; i < steps; ++i) {
      int64_t t = reversed && i < own ? own - 1 - i : i;
      if (i < own) step(t);
      int64_t place = attr.batch_first ? (member * steps + t) * directions + direction : (t * directions + direction) * batch + member;
      store_state(a.y(0), place * hidden, i < own ? h : nullptr);
    }
    store_state(a.y(1), state_offset(), h);
    if (attr.kind == RecurrentKind::lstm) store_state(a.y(3), state_offset(), c);
  }
};

void reference_recurrent(const OpArgs& a) {
  visit_dense(a.x(0).dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) {
      Sequence<T> one{a};
      for (one.direction = 0; one.direction < one.directions; ++one.direction)
        for (one.member = 0; one.member < one.batch; ++one.member) one.run();
    }
  });
}

}  // namespace

const Op kRecurrent{.name = "recurrent", .infer = infer_recurrent, .cost = cost_recurrent, .reference = reference_recurrent};

}  // namespace prm
