// Passes of vision models: transposed convolutions, functions that are spelled out, shuffled channels, quantized networks.
#include "ops/blocked.h"
#include "ops/blocked_u8.h"
#include "ops/conv_transpose.h"
#include "ops/convolution.h"
#include "ops/linear_quant.h"
#include "ops/pointwise.h"
#include "ops/pooling.h"
#include "ops/rearrange.h"
#include "ops/view.h"
#include "passes/passes.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

namespace {

struct Bench {
  Graph g;
  Random random{41};
  std::vector<std::unique_ptr<std::vector<std::byte>>> data;
  MemoryAccount account;

  ValueId held(const String& name, DType type, std::initializer_list<int64_t> dims, const void* from, size_t bytes) {
    auto* begin = static_cast<const std::byte*>(from);
    data.push_back(std::make_unique<std::vector<std::byte>>(begin, begin + bytes));
    return g.constant(name, Tensor(type, dims, data.back()->data()), nullptr);
  }
  ValueId number(double value) {
    float one = float(value);
    return held(format_text("number{}", data.size()), DType::f32, {}, &one, sizeof one);
  }
  ValueId weights(const String& name, std::initializer_list<int64_t> dims, float amplitude) {
    int64_t n = 1;
    for (int64_t d : dims) n *= d;
    std::vector<float> values = uniform(n, random, amplitude);
    return held(name, DType::f32, dims, values.data(), values.size() * 4);
  }
};

std::map<std::string, int> ops_in(const Graph& graph) {
  std::map<std::string, int> ops;
  for (const Node& n : graph.nodes) ++ops[n.op->name];
  return ops;
}

// What `made` gives on every instruction set lies within `bound` of what the graph gives by references.
void check_same(const Graph& graph, const Graph& made, const GraphRun& run, double bound) {
  BareDevice bare;
  std::vector<float> truth = floats(run_graph(graph, bare, run));
  std::vector<std::byte> scalar = run_graph(made, *open_cpu("scalar"), run);
  for (const std::string& isa : test_isas()) {
    INFO(isa);
    CHECK((run_graph(made, *open_cpu(isa), run) == scalar));
  }
  std::vector<float> got = floats(scalar);
  REQUIRE(got.size() == truth.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::fabs(double(got[i]) - double(truth[i])));
  CHECK(worst <= bound);
}

struct TransposedCase {
  int rank, C, O, group, k, stride, pad_begin, pad_end, more, dilation;
  bool spreads;
};

}  // namespace

TEST_CASE("transposed convolutions become convolutions whose results lie side by side") {
  const TransposedCase cases[] = {{2, 6, 5, 1, 2, 2, 0, 0, 0, 1, true},  {2, 6, 8, 2, 4, 2, 1, 1, 0, 1, true}, {2, 4, 4, 4, 3, 2, 1, 1, 1, 1, true},  {1, 3, 2, 1, 5, 3, 2, 0, 1, 1, true},
                                  {3, 4, 3, 1, 2, 2, 0, 1, 0, 1, true},  {2, 3, 3, 1, 3, 1, 1, 1, 0, 1, true}, {2, 20, 18, 1, 4, 4, 0, 3, 2, 1, true}, {2, 3, 3, 1, 3, 2, 0, 0, 0, 2, false},
                                  {3, 4, 4, 2, 2, 2, 0, 0, 0, 1, false}, {2, 3, 3, 1, 2, 3, 0, 0, 1, 1, false}};
  for (const TransposedCase& c : cases) {
    Bench b;
    ConvTransposeAttr attr{};
    attr.rank = c.rank, attr.group = c.group, attr.act = Activation::clip, attr.a = -0.8f, attr.b = 0.9f;
    Shape x{2, c.C};
    int64_t extents[] = {5, 4, 3};
    for (int i = 0; i < c.rank; ++i) {
      x[x.rank++] = extents[i];
      attr.stride[i] = c.stride, attr.dilation[i] = c.dilation, attr.pad_begin[i] = c.pad_begin, attr.pad_end[i] = c.pad_end, attr.output_pad[i] = c.more;
    }
    int64_t k = c.k, O = c.O / c.group;
    ValueId w = c.rank == 1 ? b.weights("w", {c.C, O, k}, 0.5f) : c.rank == 2 ? b.weights("w", {c.C, O, k, k}, 0.5f) : b.weights("w", {c.C, O, k, k, k}, 0.5f);
    b.g.outputs = {b.g.node(kConvTranspose, attr, {b.g.input("x", DType::f32, x), w, b.weights("bias", {c.O}, 0.5f)}, "y")};
    Graph spread = spread_convolutions(b.g, nullptr, b.account), fused = fuse_blocked(block_channels(spread, nullptr, b.account), b.account);
    INFO("rank " << c.rank << " C " << c.C << " O " << c.O << " group " << c.group << " k " << c.k << " stride " << c.stride);
    CHECK(ops_in(spread)["conv"] == (c.spreads ? 1 : 0));
    CHECK(ops_in(spread)["conv_transpose"] == (c.spreads ? 0 : 1));
    CHECK((spread[spread.outputs[0]].shape == b.g[b.g.outputs[0]].shape));
    int64_t n = 2 * c.C;
    for (int i = 0; i < c.rank; ++i) n *= extents[i];
    GraphRun run{{}, {{"x", bytes_of(uniform(n, b.random))}}, {}};
    if (c.spreads) check_same(b.g, spread, run, 4e-6);
    if (c.spreads) check_same(b.g, fused, run, 4e-6);
  }
}

TEST_CASE("functions that are spelled out become one node, and nothing else does") {
  using Build = ValueId (*)(Bench&, ValueId);
  struct Spelled {
    const char* name;  // null: stays
    Build build;
  };
  auto bin = [](Bench& b, ValueId l, ValueId r, BinaryKind kind) { return binary(b.g, l, r, kind, format_text("v{}", b.g.nodes.size())); };
  static auto op = bin;
  static auto un = [](Bench& b, ValueId x, UnaryAttr attr) { return unary(b.g, x, attr, format_text("v{}", b.g.nodes.size())); };
  static auto ramp = [](Bench& b, ValueId x, double most) { return un(b, op(b, x, b.number(3), BinaryKind::add), {UnaryKind::clip, 0, 0, most}); };
  static auto normal = [](Bench& b, ValueId x) { return op(b, un(b, op(b, x, b.number(std::sqrt(2.0)), BinaryKind::div), {UnaryKind::erf}), b.number(1), BinaryKind::add); };
  const Spelled spelled[] = {
      {"hard_swish", [](Bench& b, ValueId x) { return op(b, op(b, x, ramp(b, x, 6), BinaryKind::mul), b.number(6), BinaryKind::div); }},
      {"hard_swish", [](Bench& b, ValueId x) { return op(b, op(b, ramp(b, x, 6), b.number(1.0 / 6), BinaryKind::mul), x, BinaryKind::mul); }},
      {"hard_swish", [](Bench& b, ValueId x) { return op(b, x, un(b, x, {UnaryKind::hard_sigmoid, 0, 1.0 / 6, 0.5}), BinaryKind::mul); }},
      {"swish", [](Bench& b, ValueId x) { return op(b, x, un(b, x, {UnaryKind::sigmoid}), BinaryKind::mul); }},
      {"gelu", [](Bench& b, ValueId x) { return op(b, op(b, x, normal(b, x), BinaryKind::mul), b.number(0.5), BinaryKind::mul); }},
      {"gelu", [](Bench& b, ValueId x) { return op(b, x, op(b, normal(b, x), b.number(0.5), BinaryKind::mul), BinaryKind::mul); }},
      {"gelu", [](Bench& b, ValueId x) { return op(b, op(b, b.number(0.5), x, BinaryKind::mul), normal(b, x), BinaryKind::mul); }},
      {nullptr, [](Bench& b, ValueId x) { return op(b, op(b, x, ramp(b, x, 5), BinaryKind::mul), b.number(6), BinaryKind::div); }},
      {nullptr, [](Bench& b, ValueId x) { return op(b, op(b, x, ramp(b, x, 6), BinaryKind::mul), b.number(5), BinaryKind::div); }},
      {nullptr, [](Bench& b, ValueId x) { return op(b, un(b, x, {UnaryKind::neg}), un(b, x, {UnaryKind::sigmoid}), BinaryKind::mul); }},
      {nullptr, [](Bench& b, ValueId x) { return op(b, op(b, x, normal(b, x), BinaryKind::mul), b.number(0.51), BinaryKind::mul); }},
  };
  for (size_t i = 0; i < std::size(spelled); ++i) {
    Bench b;
    b.g.outputs = {spelled[i].build(b, b.g.input("x", DType::f32, {3, 50}))};
    Graph composed = compose_functions(b.g, nullptr);
    INFO("spelling " << i);
    bool one = composed.nodes.size() == 1 && composed.nodes[0].op == &kUnary;
    CHECK(one == (spelled[i].name != nullptr));
    if (one) CHECK(std::string(unary_name(composed.nodes[0].attr.as<UnaryAttr>().kind)) == spelled[i].name);
    GraphRun run{{}, {{"x", bytes_of(uniform(150, b.random, 6))}}, {}};
    check_same(b.g, composed, run, 3e-6);
  }
}

TEST_CASE("channels between groups are shuffled without leaving their blocks") {
  for (bool shuffles : {true, false}) {
    Bench b;
    ConvAttr attr{};
    attr.rank = 2, attr.group = 3;
    for (int i = 0; i < 2; ++i) attr.stride[i] = attr.dilation[i] = 1;
    ValueId x = b.g.node(kConv, attr, {b.g.input("x", DType::f32, {1, 12, 5, 4}), b.weights("w", {42, 4, 1, 1}, 0.5f)}, "first");
    x = view_as(b.g, x, {1, 3, 14, 5, 4}, "apart");
    TransposeAttr order{{0, 2, 1, 3, 4}};
    if (!shuffles) order = {{0, 2, 1, 4, 3}};
    x = view_as(b.g, b.g.node(kTranspose, order, {x}, "turned"), {1, 42, 5, 4}, "joined");
    attr.group = 1;
    b.g.outputs = {b.g.node(kConv, attr, {x, b.weights("v", {20, 42, 1, 1}, 0.3f)}, "y")};
    Graph blocked = block_channels(b.g, nullptr, b.account);
    CHECK(ops_in(blocked)["shuffle_blocked"] == (shuffles ? 1 : 0));
    CHECK(ops_in(blocked)["transpose"] == (shuffles ? 0 : 1));
    check_same(b.g, blocked, {{}, {{"x", bytes_of(uniform(240, b.random))}}, {}}, 4e-6);
  }
}

namespace {

struct Quantized : Bench {
  ValueId quantized(ValueId v, const Quantum& q, const String& name, bool twice = true) {
    uint8_t zero = uint8_t(q.zero);
    ValueId scale = held(name + ".scale", DType::f32, {}, &q.scale, 4), point = held(name + ".zero", DType::u8, {}, &zero, 1);
    ValueId codes = g.node(kQuantizeLinear, LinearQuantAttr{DType::u8}, {v, scale, point}, name + ".codes");
    return twice ? g.node(kDequantizeLinear, LinearQuantAttr{DType::f32}, {codes, scale, point}, name) : codes;
  }
  // [O, C, k, k] i8 with a scale for each output.
  ValueId weights_of(const String& name, int64_t O, int64_t C, int64_t k) {
    std::vector<int8_t> codes;
    std::vector<float> scale;
    for (int64_t i = 0; i < O * C * k * k; ++i) codes.push_back(int8_t(127.9f * random.uniform()));
    for (int64_t o = 0; o < O; ++o) scale.push_back(0.004f * (1.5f + random.uniform()) / std::sqrt(float(C * k * k)));
    ValueId w = held(name + ".w", DType::i8, {O, C, k, k}, codes.data(), codes.size()), s = held(name + ".s", DType::f32, {O}, scale.data(), scale.size() * 4);
    return g.node(kDequantizeLinear, LinearQuantAttr{DType::f32}, {w, s}, name + ".weights");
  }
  ValueId conv(ValueId x, int64_t O, int64_t k, int pad, const String& name) {
    ConvAttr attr{};
    attr.rank = 2, attr.group = 1;
    for (int i = 0; i < 2; ++i) attr.stride[i] = attr.dilation[i] = 1, attr.pad_begin[i] = attr.pad_end[i] = pad;
    return g.node(kConv, attr, {x, weights_of(name, O, g[x].shape[1].value, k), weights(name + ".bias", {O}, 0.2f)}, name);
  }
};

constexpr Quantum kIn{0.01f, 120}, kInner{0.008f, 0}, kSide{0.02f, 140}, kOut{0.015f, 10};

}  // namespace

TEST_CASE("a quantized network works on codes, within one quantum") {
  Quantized b;
  ValueId x = b.quantized(b.g.input("x", DType::f32, {2, 3, 9, 8}), kIn, "in");
  ValueId a = b.quantized(unary(b.g, b.conv(x, 20, 3, 1, "first"), {UnaryKind::relu}, "relu"), kInner, "a");
  ValueId left = b.quantized(b.conv(a, 24, 3, 1, "left"), kSide, "l"), right = b.quantized(b.conv(a, 24, 1, 0, "right"), kSide, "r");
  ValueId sum = b.quantized(unary(b.g, binary(b.g, left, right, BinaryKind::add, "sum"), {UnaryKind::relu}, "summed"), kOut, "s");
  b.g.outputs = {sum};
  Graph kept = keep_bytes(b.g, nullptr, b.account), fused = fuse_blocked(block_channels(kept, nullptr, b.account), b.account);
  std::map<std::string, int> ops = ops_in(fused);
  CHECK(ops["conv_u8"] == 3);
  CHECK(ops["sum_u8"] == 1);
  CHECK(ops["quantize_linear"] + ops["dequantize_linear"] + ops["conv"] + ops["conv_blocked"] == 0);
  CHECK(ops["quantize_blocked"] == 1);
  CHECK(ops["dequantize_blocked"] == 1);
  GraphRun run{{}, {{"x", bytes_of(uniform(2 * 3 * 72, b.random))}}, {}};
  check_same(b.g, fused, run, double(kOut.scale) * 1.001 + 2 * double(kSide.scale));  // a quantum, and one of each summand
}

TEST_CASE("codes that others read, and what is not quantized in 8 bits, stay in the graph") {
  Quantized b;
  ValueId x = b.g.input("x", DType::f32, {1, 16, 4, 4});
  ValueId codes = b.quantized(x, kIn, "in", false);
  float scale = kIn.scale;
  uint8_t zero = uint8_t(kIn.zero);
  ValueId s = b.held("s", DType::f32, {}, &scale, 4), z = b.held("z", DType::u8, {}, &zero, 1);
  ValueId decoded = b.g.node(kDequantizeLinear, LinearQuantAttr{DType::f32}, {codes, s, z}, "decoded");
  ValueId y = b.conv(decoded, 16, 1, 0, "y");
  b.g.outputs = {y, codes};
  Graph kept = keep_bytes(b.g, nullptr, b.account);
  CHECK(ops_in(kept)["conv_u8"] == 0);
  CHECK(ops_in(kept)["conv"] == 1);
  CHECK(ops_in(kept)["quantize_linear"] == 1);
  CHECK(ops_in(kept)["dequantize_linear"] == 1);  // of x's codes: weights are decoded once
  check_same(b.g, kept, {{}, {{"x", bytes_of(uniform(256, b.random))}}, {}}, 2e-6);
}
