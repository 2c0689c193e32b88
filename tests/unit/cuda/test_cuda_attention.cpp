// Attention and the cache of CUDA on the emulator: the bytes of the CPU's scalar kernels, whichever kernel a launch takes.
#include "ops/ops.h"
#include "support/cache_rows.h"
#include "support/catch.h"
#include "support/emulated_cuda.h"
#include "support/random.h"

using namespace prm;
using namespace prm::test;

namespace {

// The last `queries` tokens of each sequence of `length` keys; after each sequence one token of padding.
struct Part {
  int64_t length, queries;
};
struct AttentionCase {
  int64_t H, G, D;
  DType cache;
  int64_t page;  // 0: sequences of as many keys as queries, in rows
  std::vector<Part> parts;
  int64_t window = 0;
  float soft_cap = 0;
  bool sinks = false;
};

struct Built {
  Graph graph;
  GraphRun run;
  std::vector<float> sinks;
};

std::vector<float> uniform_floats(int64_t n, Random& random, float size) {
  std::vector<float> x;
  for (int64_t i = 0; i < n; ++i) x.push_back(size * random.uniform());
  return x;
}

Built build(const AttentionCase& c) {
  Random random(uint64_t(c.D * 131 + c.H));
  Built built;
  Graph& g = built.graph;
  std::vector<int32_t> positions, sequence, table;
  int64_t most = 1, S = int64_t(c.parts.size());
  for (int64_t s = 0; s < S; ++s) {
    const Part& part = c.parts[size_t(s)];
    most = std::max(most, part.length);
    for (int64_t i = part.length - part.queries; i < part.length; ++i) positions.push_back(int32_t(i)), sequence.push_back(int32_t(s));
    if (S > 1) positions.push_back(-1), sequence.push_back(0);
  }
  int64_t tokens = int64_t(positions.size());
  Dim T = g.symbol("T");
  ValueId q = g.input("q", DType::f32, {T, c.H * c.D}), at = g.input("positions", DType::i32, {T});
  built.sinks = uniform_floats(c.H, random, 4);
  ValueId sink = c.sinks ? g.constant("sinks", Tensor(DType::f32, {c.H}, built.sinks.data()), nullptr) : -1;
  AttentionAttr attr{int32_t(c.D), int32_t(c.window), float(1.0 / std::sqrt(double(c.D))), c.soft_cap};
  built.run = {{{"T", tokens}}, {{"q", bytes_of(uniform_floats(tokens * c.H * c.D, random, 3))}, {"positions", bytes_of(positions)}}, {}};
  int64_t rows = tokens;
  if (c.page) {
    int64_t M = (most + c.page - 1) / c.page, P = S * M;
    rows = P * c.page;
    for (int64_t i = 0; i < P; ++i) table.push_back(int32_t(P - 1 - i));
    for (int64_t i = 0; i < P; ++i) std::swap(table[size_t(i)], table[size_t(i + random.below(P - i))]);
    ValueId k = g.input("k", c.cache, {P, c.page, c.G * c.D}), v = g.input("v", c.cache, {P, c.page, c.G * c.D});
    ValueId of = g.input("sequence", DType::i32, {T}), pages = g.input("table", DType::i32, {S, M});
    g.outputs = {attention_paged(g, q, k, v, at, of, pages, attr, "y", sink)};
    built.run.inputs["sequence"] = bytes_of(sequence), built.run.inputs["table"] = bytes_of(table);
  } else {
    g.outputs = {attention(g, q, g.input("k", c.cache, {T, c.G * c.D}), g.input("v", c.cache, {T, c.G * c.D}), at, attr, "y", sink)};
  }
  built.run.inputs["k"] = cache_rows(c.cache, uniform_floats(rows * c.G * c.D, random, 3));
  built.run.inputs["v"] = cache_rows(c.cache, uniform_floats(rows * c.G * c.D, random, 1));
  return built;
}

// How much scratch attention gets: what it asks for, that of one token, none.
enum class Scratch { whole, one_token, none };
size_t scratch_of_one(const KernelQuery& q) {
  KernelQuery one = q;
  one.in[0].dim[0] = 1;
  for (const Kernel& kernel : cuda_kernels())
    if (!std::strcmp(kernel.op, q.op.name)) return kernel.scratch(one);
  return 0;
}

std::vector<std::byte> emulated(const Built& built, Scratch scratch) {
  EmulatedCuda device;
  for (Kernel& kernel : device.table)
    if (kernel.scratch && scratch != Scratch::whole) kernel.scratch = scratch == Scratch::none ? nullptr : scratch_of_one;
  Plan plan;
  std::vector<std::byte> bytes = run_graph(built.graph, device, built.run, {}, &plan);
  CHECK(plan.fallbacks == 0);
  return bytes;
}

std::string told(const AttentionCase& c) {
  std::string text = "H " + std::to_string(c.H) + " G " + std::to_string(c.G) + " D " + std::to_string(c.D) + " " + info(c.cache).name;
  for (const Part& part : c.parts) text += " " + std::to_string(part.queries) + "/" + std::to_string(part.length);
  return text + " window " + std::to_string(c.window) + " page " + std::to_string(c.page) + " cap " + std::to_string(c.soft_cap) + (c.sinks ? " sinks" : "");
}

// Heads and caches of all kinds, for few tokens and for many.
std::vector<AttentionCase> attention_cases() {
  using enum DType;
  return {
      // Few tokens, each of its own sequence: around the ends of splits, windows into a split, groups of one to several blocks.
      {4, 2, 64, f16, 16, {{255, 1}, {256, 1}, {257, 1}}},
      {1, 1, 32, f32, 16, {{1, 1}}},
      {7, 1, 64, f16, 256, {{1100, 1}, {3, 1}}},
      {14, 2, 64, q8_0, 64, {{300, 1}, {513, 1}}, 0, 20, true},
      {4, 4, 128, bf16, 32, {{290, 2}}, 0, 0, true},
      {3, 1, 128, q8_0, 16, {{531, 1}, {64, 2}}, 260},
      {2, 1, 32, q8_0, 16, {{270, 1}}, 20},
      {4, 1, 256, f16, 64, {{513, 1}, {40, 1}}, 0, 30},
      {2, 1, 256, f32, 64, {{300, 1}}, 10},
      {10, 1, 48, f16, 16, {{260, 1}, {17, 1}}, 256, 0, true},
      {5, 1, 96, bf16, 16, {{129, 1}, {130, 1}}},
      {2, 2, 160, f32, 16, {{70, 1}}},
      {2, 1, 16, f32, 0, {{5, 5}}},
      // Many tokens of a sequence: tiles that all see of a split or in part, groups, windows, runs of several sequences in a tile.
      {1, 1, 32, f16, 16, {{40, 40}}},
      {2, 1, 64, f16, 64, {{300, 60}}},
      {7, 1, 64, q8_0, 256, {{513, 9}, {5, 5}, {258, 8}}, 0, 20, true},
      {4, 1, 128, bf16, 16, {{600, 20}}, 270, 0, true},
      {8, 2, 128, f16, 32, {{260, 10}, {30, 12}}, 20},
      {4, 2, 256, f32, 64, {{270, 18}}, 0, 30, true},
      {2, 1, 256, q8_0, 16, {{290, 33}}, 40},
      {40, 1, 16, f32, 16, {{257, 10}}, 3},
      {4, 1, 64, f16, 16, {{600, 1}, {40, 30}, {300, 2}}},  // both kernels in one launch
      {2, 2, 32, q8_0, 32, {{3, 3}, {290, 1}, {270, 20}}, 0, 0, true},
      {5, 5, 48, f16, 16, {{70, 10}}, 0, 0, true},
      {3, 1, 96, q8_0, 16, {{1100, 12}}},
      {2, 1, 160, bf16, 0, {{60, 60}}},
      {4, 2, 64, f32, 0, {{19, 19}, {33, 33}}, 8, 5, true},
      // Heads that no tile takes.
      {6, 3, 20, f16, 16, {{65, 2}, {300, 1}}, 0, 3, true},
      {1, 1, 288, bf16, 16, {{40, 1}}},
  };
}

}  // namespace

TEST_CASE("cuda: attention has the bytes of the CPU, with scratch for all tokens, for one, and without") {
  auto scalar = open_cpu("scalar");
  for (const AttentionCase& c : attention_cases()) {
    Built built = build(c);
    std::vector<std::byte> truth = run_graph(built.graph, *scalar, built.run);
    INFO(told(c));
    for (Scratch scratch : {Scratch::whole, Scratch::one_token, Scratch::none}) {
      INFO("scratch " << int(scratch));
      CHECK((emulated(built, scratch) == truth));
    }
  }
}

TEST_CASE("cuda: attention is the same in every order of threads and blocks") {
  using enum DType;
  std::vector<AttentionCase> cases = {{4, 2, 64, f16, 16, {{300, 1}, {40, 1}}}, {3, 1, 32, q8_0, 16, {{270, 1}}, 100, 5, true},
                                      {7, 1, 64, f16, 16, {{270, 9}}, 250}, {2, 1, 32, q8_0, 0, {{21, 21}}}, {1, 1, 32, bf16, 16, {{258, 1}, {20, 20}}}};
  for (const AttentionCase& c : cases) {
    Built built = build(c);
    std::vector<std::byte> truth = run_graph(built.graph, *open_cpu("scalar"), built.run);
    INFO(told(c));
    in_all_orders([&] { CHECK((emulated(built, Scratch::whole) == truth)); });
  }
}

// Of NaN the bytes are the machine's own; nothing else may differ.
TEST_CASE("cuda: what is not finite in a key or a value is seen by the tokens behind it alone, as on the CPU") {
  for (int64_t queries : {1, 12})
    for (const char* bad_in : {"k", "v"})
      for (float bad : {NAN, INFINITY, -INFINITY})
        for (float soft_cap : {0.0f, 30.0f}) {
          Built built = build({2, 1, 32, DType::f32, 16, {{262, queries}}, 0, soft_cap});
          std::vector<int32_t> pages(17);
          std::memcpy(pages.data(), built.run.inputs["table"].data(), sizeof(int32_t) * pages.size());
          auto* rows = reinterpret_cast<float*>(built.run.inputs[bad_in].data());
          rows[(pages[16] * 16 + 1) * 32 + 5] = bad;  // position 257
          std::vector<std::byte> truth = run_graph(built.graph, *open_cpu("scalar"), built.run), got = emulated(built, Scratch::whole);
          std::vector<float> x(truth.size() / 4), y(x.size());
          std::memcpy(x.data(), truth.data(), truth.size()), std::memcpy(y.data(), got.data(), got.size());
          size_t wrong = 0, seen = 0;
          for (size_t i = 0; i < x.size(); ++i) {
            wrong += std::isnan(x[i]) != std::isnan(y[i]) || (!std::isnan(x[i]) && std::memcmp(&x[i], &y[i], 4) != 0);
            seen += !std::isfinite(y[i]);
          }
          INFO(queries << " " << bad_in << " " << bad << " cap " << soft_cap);
          CHECK(wrong == 0);
          CHECK((seen > 0 || (*bad_in == 'k' && std::isinf(bad) && soft_cap == 0)));  // a score of -inf alone is a weight of zero
        }
}

TEST_CASE("cuda: rows are written into every type of cache as on the CPU") {
  for (DType type : kCacheTypes) {
    constexpr int64_t T = 17, C = 64, P = 2, kPage = 8;
    Random random(8);
    std::vector<float> rows = uniform_floats(T * C, random, 4);
    rows[3] = NAN, rows[64] = INFINITY, rows[130] = 3e38f, rows[200] = 1e-38f, rows[260] = 8.4e6f;
    std::fill(rows.begin() + 320, rows.begin() + 352, 0.0f), std::fill(rows.begin() + 352, rows.begin() + 384, 3e-7f);
    rows[400] = 65000.0f * 127, rows[450] = -1e-5f;
    Graph g;
    ValueId state = g.state("cache", type, {P, kPage, C});
    g.outputs = {kv_write(g, state, g.input("rows", DType::f32, {T, C}), g.input("slot", DType::i32, {T}), "now")};
    GraphRun run{{}, {{"rows", bytes_of(rows)}, {"slot", bytes_of(std::vector<int32_t>{15, 0, 7, -1, 8, 3, 2, 1, 9, 4, 5, 14, 13, 12, 11, 10, 6})}}, {}};
    INFO(info(type).name);
    std::vector<std::byte> truth = run_graph(g, *open_cpu("scalar"), run);  // all rows but one are of some slot
    EmulatedCuda device;
    Plan plan;
    CHECK((run_graph(g, device, run, {}, &plan) == truth));
    CHECK(plan.fallbacks == 0);
    in_all_orders([&] { CHECK((run_graph(g, device, run) == truth)); });
  }
}
