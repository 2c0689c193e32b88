// Attention over rows and over pages: the reference's bound, the bytes of every cut, and each token as if it were alone.
#include <algorithm>

#include "base/half.h"
#include "cases/rowwise.h"
#include "ops/ops.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

TEST_CASE("attention keeps within its bound, for windows, groups and several sequences in the rows") {
  Random random(5);
  for (const cases::AttentionCase& c : cases::kAttention) {
    if (c.tag == cases::Tag::bench) continue;
    Graph g;
    Dim T = g.symbol("T");
    ValueId q = g.input("q", DType::f32, {T, c.H * c.D}), k = g.input("k", DType::f32, {T, c.G * c.D}), v = g.input("v", DType::f32, {T, c.G * c.D});
    float scale = float(1.0 / std::sqrt(double(c.D)));
    g.outputs = {attention(g, q, k, v, g.input("positions", DType::i32, {T}), {int32_t(c.D), int32_t(c.window), scale}, "y")};
    std::vector<int32_t> positions;
    for (int64_t t = 0; t < c.T; ++t) positions.push_back(int32_t(t < c.T / 3 ? t : t - c.T / 3));  // two sequences
    positions.back() = c.T > 3 ? -1 : positions.back();                                             // padding
    INFO("T " << c.T << " H " << c.H << " G " << c.G << " D " << c.D << " window " << c.window);
    check_kernels(g,
                  {{{"T", c.T}},
                   {{"q", bytes_of(uniform(c.T * c.H * c.D, random, 3))},
                    {"k", bytes_of(uniform(c.T * c.G * c.D, random, 3))},
                    {"v", bytes_of(uniform(c.T * c.G * c.D, random))},
                    {"positions", bytes_of(positions)}},
                   {}},
                  [](size_t, double) { return cases::kAttentionBound; });
  }
}

namespace {

// Several sequences in pages that are dealt out in mixed order, their last tokens as queries, one of them padding.
struct PagedCase {
  int64_t H, G, D, window, page;
  std::vector<int64_t> lengths;  // keys of each sequence
  int64_t queries;               // of each sequence: its last tokens
  DType cache;
  bool near_reference = false;  // small enough for the reference's loops
};

struct PagedData {
  Graph graph;
  GraphRun run;
};

PagedData make_paged(const PagedCase& c, uint64_t seed) {
  Random random(seed);
  PagedData data;
  Graph& g = data.graph;
  int64_t S = int64_t(c.lengths.size()), M = (*std::max_element(c.lengths.begin(), c.lengths.end()) + c.page - 1) / c.page, P = S * M;
  std::vector<int32_t> table(size_t(S * M)), positions, sequence;
  for (int64_t i = 0; i < P; ++i) table[size_t(i)] = int32_t(i * 7 % P);  // a permutation where 7 and P share no factor
  for (int64_t s = 0; s < S; ++s)
    for (int64_t i = std::max<int64_t>(0, c.lengths[size_t(s)] - c.queries); i < c.lengths[size_t(s)]; ++i) positions.push_back(int32_t(i)), sequence.push_back(int32_t(s));
  positions.insert(positions.begin() + long(positions.size() / 2), -1), sequence.insert(sequence.begin() + long(sequence.size() / 2), 0);
  int64_t tokens = int64_t(positions.size());
  Dim T = g.symbol("T");
  ValueId q = g.input("q", DType::f32, {T, c.H * c.D});
  ValueId k = g.input("k", c.cache, {P, c.page, c.G * c.D}), v = g.input("v", c.cache, {P, c.page, c.G * c.D});
  ValueId at = g.input("positions", DType::i32, {T}), of = g.input("sequence", DType::i32, {T}), pages = g.input("table", DType::i32, {S, M});
  float scale = float(1.0 / std::sqrt(double(c.D)));
  g.outputs = {attention_paged(g, q, k, v, at, of, pages, {int32_t(c.D), int32_t(c.window), scale}, "y")};
  auto cache = [&](float amplitude) {
    std::vector<float> values = uniform(P * c.page * c.G * c.D, random, amplitude);
    if (c.cache == DType::f32) return bytes_of(values);
    std::vector<uint16_t> halves;
    for (float value : values) halves.push_back(float_to_half(value));
    return bytes_of(halves);
  };
  data.run = {{{"T", tokens}}, {{"q", bytes_of(uniform(tokens * c.H * c.D, random, 3))}, {"k", cache(3)}, {"v", cache(1)},
              {"positions", bytes_of(positions)}, {"sequence", bytes_of(sequence)}, {"table", bytes_of(table)}}, {}};
  return data;
}

std::vector<PagedCase> paged_cases() {
  return {{1, 1, 16, 0, 16, {1}, 1, DType::f16, true},    {4, 2, 64, 0, 16, {70, 5, 41}, 40, DType::f16},
          {14, 2, 64, 0, 256, {300, 513}, 33, DType::f16}, {4, 1, 256, 20, 256, {531, 100}, 50, DType::f16},
          {6, 3, 20, 0, 16, {65, 300}, 37, DType::f16, true}, {4, 2, 10, 7, 16, {50, 33, 2}, 33, DType::f32, true},
          {3, 3, 48, 260, 64, {600}, 70, DType::f32},      {5, 1, 128, 0, 16, {260, 259, 1}, 9, DType::f32},
          {2, 1, 1024, 0, 16, {40}, 20, DType::f16},       {40, 1, 16, 3, 16, {60}, 30, DType::f16, true},
          {8, 2, 32, 0, 64, {290, 20}, 5, DType::f32, true}};
}

}  // namespace

TEST_CASE("attention over pages keeps within its bound for groups, windows and padding") {
  for (const PagedCase& c : paged_cases()) {
    if (!c.near_reference) continue;
    PagedData data = make_paged(c, uint64_t(c.D));
    INFO("H " << c.H << " G " << c.G << " D " << c.D << " window " << c.window << " page " << c.page);
    check_kernels(data.graph, data.run, [](size_t, double) { return cases::kAttentionBound; });
  }
}

TEST_CASE("a token's attention has the same bytes alone, in a tile, and on any number of threads") {
  for (const PagedCase& c : paged_cases()) {
    PagedData data = make_paged(c, 50 + uint64_t(c.D));
    std::vector<std::byte> truth = run_graph(data.graph, *open_cpu("scalar"), data.run);
    int64_t tokens = data.run.extents["T"];
    for (const std::string& isa : test_isas())
      for (int threads : {0, 1, 5}) {
        auto device = open_cpu(isa);
        ThreadPool pool(threads, 10);
        Work work;
        work.pool = &pool;
        INFO(isa << " threads " << threads << " H " << c.H << " G " << c.G << " D " << c.D << " window " << c.window);
        CHECK((run_graph(data.graph, *device, data.run, work) == truth));
        GraphRun alone = data.run;
        alone.extents["T"] = 1;
        size_t wrong = 0;
        for (int64_t t = 0; t < tokens; t += 5) {
          for (const char* name : {"q", "positions", "sequence"}) {
            const std::vector<std::byte>& all = data.run.inputs[name];
            size_t row = all.size() / size_t(tokens);
            alone.inputs[name].assign(all.begin() + long(size_t(t) * row), all.begin() + long(size_t(t + 1) * row));
          }
          std::vector<std::byte> got = run_graph(data.graph, *device, alone, work);
          wrong += !std::equal(got.begin(), got.end(), truth.begin() + long(size_t(t) * got.size()));
        }
        CHECK(wrong == 0);
      }
  }
}
