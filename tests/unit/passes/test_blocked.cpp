// Blocked channels: a network as vision models have them gives what the graph of plain ops gives, on every instruction set the same
// bytes, and what can be fused is.
#include "ops/assemble.h"
#include "ops/blocked.h"
#include "ops/convolution.h"
#include "ops/pointwise.h"
#include "ops/pooling.h"
#include "passes/passes.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

namespace {

struct Net {
  Graph g;
  Random random{21};
  std::vector<std::unique_ptr<std::vector<float>>> data;

  ValueId constant(const String& name, std::initializer_list<int64_t> dims, float amplitude) {
    Tensor t(DType::f32, dims);
    data.push_back(std::make_unique<std::vector<float>>(uniform(t.count(), random, amplitude)));
    t.data = reinterpret_cast<std::byte*>(data.back()->data());
    return g.constant(name, t, nullptr);
  }
  ValueId conv(ValueId x, int64_t O, int64_t k, int stride, int pad, int group, const String& name, bool bias = false) {
    int64_t C = g[x].shape[1].value / group;
    ConvAttr attr{};
    attr.rank = 2, attr.group = group;
    for (int i = 0; i < 2; ++i) attr.stride[i] = stride, attr.dilation[i] = 1, attr.pad_begin[i] = attr.pad_end[i] = pad;
    Vector<ValueId> in{x, constant(name + ".w", {O, C, k, k}, 1.5f / std::sqrt(float(C * k * k)))};
    if (bias) in.push_back(constant(name + ".bias", {O}, 1));
    return g.node(kConv, attr, in, name);
  }
  ValueId norm(ValueId x, const String& name) {
    int64_t C = g[x].shape[1].value;
    ValueId scaled = binary(g, x, constant(name + ".f", {C, 1, 1}, 1), BinaryKind::mul, name + ".scaled");
    return binary(g, scaled, constant(name + ".s", {C, 1, 1}, 1), BinaryKind::add, name);
  }
  ValueId relu(ValueId x, const String& name) { return unary(g, x, {UnaryKind::relu}, name); }
  ValueId pool(ValueId x, PoolKind kind, int kernel, int stride, int pad, const String& name) {
    PoolAttr attr{};
    attr.kind = kind, attr.rank = 2;
    for (int i = 0; i < 2; ++i) attr.kernel[i] = kernel, attr.stride[i] = stride, attr.dilation[i] = 1, attr.pad_begin[i] = attr.pad_end[i] = pad;
    return g.node(kPool, attr, {x}, name);
  }
};

std::map<std::string, int> ops_of(const Graph& graph) {
  std::map<std::string, int> ops;
  for (const Node& n : graph.nodes) ++ops[n.op->name];
  return ops;
}

void make_residual_net(Net& net) {
  Graph& g = net.g;
  ValueId x = g.input("x", DType::f32, {2, 3, 33, 29});
  x = net.relu(net.norm(net.conv(x, 20, 7, 2, 3, 1, "first"), "first.norm"), "first.relu");
  x = net.pool(x, PoolKind::max, 3, 2, 1, "pool");
  ValueId a = net.relu(net.norm(net.conv(x, 36, 3, 1, 1, 1, "a"), "a.norm"), "a.relu");
  a = net.norm(net.conv(a, 40, 1, 1, 0, 4, "b", true), "b.norm");
  ValueId shortcut = net.norm(net.conv(x, 40, 1, 1, 0, 1, "shortcut"), "shortcut.norm");
  x = net.relu(binary(g, a, shortcut, BinaryKind::add, "sum"), "sum.relu");
  ValueId d = unary(g, net.conv(x, 40, 3, 1, 1, 40, "depth", true), {UnaryKind::clip, 0, 0, 6}, "depth.clip");
  ValueId gate = unary(g, net.conv(net.pool(d, PoolKind::average, 0, 1, 0, "squeeze"), 40, 1, 1, 0, 1, "excite", true), {UnaryKind::hard_sigmoid, 0, 0.2, 0.5}, "gate");
  d = binary(g, d, gate, BinaryKind::mul, "gated");
  d = binary(g, d, net.constant("half", {1}, 1), BinaryKind::mul, "halved");
  x = net.relu(net.norm(binary(g, d, x, BinaryKind::add, "again"), "again.norm"), "again.relu");
  x = g.node(kConcat, ConcatAttr{1}, {net.conv(x, 32, 3, 1, 1, 1, "left"), net.conv(x, 7, 1, 1, 0, 1, "right", true)}, "both");
  x = net.conv(x, 10, 3, 2, 1, 1, "last");
  g.outputs = {net.pool(x, PoolKind::average, 0, 1, 0, "y")};
}

}  // namespace

TEST_CASE("a network in blocked channels gives what it gives in plain ones") {
  Net net;
  make_residual_net(net);
  GraphRun run{{}, {{"x", bytes_of(uniform(2 * 3 * 33 * 29, net.random))}}, {}};
  BareDevice bare;
  std::vector<float> truth = floats(run_graph(net.g, bare, run));
  MemoryAccount account;
  Graph blocked = block_channels(net.g, nullptr, account), fused = fuse_blocked(blocked, account);
  for (const Graph* graph : {&blocked, &fused}) {
    std::vector<std::byte> scalar = run_graph(*graph, *open_cpu("scalar"), run);
    std::vector<float> reference = floats(run_graph(*graph, bare, run));
    for (const std::string& isa : test_isas()) {
      INFO(isa << (graph == &fused ? " fused" : " blocked"));
      ThreadPool pool(1, 10);
      Work work;
      work.pool = &pool, work.cut = 1, work.reverse = true;
      CHECK((run_graph(*graph, *open_cpu(isa), run) == scalar));
      CHECK((run_graph(*graph, *open_cpu(isa), run, work) == scalar));
    }
    std::vector<float> got = floats(scalar);
    REQUIRE(got.size() == truth.size());
    for (size_t i = 0; i < got.size(); ++i) {  // ten layers of values near 1, each within 1e-6
      CHECK(std::fabs(double(got[i]) - double(truth[i])) < 2e-5);
      CHECK(std::fabs(double(reference[i]) - double(truth[i])) < 2e-5);
    }
  }
}

TEST_CASE("what follows a convolution goes into it") {
  Net net;
  make_residual_net(net);
  MemoryAccount account;
  std::map<std::string, int> ops = ops_of(fuse_blocked(block_channels(net.g, nullptr, account), account));
  CHECK(ops["conv_blocked"] == 9);
  CHECK(ops["conv"] == 0);
  CHECK(ops["to_blocked"] == 0);  // the first layer reads plain channels
  CHECK(ops["from_blocked"] == 1);
  CHECK(ops["pool_blocked"] == 3);
  CHECK(ops["affine_blocked"] == 2);  // a half, and the norm behind an addition, with its relu
  CHECK(ops["unary"] == 1);           // the gate
  CHECK(ops["binary"] == 2);          // gating, and an addition that follows no convolution
}

TEST_CASE("convolutions 3x3 of many channels over large planes take fewer products") {
  Net net;
  Graph& g = net.g;
  ValueId x = g.input("x", DType::f32, {1, 40, 15, 14});
  x = net.relu(net.norm(net.conv(x, 48, 3, 1, 1, 1, "a"), "n"), "r");
  g.outputs = {net.conv(net.conv(x, 33, 3, 1, 0, 1, "small"), 48, 3, 2, 1, 1, "y")};  // 13 by 12; steps of 2
  MemoryAccount account;
  Graph fused = fuse_blocked(block_channels(g, nullptr, account), account);
  std::map<std::string, int> ops = ops_of(fused);
  CHECK(ops["conv_winograd"] == 1);
  CHECK(ops["conv_blocked"] == 2);
  CHECK(ops["affine_blocked"] + ops["unary"] == 0);
  GraphRun run{{}, {{"x", bytes_of(uniform(40 * 15 * 14, net.random))}}, {}};
  BareDevice bare;
  std::vector<float> truth = floats(run_graph(g, bare, run)), got = floats(run_graph(fused, *open_cpu("scalar"), run));
  for (size_t i = 0; i < truth.size(); ++i) CHECK(std::fabs(double(got[i]) - double(truth[i])) < 1e-4);
}

TEST_CASE("values that others read stay, and stay what they are") {
  Net net;
  Graph& g = net.g;
  ValueId x = g.input("x", DType::f32, {1, 20, 6, 6});
  ValueId c = net.conv(x, 24, 3, 1, 1, 1, "c"), n = net.norm(c, "n"), r = net.relu(n, "r");
  ValueId halves = g.input("h", DType::f16, {1, 4, 6, 6});  // no such kernel: it stays plain
  g.outputs = {binary(g, r, c, BinaryKind::sub, "y"), n, c, unary(g, halves, {UnaryKind::relu}, "z")};
  MemoryAccount account;
  Graph fused = fuse_blocked(block_channels(g, nullptr, account), account);
  std::map<std::string, int> ops = ops_of(fused);
  CHECK(ops["conv_blocked"] == 1);
  CHECK(ops["affine_blocked"] == 1);
  CHECK(ops["unary"] == 2);
  CHECK(ops["from_blocked"] == 3);
  GraphRun run{{}, {{"x", bytes_of(uniform(20 * 36, net.random))}, {"h", std::vector<std::byte>(4 * 36 * 2)}}, {}};
  BareDevice bare;
  std::vector<float> truth = floats(run_graph(g, bare, run)), got = floats(run_graph(fused, *open_cpu("scalar"), run));
  for (size_t i = 0; i < truth.size(); ++i) CHECK(std::fabs(double(got[i]) - double(truth[i])) < 4e-6);
}
