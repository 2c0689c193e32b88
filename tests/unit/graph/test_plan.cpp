#include "graph/rewrite.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "support/catch.h"
#include "support/isas.h"
#include "support/random.h"
#include "support/run_graph.h"

using namespace prm;
using namespace prm::test;

namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message;
  }
  return "";
}

// x -> scale -> scale ... : a chain whose values may share memory.
Graph chain(int length) {
  Graph g;
  ValueId x = g.input("x", DType::f32, {g.symbol("T"), 64});
  for (int i = 0; i < length; ++i) x = scale(g, x, 2.0f, format_text("s{}", i));
  g.outputs = {x};
  return g;
}

// An op that counts its runs, and fires a cancel token in one of them.
struct Fuse {
  std::atomic<bool> fired{false};
  int runs = 0, fires_at = 0;
};
struct FuseAttr {
  Fuse* fuse;
};
const Op kFuse{.name = "test_fuse",
               .infer = [](ShapeRule& r) { r.out = {{r.x(0).dtype, r.shape(0)}}; },
               .cost = [](const OpArgs&) { return Cost{}; },
               .reference = [](const OpArgs& a) {
                 Fuse& fuse = *a.at<FuseAttr>().fuse;
                 if (++fuse.runs == fuse.fires_at) fuse.fired = true;
               }};

// An op whose result has as many rows as it is told.
struct SizedAttr {
  int64_t rows;
};
const Op kSized{.name = "test_sized",
                .infer = [](ShapeRule& r) { r.out = {{DType::f32, {r.at<SizedAttr>().rows, 64}}}; },
                .cost = [](const OpArgs&) { return Cost{}; },
                .reference = [](const OpArgs&) {}};

}  // namespace

TEST_CASE("values that are not alive together share memory") {
  BareDevice bare;
  PlanOptions options{&bare, {{"T", 100}}};
  Plan plan = make_plan(chain(10), options);
  CHECK(plan.bytes[kHost].unshared == 11 * 100 * 64 * 4);
  CHECK(plan.bytes[kHost].arena == 3 * 100 * 64 * 4);  // the input stays; two links of the chain at a time
  CHECK(plan.fallbacks == 10);
}

TEST_CASE("no two values of a large arena lie in one place at one time") {
  for (int length : {300, 9000}) {  // both ways to lay it out
    Graph g;
    Vector<ValueId> made{g.input("x", DType::f32, {4, 64})};
    Random chance(77);
    for (int i = 0; i < length; ++i) {
      int64_t back = chance.below(std::min<int64_t>(int64_t(made.size()), i % 50 ? 8 : 600));
      made.push_back(g.node(kSized, SizedAttr{chance.below(40)}, {made[made.size() - 1 - size_t(back)]}, format_text("s{}", i)));
    }
    g.outputs = {made.back()};
    BareDevice bare;
    Plan plan = make_plan(g, {&bare, {}});
    std::vector<const PlanValue*> values;
    for (size_t i = 0; i < plan.values.size(); ++i)
      if (plan.values[i].root == int(i) && plan.values[i].place != Place::weight) values.push_back(&plan.values[i]);
    int wrong = 0;
    for (size_t i = 0; i < values.size(); ++i)
      for (size_t j = 0; j < i; ++j) {
        const PlanValue &a = *values[i], &b = *values[j];
        bool together = a.first <= b.last && b.first <= a.last, overlap = a.offset < b.offset + b.bound.bytes() && b.offset < a.offset + a.bound.bytes();
        wrong += together && overlap;
      }
    CHECK(wrong == 0);
    for (const PlanValue* value : values) CHECK_FALSE(value->offset + value->bound.bytes() > plan.bytes[kHost].arena);
    CHECK(plan.bytes[kHost].arena < plan.bytes[kHost].unshared);
  }
}

// Scales through memory of its own.
struct ScratchDevice : BareDevice {
  static void run(const OpArgs& a) {
    CHECK((a.scratch && a.scratch->count() == 1000));
    std::memset(a.scratch->data, 0xff, 1000);
    kScale.reference(a);
    for (int i = 0; i < 1000; ++i) CHECK(a.scratch->data[i] == std::byte(0xff));
  }
  std::span<const Kernel> kernels() const override {
    static constexpr Kernel all[] = {{"scale", "through scratch", [](const KernelQuery&) { return true; }, run, {}, [](const KernelQuery& q) { return q.in[0].dim[0] == 4 ? size_t(1000) : size_t(1); }}};
    return all;
  }
};

TEST_CASE("a launch has scratch of its own, in the arena, for its time alone") {
  ScratchDevice device;
  GraphRun run{{{"T", 3}}, {{"x", bytes_of(std::vector<float>(3 * 64, 1.5f))}}, {{"T", 4}}};
  Plan plan;
  CHECK(run_graph(chain(3), device, run, {}, &plan) == bytes_of(std::vector<float>(3 * 64, 12.0f)));
  CHECK(plan.bytes[kHost].arena == 3 * 4 * 64 * 4 + 1024);
}

TEST_CASE("one plan serves every token count up to its bound") {
  auto device = open_cpu("scalar");
  Graph graph = chain(3);
  auto plan = std::make_shared<const Plan>(make_plan(graph, {device.get(), {{"T", 50}}}));
  MemoryAccount account;
  WeightPool weights(account, nullptr);
  PlanState state(plan);
  state.allocate(weights, account);
  for (int64_t T : {0, 1, 7, 50}) {
    for (int64_t i = 0; i < T * 64; ++i) state.io("x").as<float>()[i] = float(i);
    Binding binding{plan->symbol("T"), T};
    REQUIRE(state.run({&binding, 1}, {}) == Status::ok);
    CHECK(state.io("s2").dim[0] == T);
    for (int64_t i = 0; i < T * 64; ++i)
      if (state.io("s2").as<float>()[i] != 8.0f * float(i)) FAIL("at " << i);
  }
  Binding over{plan->symbol("T"), 51};
  CHECK(message_of([&] { state.run({&over, 1}, {}); }) == "run: dimension 'T' is 51, the plan allows 0 to 50");
}

TEST_CASE("a shape rule refuses what does not fit, naming the node and its inputs") {
  Graph g;
  Dim T = g.symbol("T");
  ValueId x = g.input("x", DType::f32, {T, 64}), w = g.input("w", DType::f32, {10, 63});
  CHECK(message_of([&] { matmul(g, x, w, "head"); }) == "matmul 'head': the inner extents differ; inputs: x [T, 64] f32; w [10, 63] f32");
  CHECK(message_of([&] { add(g, x, w, "sum"); }).find("add 'sum': the shapes differ") == 0);
  CHECK(message_of([&] { quantize(g, w, DType::a8, "q"); }).find("quantize 'q': K is not a multiple of the block") == 0);
}

TEST_CASE("reading a state's old version after a write is refused by name") {
  BareDevice bare;
  Graph g;
  Dim T = g.symbol("T");
  ValueId state = g.state("kv", DType::f32, {2, 4, 8}), rows = g.input("rows", DType::f32, {T, 8}), slot = g.input("slot", DType::i32, {T});
  ValueId first = kv_write(g, state, rows, slot, "first");
  kv_write(g, state, rows, slot, "second");
  g.finals = {first};
  CHECK(message_of([&] { make_plan(g, {&bare, {{"T", 4}}}); }) == "plan: 'second' reads 'kv' after 'first' replaced it");
}

TEST_CASE("a tied table is packed once and read by both of its users") {
  Random random(3);
  std::vector<float> table;
  for (int i = 0; i < 100 * 64; ++i) table.push_back(random.uniform());
  Graph g;
  ValueId w = g.constant("table", Tensor(DType::f32, {100, 64}, table.data()), nullptr);
  ValueId x = embed(g, w, g.input("tokens", DType::i32, {g.symbol("T")}), "x");
  g.outputs = {matmul(g, x, w, "y")};
  std::vector<int32_t> tokens = {0, 99, 17};
  GraphRun run{{{"T", 3}}, {{"tokens", bytes_of(tokens)}}, {}};
  std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);
  for (const std::string& isa : test_isas()) {
    Plan plan;
    run.bounds = {{"T", 64}};
    CHECK(run_graph(g, *open_cpu(isa), run, {}, &plan) == truth);
    int constants = 0;
    for (const PlanValue& value : plan.values) constants += value.place == Place::weight;
    CHECK(constants == 1);
  }
}

namespace {

struct SlowFile : FileBytes {
  mutable int reads = 0;
  explicit SlowFile(const std::vector<float>& values) {
    bytes = {reinterpret_cast<const std::byte*>(values.data()), values.size() * 4};
    in_memory = false;
  }
  void copy(uint64_t offset, size_t size, std::byte* to) const override {
    ++reads;
    std::memcpy(to, bytes.data() + offset, size);
  }
};

}  // namespace

TEST_CASE("plans share what lies in a file, and hold what was computed for them") {
  Random random(5);
  std::vector<float> stored;
  for (int i = 0; i < 64 * 64; ++i) stored.push_back(random.uniform());
  for (const std::string& isa : test_isas()) {
    auto device = open_cpu(isa);
    SlowFile file(stored);
    MemoryAccount account;
    WeightPool shared(account, &file);
    auto run = [&](float computed_value, uint64_t held_before) {
      std::vector<float> computed(64 * 64, computed_value);  // likely where the last one was
      Graph g;
      ValueId x = g.input("x", DType::f32, {3, 64});
      ValueId y = matmul(g, x, g.constant("w", Tensor(DType::f32, {64, 64}, stored.data()), nullptr), "y");
      g.outputs = {matmul(g, y, g.constant("c", Tensor(DType::f32, {64, 64}, computed.data()), nullptr), "z")};
      auto plan = std::make_shared<const Plan>(make_plan(g, {device.get(), {}}));
      WeightPool own(account, shared);
      CHECK(account.held() == held_before);
      own.reserve(*plan);
      own.fill(*plan, {});
      PlanState state(plan);
      state.allocate(own, account);
      for (int i = 0; i < 3 * 64; ++i) state.io("x").as<float>()[i] = 1;
      REQUIRE(state.run({}, {}) == Status::ok);
      return state.io("z").as<float>()[0];
    };
    float once = run(1, 0);
    uint64_t kept = account.held(MemoryKind::weights);
    CHECK(kept >= 64 * 64 * 4);
    int reads = file.reads;
    CHECK(run(0.5f, kept) == once * 0.5f);  // halves are exact
    CHECK(file.reads == reads);
    CHECK(account.held() == kept);
  }
}

TEST_CASE("cancel before a run is heard and the run changes nothing") {
  auto device = open_cpu("scalar");
  auto plan = std::make_shared<const Plan>(make_plan(chain(2), {device.get(), {{"T", 4}}}));
  MemoryAccount account;
  WeightPool weights(account, nullptr);
  PlanState state(plan);
  state.allocate(weights, account);
  std::atomic<bool> fired{true};
  Work work;
  work.control.cancel = &fired;
  Binding binding{plan->symbol("T"), 4};
  CHECK(state.run({&binding, 1}, work) == Status::cancelled);
}

TEST_CASE("a token that fires inside a step ends it as cancelled, and no launch follows, be it the last") {
  auto device = open_cpu("scalar");
  for (int fires_at : {1, 2, 3}) {
    Fuse fuse;
    fuse.fires_at = fires_at;
    Graph g;
    ValueId x = g.input("x", DType::f32, {g.symbol("T"), 4});
    for (int i = 0; i < 3; ++i) x = g.node(kFuse, FuseAttr{&fuse}, {x}, format_text("fuse{}", i));
    g.outputs = {x};
    auto plan = std::make_shared<const Plan>(make_plan(g, {device.get(), {{"T", 4}}}));
    MemoryAccount account;
    WeightPool weights(account, nullptr);
    PlanState state(plan);
    state.allocate(weights, account);
    Work work;
    work.control.cancel = &fuse.fired;
    Binding binding{plan->symbol("T"), 4};
    CHECK(state.run({&binding, 1}, work) == Status::cancelled);
    CHECK(fuse.runs == fires_at);
  }
}
