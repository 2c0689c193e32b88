#include "cases/conv.h"
#include "ops/blocked.h"
#include "support/check_kernels.h"
#include "support/conv_graph.h"
#include "support/refusal.h"

using namespace prm;
using namespace prm::test;

namespace {

std::string text_of(const cases::ConvCase& c) {
  return format_text("C {} O {} D {} H {} W {} k {} stride {} pad {} dilation {} group {} plain {}", c.C, c.O, c.D, c.H, c.W, c.k, c.stride, c.pad, c.dilation, c.group, c.plain).c_str();
}

}  // namespace

TEST_CASE("convolutions of blocked values agree with sums in double, and all instruction sets with each other") {
  Random random(11);
  for (const cases::ConvCase& c : cases::kConv) {
    if (c.tag == cases::Tag::bench) continue;
    ConvGraph made(c, random);
    GraphRun run{{}, {{"x", bytes_of(uniform(made.x_values, random))}}, {}};
    if (c.more) run.inputs["more"] = bytes_of(uniform(made.y_values, random));
    INFO(text_of(c));
    check_kernels(made.graph, run, [&](size_t, double) { return cases::conv_bound(made.K); });
  }
}

TEST_CASE("convolutions by F(2x2, 3x3) agree with sums in double, and all instruction sets with each other") {
  Random random(15);
  int taken = 0;
  for (const cases::ConvCase& c : cases::kConv) {
    if (c.tag == cases::Tag::bench || !cases::takes_winograd(c)) continue;
    ++taken;
    ConvGraph made(c, random, kConvWinograd);
    GraphRun run{{}, {{"x", bytes_of(uniform(made.x_values, random))}}, {}};
    if (c.more) run.inputs["more"] = bytes_of(uniform(made.y_values, random));
    INFO(text_of(c));
    check_kernels(made.graph, run, [&](size_t, double) { return cases::winograd_bound(c.C); });
  }
  CHECK(taken > 4);
}

TEST_CASE("a convolution keeps what is not finite to the outputs that see it") {
  Random random(12);
  cases::ConvCase c{20, 34, 0, 9, 9, 3, 1, 1, 1, 2};
  ConvGraph made(c, random);
  made.graph.outputs = {made.graph.node(kFromBlocked, FromBlockedAttr{c.O}, {made.graph.outputs[0]}, "plain")};
  std::vector<float> x = uniform(made.x_values, random);
  x[size_t((4 * 9 + 4) * 16 + 12)] = NAN;  // channel 12, of the second group
  BareDevice bare;
  GraphRun run{{}, {{"x", bytes_of(x)}}, {}};
  std::vector<float> truth = floats(run_graph(made.graph, bare, run));
  for (const std::string& isa : test_isas()) {
    std::vector<float> y = floats(run_graph(made.graph, *open_cpu(isa), run));
    INFO(isa);
    for (size_t i = 0; i < y.size(); ++i) REQUIRE(std::isnan(y[i]) == std::isnan(truth[i]));
  }
}

TEST_CASE("pools of blocked values agree with the references") {
  Random random(13);
  for (const cases::PoolCase& c : cases::kPools) {
    PoolAttr attr{};
    Shape x{2, (c.C + 15) / 16};
    int extents[3] = {c.D, c.H, c.W};
    for (int i = 0, axis = 0; i < 3; ++i) {
      if (!extents[i]) continue;
      x[x.rank++] = extents[i];
      attr.kernel[axis] = c.global ? 0 : c.k, attr.stride[axis] = c.stride, attr.dilation[axis] = 1;
      attr.pad_begin[axis] = attr.pad_end[axis] = c.pad;
      ++axis;
    }
    x[x.rank++] = 16;
    attr.rank = x.rank - 3;
    attr.kind = c.average ? PoolKind::average : PoolKind::max;
    attr.count_padding = c.count_padding, attr.ceil = c.ceil;
    Graph g;
    g.outputs = {g.node(kPoolBlocked, attr, {g.input("x", DType::f32, x)}, "y")};
    INFO("C " << c.C << " H " << c.H << " W " << c.W << " k " << c.k << " average " << c.average << " global " << c.global);
    check_kernels(g, {{}, {{"x", bytes_of(uniform(ConvGraph::values_of(x), random))}}, {}},
                  [&](size_t, double) { return c.average ? 6e-8 * double(c.global ? c.H * c.W : c.k * c.k * c.k) : 0.0; });
  }
}

TEST_CASE("values go into blocks and come out as they were, and affine_blocked is one fma") {
  Random random(14);
  for (int64_t C : {1, 15, 16, 17, 40})
    for (int64_t side : {1, 5, 17}) {
      Graph g;
      std::vector<float> factor = uniform((C + 15) / 16 * 16, random), shift = uniform((C + 15) / 16 * 16, random);
      ValueId x = g.node(kToBlocked, {}, {g.input("x", DType::f32, {2, C, side, side})}, "in");
      ValueId f = g.constant("factor", Tensor(DType::f32, {int64_t(factor.size())}, factor.data()), nullptr);
      ValueId s = g.constant("shift", Tensor(DType::f32, {int64_t(shift.size())}, shift.data()), nullptr);
      ValueId y = g.node(kAffineBlocked, AffineAttr{Activation::clip, -0.5f, 0.75f}, {x, f, s}, "affine");
      g.outputs = {g.node(kFromBlocked, FromBlockedAttr{C}, {y}, "y")};
      INFO("C " << C << " side " << side);
      check_kernels(g, {{}, {{"x", bytes_of(uniform(2 * C * side * side, random))}}, {}}, [](size_t, double) { return 1.3e-7; });
    }
}

TEST_CASE("hard_swish behind a convolution has a factor and a shift") {
  Random random(32);
  for (bool more : {false, true}) {
    cases::ConvCase c{20, 40, 0, 5, 7, 3, 1, 1, 1, 1, more};
    ConvGraph made(c, random);
    ConvAttr attr = made.graph.nodes[0].attr.as<ConvAttr>();
    attr.act = Activation::hard_swish, attr.a = 1.25f, attr.b = -0.5f;
    made.graph.nodes[0].attr = attr;
    GraphRun run{{}, {{"x", bytes_of(uniform(made.x_values, random))}}, {}};
    if (more) run.inputs["more"] = bytes_of(uniform(made.y_values, random));
    check_kernels(made.graph, run, [&](size_t, double truth) { return 3 * cases::conv_bound(made.K) * (2 + truth); });
  }
}

TEST_CASE("channels are shuffled in blocks as in the open") {
  Random random(34);
  for (auto [channels, groups] : {std::pair<int64_t, int64_t>{6, 2}, {16, 4}, {40, 5}, {136, 4}, {17, 17}, {21, 1}}) {
    Graph g;
    ValueId x = g.node(kToBlocked, {}, {g.input("x", DType::f32, {2, channels, 5, 3})}, "in");
    ValueId y = g.node(kShuffleBlocked, ShuffleAttr{channels, groups}, {x}, "shuffled");
    g.outputs = {g.node(kFromBlocked, FromBlockedAttr{channels}, {y}, "y")};
    std::vector<float> values;
    for (int64_t i = 0; i < 2 * channels * 15; ++i) values.push_back(float(i));
    INFO("channels " << channels << " groups " << groups);
    check_kernels(g, {{}, {{"x", bytes_of(values)}}, {}}, [](size_t, double) { return 0.0; });
    std::vector<float> got = floats(run_graph(g, *open_cpu("scalar"), {{}, {{"x", bytes_of(values)}}, {}}));
    for (int64_t c = 0; c < channels; ++c) CHECK(got[size_t(c * 15)] == float((c % groups * (channels / groups) + c / groups) * 15));
  }
}
