// Attention over rows and over pages: the reference's bound, the bytes of every cut, and each token as if it were alone.
#include <algorithm>

#include "cases/rowwise.h"
#include "ops/ops.h"
#include "support/cache_rows.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

namespace {

AttentionAttr attr_of(int64_t D, int64_t window, float soft_cap) { return {int32_t(D), int32_t(window), float(1.0 / std::sqrt(double(D))), soft_cap}; }

// Sinks around the scores: some matter, some do not, one ends the head.
std::vector<float> sinks_of(int64_t H, Random& random) {
  std::vector<float> sinks = uniform(H, random, 4);
  if (H > 2) sinks[1] = 30, sinks[2] = -INFINITY;
  return sinks;
}

}  // namespace

TEST_CASE("attention keeps within its bound, for windows, groups, caps, sinks and several sequences in the rows") {
  Random random(5);
  for (const cases::AttentionCase& c : cases::kAttention) {
    if (c.tag == cases::Tag::bench) continue;
    Graph g;
    Dim T = g.symbol("T");
    ValueId q = g.input("q", DType::f32, {T, c.H * c.D}), k = g.input("k", DType::f32, {T, c.G * c.D}), v = g.input("v", DType::f32, {T, c.G * c.D});
    std::vector<float> sinks = sinks_of(c.H, random);
    ValueId sink = c.sinks ? g.constant("sinks", Tensor(DType::f32, {c.H}, sinks.data()), nullptr) : -1;
    g.outputs = {attention(g, q, k, v, g.input("positions", DType::i32, {T}), attr_of(c.D, c.window, c.soft_cap), "y", sink)};
    std::vector<int32_t> positions;
    for (int64_t t = 0; t < c.T; ++t) positions.push_back(int32_t(t < c.T / 3 ? t : t - c.T / 3));  // two sequences
    positions.back() = c.T > 3 ? -1 : positions.back();                                             // padding
    INFO("T " << c.T << " H " << c.H << " G " << c.G << " D " << c.D << " window " << c.window << " cap " << c.soft_cap << " sinks " << c.sinks);
    check_kernels(g,
                  {{{"T", c.T}},
                   {{"q", bytes_of(uniform(c.T * c.H * c.D, random, 3))},
                    {"k", bytes_of(uniform(c.T * c.G * c.D, random, 3))},
                    {"v", bytes_of(uniform(c.T * c.G * c.D, random))},
                    {"positions", bytes_of(positions)}},
                   {}},
                  [&](size_t, double) { return cases::attention_bound(c.soft_cap); });
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
  float soft_cap = 0;
  bool sinks = false;
};

struct PagedData {
  Graph graph;
  GraphRun run;
  std::vector<float> sinks;
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
  data.sinks = sinks_of(c.H, random);
  ValueId sink = c.sinks ? g.constant("sinks", Tensor(DType::f32, {c.H}, data.sinks.data()), nullptr) : -1;
  g.outputs = {attention_paged(g, q, k, v, at, of, pages, attr_of(c.D, c.window, c.soft_cap), "y", sink)};
  auto cache = [&](float amplitude) { return cache_rows(c.cache, uniform(P * c.page * c.G * c.D, random, amplitude)); };
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
          {8, 2, 32, 0, 64, {290, 20}, 5, DType::f32, true},
          {1, 1, 32, 0, 16, {1}, 1, DType::q8_0, true},    {14, 2, 64, 0, 256, {300, 513}, 33, DType::q8_0},
          {4, 1, 256, 20, 256, {531, 100}, 50, DType::bf16}, {6, 3, 20, 0, 16, {65, 300}, 37, DType::bf16, true, 3, true},
          {8, 2, 96, 0, 64, {290, 20}, 5, DType::q8_0, true, 0, true}, {6, 3, 32, 30, 16, {65, 300}, 37, DType::q8_0, true, 5},
          {7, 1, 64, 0, 64, {520, 17}, 3, DType::bf16, true}, {3, 3, 128, 0, 16, {260, 259, 1}, 2, DType::q8_0, false, 2, true},
          {3, 3, 64, 0, 16, {260, 259, 1}, 1, DType::bf16},  {2, 2, 1024, 0, 16, {40}, 20, DType::q8_0}};
}

}  // namespace

TEST_CASE("attention over pages keeps within its bound for groups, windows and padding") {
  for (const PagedCase& c : paged_cases()) {
    if (!c.near_reference) continue;
    PagedData data = make_paged(c, uint64_t(c.D));
    INFO("H " << c.H << " G " << c.G << " D " << c.D << " window " << c.window << " page " << c.page << " " << info(c.cache).name);
    check_kernels(data.graph, data.run, [&](size_t, double) { return cases::attention_bound(c.soft_cap); });
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
        INFO(isa << " threads " << threads << " H " << c.H << " G " << c.G << " D " << c.D << " window " << c.window << " " << info(c.cache).name);
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

namespace {

// One sequence of `length` tokens through kv_write and attention of one head pair; values of all tokens but one row of keys or values.
std::vector<float> attend_written(const std::string& isa, DType cache, float soft_cap, bool in_keys, float bad, int64_t length) {
  constexpr int64_t D = 32, G = 2, H = 4, kPage = 16;
  Random random(3);
  Graph g;
  Dim T = g.symbol("T");
  int64_t M = (length + kPage - 1) / kPage;
  ValueId slot = g.input("slot", DType::i32, {T}), at = g.input("positions", DType::i32, {T}), of = g.input("sequence", DType::i32, {T});
  ValueId k = kv_write(g, g.state("k", cache, {M, kPage, G * D}), g.input("key", DType::f32, {T, G * D}), slot, "k.now");
  ValueId v = kv_write(g, g.state("v", cache, {M, kPage, G * D}), g.input("value", DType::f32, {T, G * D}), slot, "v.now");
  ValueId table = g.input("table", DType::i32, {1, M});
  g.outputs = {attention_paged(g, g.input("q", DType::f32, {T, H * D}), k, v, at, of, table, attr_of(D, 0, soft_cap), "y")};
  std::vector<int32_t> positions, pages;
  for (int64_t i = 0; i < length; ++i) positions.push_back(int32_t(i));
  for (int64_t i = 0; i < M; ++i) pages.push_back(int32_t(i));
  std::vector<float> key = uniform(length * G * D, random), value = uniform(length * G * D, random);
  (in_keys ? key : value)[size_t(3 * G * D + 7)] = bad;  // position 3, the first kv head
  GraphRun run{{{"T", length}}, {{"q", bytes_of(uniform(length * H * D, random))}, {"key", bytes_of(key)}, {"value", bytes_of(value)}, {"slot", bytes_of(positions)},
               {"positions", bytes_of(positions)}, {"sequence", bytes_of(std::vector<int32_t>(size_t(length)))}, {"table", bytes_of(pages)}}, {}};
  return floats(run_graph(g, *open_cpu(isa), run));
}

}  // namespace

TEST_CASE("what is not finite in a key or a value is seen in every type of cache, and by no cap hidden") {
  constexpr int64_t kLength = 270, kWidth = 128;
  for (const std::string& isa : test_isas())
    for (DType cache : kCacheTypes)
      for (float soft_cap : {0.0f, 30.0f})
        for (bool in_keys : {false, true})
          for (float bad : {NAN, INFINITY, 3e38f, 8.4e6f}) {
            // What only a half cannot hold: in the other types it is a number. A score of -inf alone is a weight of zero.
            if (bad == 8.4e6f && (cache == DType::f32 || cache == DType::bf16)) continue;
            if (bad == 3e38f && cache == DType::f32) continue;
            if (in_keys && !std::isnan(bad) && soft_cap == 0 && cache != DType::q8_0) continue;
            if (bad == 3e38f && cache == DType::bf16) continue;
            std::vector<float> y = attend_written(isa, cache, soft_cap, in_keys, bad, kLength);
            size_t seen = 0, wrong = 0;
            for (int64_t t = 0; t < kLength; ++t)
              for (int64_t i = 0; i < kWidth; ++i) {
                bool finite = std::isfinite(y[size_t(t * kWidth + i)]);
                bool touched = t >= 3 && i < kWidth / 2;
                seen += touched && !finite, wrong += !touched && !finite;
              }
            INFO(isa << " " << info(cache).name << " cap " << soft_cap << (in_keys ? " key " : " value ") << bad << " seen " << seen);
            CHECK(wrong == 0);
            CHECK(seen >= size_t((kLength - 3) * 2));  // of each token, at least one value of each query head
          }
}

TEST_CASE("attention refuses sinks, caps and caches that do not fit it") {
  auto build = [](DType cache, int64_t D, int64_t sinks, float cap) {
    Graph g;
    Dim T = g.symbol("T");
    ValueId k = g.input("k", cache, {4, 16, D}), at = g.input("positions", DType::i32, {T}), of = g.input("sequence", DType::i32, {T});
    ValueId sink = sinks ? g.input("sinks", DType::f32, {sinks}) : -1;
    return attention_paged(g, g.input("q", DType::f32, {T, 2 * D}), k, k, at, of, g.input("table", DType::i32, {1, 4}), attr_of(D, 0, cap), "y", sink);
  };
  CHECK_NOTHROW(build(DType::q8_0, 64, 2, 50));
  CHECK_THROWS(build(DType::f16, 64, 3, 0));
  CHECK_THROWS(build(DType::f16, 64, 0, -1));
  CHECK_THROWS(build(DType::f16, 64, 0, INFINITY));
  CHECK_THROWS(build(DType::f16, 64, 0, NAN));
  CHECK_THROWS(build(DType::q8_0, 48, 0, 0));
}
