// Blocked codes of 8 bits: kernels against references, and all instruction sets with each other.
#include "cases/conv.h"
#include "ops/blocked.h"
#include "ops/blocked_u8.h"
#include "ops/rows_u8.h"
#include "passes/passes.h"
#include "support/check_kernels.h"
#include "support/conv_graph.h"

using namespace prm;
using namespace prm::test;

namespace {

std::vector<std::byte> random_codes(int64_t n, Random& random) {
  std::vector<std::byte> codes;
  for (int64_t i = 0; i < n; ++i) codes.push_back(std::byte(int(127.9f * (random.uniform() + 1))));
  return codes;
}

// The convolution of a case over codes: f32, or codes again, which are decoded for the comparison.
struct CodeConv {
  ConvGraph base;  // factors and shifts
  std::vector<int8_t> w;
  Graph graph;
  int64_t x_values;

  CodeConv(const cases::ConvCase& c, Random& random, bool codes) : base(c, random), x_values(base.x_values) {
    const Node& node = base.graph.nodes[0];
    ConvU8Attr attr{node.attr.as<ConvAttr>(), 37, {codes ? 0.05f : 0, codes ? 60 : 0}};
    for (size_t i = 0; i < base.w.size(); ++i) w.push_back(int8_t(127.9f * random.uniform()));
    w[0] = -128;
    for (float& factor : base.factor) factor *= 1e-3f;
    const Value& weights = base.graph[node.in[1]];
    Tensor data = weights.data;
    data.dtype = DType::i8, data.data = reinterpret_cast<std::byte*>(w.data());
    Vector<ValueId> in{graph.input("x", DType::u8, base.graph[node.in[0]].shape), graph.constant("w", data, nullptr)};
    for (std::vector<float>* one : {&base.factor, &base.shift})
      in.push_back(graph.constant(one == &base.factor ? "factor" : "shift", Tensor(DType::f32, {int64_t(one->size())}, one->data()), nullptr));
    ValueId y = graph.node(kConvU8, attr, in, "y");
    if (codes) y = graph.node(kDequantizeBlocked, attr.to, {y}, "decoded");
    graph.outputs = {graph.node(kFromBlocked, FromBlockedAttr{c.O}, {y}, "plain")};
  }
};

bool takes_codes(const cases::ConvCase& c) {
  bool whole = c.group == 1 || (c.C / c.group % 16 == 0 && c.O / c.group % 16 == 0);
  return c.tag != cases::Tag::bench && !c.plain && !c.more && whole;
}

}  // namespace

TEST_CASE("convolutions of codes have exact sums on all instruction sets") {
  Random random(31);
  int taken = 0;
  for (const cases::ConvCase& c : cases::kConv) {
    if (!takes_codes(c)) continue;
    ++taken;
    for (bool codes : {false, true}) {
      CodeConv made(c, random, codes);
      INFO("C " << c.C << " O " << c.O << " k " << c.k << " stride " << c.stride << " group " << c.group << " codes " << codes);
      check_kernels(made.graph, {{}, {{"x", random_codes(made.x_values, random)}}, {}}, [&](size_t, double) { return 0.0; });
    }
  }
  CHECK(taken > 15);
}

TEST_CASE("convolutions of rows of codes give the bytes of those of blocks") {
  Random random(32);
  int laid = 0;
  auto tiles = open_cpu("emu512"), plain = open_cpu("scalar");
  for (const cases::ConvCase& c : cases::kConv) {
    if (!takes_codes(c)) continue;
    for (bool codes : {false, true}) {
      CodeConv made(c, random, codes);
      Graph rows = lay_rows(made.graph, *tiles);
      laid += std::ranges::any_of(rows.nodes, [](const Node& n) { return n.op == &kConvRowsU8; });
      INFO("C " << c.C << " O " << c.O << " k " << c.k << " stride " << c.stride << " group " << c.group << " codes " << codes);
      GraphRun run{{}, {{"x", random_codes(made.x_values, random)}}, {}};
      check_kernels(rows, run, [](size_t, double) { return 0.0; }, tile_isas());
      CHECK((run_graph(rows, *plain, run) == run_graph(made.graph, *plain, run)));
      CHECK(lay_rows(made.graph, *plain).nodes.size() == made.graph.nodes.size());
    }
  }
  CHECK(laid > 16);
}

TEST_CASE("rows of codes are laid once for readers with the same padding") {
  Graph g;
  std::vector<int8_t> w(16 * 16 * 9, 1);
  std::vector<float> ones(16, 1);
  ValueId x = g.input("x", DType::u8, {1, 1, 5, 5, 16}), terms = g.constant("terms", Tensor(DType::f32, {16}, ones.data()), nullptr);
  ValueId weights = g.constant("w", Tensor(DType::i8, {16, 16, 3, 3}, w.data()), nullptr);
  for (int pad : {1, 1, 2}) {
    ConvU8Attr attr{{2, 1, {1, 1}, {1, 1}, {pad, pad}, {pad, pad}}, 3, {0, 0}};
    g.outputs.push_back(g.node(kConvU8, attr, {x, weights, terms, terms}, "y"));
  }
  Graph rows = lay_rows(g, *open_cpu("emu512"));
  CHECK(std::ranges::count_if(rows.nodes, [](const Node& n) { return n.op == &kRowsU8; }) == 2);
  CHECK(std::ranges::count_if(rows.nodes, [](const Node& n) { return n.op == &kConvRowsU8; }) == 3);
}

TEST_CASE("codes are quantized, decoded and added value by value") {
  Random random(33);
  for (int64_t side : {1, 5, 40}) {
    Shape shape{2, 3, side, 7, 16};
    int64_t n = ConvGraph::values_of(shape);
    Graph g;
    Quantum a{0.02f, 128}, b{0.013f, 3}, to{0.03f, 90};
    ValueId x = g.node(kQuantizeBlocked, a, {g.input("x", DType::f32, shape)}, "codes");
    ValueId sum = g.node(kSumU8, SumU8Attr{a, b, to, Activation::relu, 0, 0}, {x, g.input("other", DType::u8, shape)}, "sum");
    g.outputs = {g.node(kDequantizeBlocked, to, {sum}, "y")};
    std::vector<float> values = uniform(n, random, 4);
    values[0] = NAN, values[1] = INFINITY, values[2] = -INFINITY, values[3] = 3e38f, values[4] = 0.01f, values[5] = 0.03f;  // halves of a quantum, too
    INFO("side " << side);
    check_kernels(g, {{}, {{"x", bytes_of(values)}, {"other", random_codes(n, random)}}, {}}, [&](size_t, double) { return 0.03001; });
  }
}
