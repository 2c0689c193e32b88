// Quantized networks: codes of 8 bits go from convolution to convolution. A quantized value is f32 -> quantize_linear -> codes; what reads
// the codes are nodes dequantize_linear. Codes get a blocked twin, and what they stand for is made only where somebody reads it.
#include <cmath>
#include <optional>

#include "graph/rewrite.h"
#include "ops/blocked.h"
#include "ops/blocked_u8.h"
#include "ops/convolution.h"
#include "ops/linear_quant.h"
#include "ops/pointwise.h"
#include "passes/channel_values.h"
#include "passes/passes.h"

namespace prm {

namespace {

// A value in codes: u8, where the graph has i8 with 128 more; and what a node makes of one.
struct Codes {
  ValueId blocked;
  int64_t channels;
};
struct Decoded {
  ValueId codes;  // in `graph`
  Quantum of;
};

// A constant in integers of at most 32 bits, with one scale or one for each index of an axis.
struct QuantizedConstant {
  const Value* codes;
  Vector<float> scale;
  int axis;
};

struct ByteKeeper {
  const Graph& graph;
  const FileBytes* file;
  MemoryAccount& account;
  Rewriter r;
  Readers readers;
  Vector<int> decoders;            // of the readers: those that decode 8 bits
  Map<ValueId, Codes> codes;       // of quantize_linear's results
  Map<ValueId, Decoded> decoded;   // results of dequantize_linear that may not be made yet
  Map<ValueId, QuantizedConstant> constants;  // results of dequantize_linear over constants
  Set<const Node*> done;           // in another's place

  ByteKeeper(const Graph& from, const FileBytes* of, MemoryAccount& pays)
      : graph(from), file(of), account(pays), r(from), readers(from), decoders(from.values.size(), 0) {
    for (const Node& n : graph.nodes)
      if (n.op == &kDequantizeLinear && graph[n.out[0]].dtype == DType::f32 && quantum_of(n, graph[n.in[0]].dtype)) ++decoders[size_t(n.in[0])];
  }

  bool is_constant(ValueId v) const { return graph[v].kind == ValueKind::constant; }
  Vector<std::byte> bytes_of(ValueId v) const { return constant_bytes(graph[v], file); }

  // Of a node with one scale and zero point, both constants, to or from 8 bits.
  std::optional<Quantum> quantum_of(const Node& n, DType code) const {
    auto attr = n.attr.as<LinearQuantAttr>();
    bool plain = attr.block == 0 && attr.precision == DType::f32 && (code == DType::u8 || code == DType::i8);
    for (size_t i = 1; i < n.in.size(); ++i) plain = plain && is_constant(n.in[i]) && graph[n.in[i]].data.count() == 1;
    if (!plain || graph[n.in[1]].dtype != DType::f32) return {};
    Quantum q{constant_values(graph[n.in[1]], file)[0], 0};
    if (n.in.size() > 2) q.zero = code == DType::u8 ? int(bytes_of(n.in[2])[0]) : int(int8_t(bytes_of(n.in[2])[0]));
    if (code == DType::i8) q.zero += 128;
    if (!std::isfinite(q.scale) || !(q.scale > 0) || !std::isfinite(1 / q.scale)) return {};
    return q;
  }
  // The node that quantizes v to 8 bits whose readers all decode them again.
  std::optional<Quantum> quantizes(const Node& n) const {
    if (n.op != &kQuantizeLinear || graph[n.in[0]].dtype != DType::f32) return {};
    const Shape& shape = graph[n.in[0]].shape;
    if (shape.rank < 3 || shape.rank > 2 + kMaxSpatial || !shape[1].literal() || shape[1].value <= 0) return {};
    return decoders[size_t(n.out[0])] == readers.count[size_t(n.out[0])] ? quantum_of(n, graph[n.out[0]].dtype) : std::nullopt;
  }

  bool keep_codes(const Node& n) {
    std::optional<Quantum> of = quantizes(n);
    if (!of) return false;
    ValueId blocked = r.to.node(kToBlocked, {}, {plain(n.in[0])}, graph[n.in[0]].name + ".in_blocks");
    codes[n.out[0]] = {r.to.node(kQuantizeBlocked, *of, {blocked}, graph[n.out[0]].name + ".codes"), graph[n.in[0]].shape[1].value};
    return true;
  }

  bool keep_decoded(const Node& n) {
    if (n.op != &kDequantizeLinear || graph[n.out[0]].dtype != DType::f32) return false;
    if (codes.count(n.in[0])) {
      decoded[n.out[0]] = {n.in[0], *quantum_of(n, graph[n.in[0]].dtype)};
      return true;
    }
    auto attr = n.attr.as<LinearQuantAttr>();
    DType type = graph[n.in[0]].dtype;
    if (!is_constant(n.in[0]) || attr.block || (type != DType::i8 && type != DType::i32) || !is_constant(n.in[1]) || graph[n.in[1]].dtype != DType::f32) return false;
    if (n.in.size() > 2) {
      if (!is_constant(n.in[2])) return false;
      for (std::byte b : bytes_of(n.in[2]))
        if (b != std::byte{}) return false;
    }
    constants.emplace(n.out[0], QuantizedConstant{&graph[n.in[0]], constant_values(graph[n.in[1]], file), attr.axis});
    return true;
  }

  // As the graph has it, made where it was put off.
  ValueId plain(ValueId v) {
    if (r.map[size_t(v)] >= 0) return r.map[size_t(v)];
    const String& name = graph[v].name;
    if (auto from = decoded.find(v); from != decoded.end()) {
      const Codes& c = codes[from->second.codes];
      ValueId values = r.to.node(kDequantizeBlocked, from->second.of, {c.blocked}, name + ".in_blocks");
      return r.map[size_t(v)] = r.to.node(kFromBlocked, FromBlockedAttr{c.channels}, {values}, name);
    }
    if (auto constant = constants.find(v); constant != constants.end()) return r.map[size_t(v)] = decoded_constant(v, constant->second);
    return r.use(v);
  }
  // Computed once: it would be in every run.
  ValueId decoded_constant(ValueId v, const QuantizedConstant& c) {
    auto buffer = make_charged<Buffer>(size_t(c.codes->data.count()) * sizeof(float), account, MemoryKind::weights, graph[v].name);
    Tensor data = c.codes->data;
    data.dtype = DType::f32, data.data = buffer->data();
    Vector<std::byte> from = bytes_of(ValueId(c.codes - graph.values.data()));
    int64_t inner = 1;
    for (int i = c.axis + 1; i < data.rank; ++i) inner *= data.dim[i];
    for (int64_t i = 0; i < data.count(); ++i) {
      float value = c.codes->dtype == DType::i8 ? float(reinterpret_cast<const int8_t*>(from.data())[i]) : float(reinterpret_cast<const int32_t*>(from.data())[i]);
      data.as<float>()[i] = value * c.scale[c.scale.size() == 1 ? 0 : size_t(i / inner) % c.scale.size()];
    }
    return r.to.constant(graph[v].name, data, buffer);
  }

  // The activation and the quantization behind v, where nothing else reads what is between.
  struct Tail {
    const Node* act = nullptr;
    const Node* quantize = nullptr;
    Activation kind = Activation::none;
    float a = 0, b = 0;
    Quantum to{};
  };
  Tail tail_of(ValueId v) const {
    Tail tail;
    const Node* next = readers.only(v);
    if (next && next->op == &kUnary) {
      auto attr = next->attr.as<UnaryAttr>();
      if (attr.kind == UnaryKind::relu) tail.kind = Activation::relu;
      if (attr.kind == UnaryKind::clip) tail.kind = Activation::clip, tail.a = float(attr.a), tail.b = float(attr.b);
      if (tail.kind == Activation::none) return {};
      tail.act = next;
      next = readers.only(next->out[0]);
    }
    std::optional<Quantum> to = next ? quantizes(*next) : std::nullopt;
    if (!to) return {};
    tail.quantize = next, tail.to = *to;
    return tail;
  }
  void close(const Tail& tail) {
    done.insert(tail.quantize);
    if (tail.act) done.insert(tail.act);
  }

  // What stands behind the sum of products of each output.
  bool channel_terms(const Node& n, const QuantizedConstant& w, const Quantum& x, Vector<double>& factor, Vector<double>& shift) const {
    int64_t O = w.codes->shape[0].value, each = w.codes->data.count() / O;
    Vector<double> bias(size_t(O), 0.0);
    if (n.in.size() > 2) {
      auto held = constants.find(n.in[2]);
      if (held != constants.end()) {
        Vector<std::byte> from = bytes_of(ValueId(held->second.codes - graph.values.data()));
        if (held->second.codes->dtype != DType::i32 || held->second.codes->data.count() != O) return false;
        for (size_t o = 0; o < bias.size(); ++o) bias[o] = double(reinterpret_cast<const int32_t*>(from.data())[o]) * double(held->second.scale[held->second.scale.size() == 1 ? 0 : o]);
      } else if (is_constant(n.in[2])) {
        bias = channel_values(graph[n.in[2]], O, file);
      } else {
        return false;
      }
    }
    Vector<std::byte> codes_of_w = bytes_of(ValueId(w.codes - graph.values.data()));
    for (int64_t o = 0; o < O; ++o) {
      int64_t sum = 0;
      for (int64_t i = 0; i < each; ++i) sum += int8_t(codes_of_w[size_t(o * each + i)]);
      factor.push_back(double(x.scale) * double(w.scale[w.scale.size() == 1 ? 0 : size_t(o)]));
      shift.push_back(bias[size_t(o)] - factor.back() * double(x.zero) * double(sum));
    }
    return true;
  }

  bool keep_conv(const Node& n) {
    if (n.op != &kConv || !decoded.count(n.in[0]) || !constants.count(n.in[1])) return false;
    const QuantizedConstant& w = constants.find(n.in[1])->second;
    const Decoded& x = decoded[n.in[0]];
    auto conv = n.attr.as<ConvAttr>();
    const Shape& shape = w.codes->shape;
    int64_t O = shape[0].value, each = w.codes->data.count() / std::max<int64_t>(O, 1);
    bool whole = conv.group == 1 || (shape[1].value % kChannelBlock == 0 && O / conv.group % kChannelBlock == 0);
    if (w.codes->dtype != DType::i8 || (w.scale.size() != 1 && w.axis != 0) || !whole || O <= 0 || each > kMostU8Products || conv.act != Activation::none) return false;
    Vector<double> factor, shift;
    if (!channel_terms(n, w, x.of, factor, shift)) return false;
    Tail tail = tail_of(n.out[0]);
    conv.act = tail.kind, conv.a = tail.a, conv.b = tail.b;
    ValueId weights = r.use(ValueId(w.codes - graph.values.data()));
    Vector<ValueId> in{codes[x.codes].blocked, weights, add_channel_values(r.to, n.name + ".factor", factor, O, account), add_channel_values(r.to, n.name + ".shift", shift, O, account)};
    ConvU8Attr attr{conv, x.of.zero, tail.to};
    const String& name = graph[n.out[0]].name;
    ValueId made = r.to.node(kConvU8, attr, std::move(in), name + ".codes");
    if (tail.quantize) {
      codes[tail.quantize->out[0]] = {made, O};
      close(tail);
    } else {
      r.map[size_t(n.out[0])] = r.to.node(kFromBlocked, FromBlockedAttr{O}, {made}, name);
    }
    return true;
  }

  bool keep_sum(const Node& n) {
    if (n.op != &kBinary || n.attr.as<BinaryAttr>().kind != BinaryKind::add || !decoded.count(n.in[0]) || !decoded.count(n.in[1])) return false;
    const Quantum of_a = decoded[n.in[0]].of, of_b = decoded[n.in[1]].of;
    const Codes a = codes[decoded[n.in[0]].codes], b = codes[decoded[n.in[1]].codes];
    Tail tail = tail_of(n.out[0]);
    if (!tail.quantize || !(r.to[a.blocked].shape == r.to[b.blocked].shape) || a.channels != b.channels) return false;
    ValueId made = r.to.node(kSumU8, SumU8Attr{of_a, of_b, tail.to, tail.kind, tail.a, tail.b}, {a.blocked, b.blocked}, graph[n.out[0]].name + ".codes");
    codes[tail.quantize->out[0]] = {made, a.channels};
    close(tail);
    return true;
  }

  Graph run() {
    r.keep_inputs();
    for (const Node& n : graph.nodes) {
      if (done.count(&n) || keep_conv(n) || keep_sum(n) || keep_codes(n) || keep_decoded(n)) continue;
      for (ValueId v : n.in) plain(v);
      r.copy(n);
    }
    for (ValueId v : graph.outputs) plain(v);
    return r.finish();
  }
};

}  // namespace

Graph keep_bytes(Graph graph, const FileBytes* file, MemoryAccount& account) {
  if (!has_any_op(graph, {&kDequantizeLinear})) return graph;
  return ByteKeeper(graph, file, account).run();
}

}  // namespace prm
