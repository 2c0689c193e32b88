// The sampler against plain references: exact sets, penalties, the generator's published vectors, distributions by chi-square,
// and the time of one token over the largest vocabulary.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "runtime/sampler.h"
#include "support/catch.h"
#include "support/random.h"

using namespace prm;
using namespace prm::test;

namespace {

constexpr float kMinus = -INFINITY;

struct Bench {
  MemoryAccount account;
  Buffer buffer;
  SamplerMemory memory;
  explicit Bench(int64_t vocabulary) : buffer(sampler_bytes(vocabulary), account, MemoryKind::scratch, "test"), memory(buffer, vocabulary) {}
  explicit Bench(const std::vector<float>& logits) : Bench(int64_t(logits.size())) { load(logits); }
  void load(const std::vector<float>& logits) { std::copy(logits.begin(), logits.end(), memory.logits.begin()); }
  std::vector<int32_t> ids(const Candidates& c) {
    if (c.count == int64_t(memory.ids.size())) std::iota(memory.ids.begin(), memory.ids.end(), 0);  // places are ids
    return {memory.ids.begin(), memory.ids.begin() + c.count};
  }
};

std::vector<float> random_logits(int64_t n, uint64_t seed, float spread = 6) {
  Random random(seed);
  std::vector<float> logits;
  for (int64_t i = 0; i < n; ++i) logits.push_back(spread * (random.uniform() + random.uniform() + random.uniform()));
  return logits;
}

std::vector<double> probabilities(const std::vector<float>& logits, double temperature = 1) {
  double top = *std::max_element(logits.begin(), logits.end()), sum = 0;
  std::vector<double> p;
  for (float x : logits) p.push_back(std::exp((double(x) - top) / temperature)), sum += p.back();
  for (double& x : p) x /= sum;
  return p;
}

// Ids in the order of a stage, ties by id; those before the mass is reached and the one that reaches it.
template <class Better>
std::vector<int32_t> until_mass(const std::vector<double>& p, double mass, Better better) {
  std::vector<int32_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), better);
  double sum = 0;
  size_t n = 0;
  while (n < order.size() && sum < mass) sum += p[size_t(order[n++])];
  order.resize(n);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<int32_t> reference_top_p(const std::vector<float>& logits, double p, double temperature) {
  return until_mass(probabilities(logits, temperature), p, [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; });
}

std::vector<int32_t> reference_typical(const std::vector<float>& logits, double mass, double temperature) {
  std::vector<double> p = probabilities(logits, temperature);
  double entropy = 0;
  for (double x : p)
    if (x > 0) entropy -= x * std::log(x);
  return until_mass(p, mass, [&](int32_t a, int32_t b) { return std::fabs(-std::log(p[size_t(a)]) - entropy) < std::fabs(-std::log(p[size_t(b)]) - entropy); });
}

// The probability that a chi-square of so many degrees is at least so large, by Wilson and Hilferty.
double chance_of(double chi_square, double degrees) {
  double z = (std::cbrt(chi_square / degrees) - (1 - 2 / (9 * degrees))) / std::sqrt(2 / (9 * degrees));
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

}  // namespace

TEST_CASE("sampler: philox gives the vectors that its authors published") {
  auto is = [](Random128 r, uint32_t a, uint32_t b, uint32_t c, uint32_t d) { return r.word[0] == a && r.word[1] == b && r.word[2] == c && r.word[3] == d; };
  CHECK(is(philox(0, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  CHECK(is(philox(~0ull, ~0ull, ~0ull), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  CHECK(is(philox(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822), 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
  for (uint64_t i = 0; i < 1000; ++i) CHECK((uniform_at(7, i) >= 0 && uniform_at(7, i) < 1));
}

TEST_CASE("sampler: top-k keeps exactly the k best, the lowest ids among equals") {
  Bench hand({1, 3, 2, 3, 0, 3, -1});
  for (auto [k, expected] : std::map<int, std::vector<int32_t>>{{1, {1}}, {2, {1, 3}}, {3, {1, 3, 5}}, {4, {1, 2, 3, 5}}, {5, {0, 1, 2, 3, 5}}}) {
    hand.load({1, 3, 2, 3, 0, 3, -1});
    Candidates c = all_candidates(hand.memory, 1);
    keep_top_k(c, k);
    INFO(k);
    CHECK(hand.ids(c) == expected);
  }
  for (int64_t n : {5, 64, 65, 1000, 40000})
    for (bool tied : {false, true})
      for (int64_t k : {int64_t(1), int64_t(2), int64_t(40), n / 2, n - 1}) {
        std::vector<float> logits = random_logits(n, uint64_t(n));
        if (tied)
          for (float& x : logits) x = std::round(x);
        if (k < 1 || k >= n) continue;
        Bench bench(logits);
        Candidates c = all_candidates(bench.memory, 1);
        keep_top_k(c, k);
        std::vector<int32_t> order(logits.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; });
        order.resize(size_t(k));
        std::sort(order.begin(), order.end());
        INFO(n << " " << k << " " << tied);
        CHECK((bench.ids(c) == order));
        bool same = true;
        for (int64_t i = 0; i < c.count; ++i) same &= bench.memory.logits[size_t(i)] == logits[size_t(order[size_t(i)])];
        CHECK(same);
      }
}

TEST_CASE("sampler: top-p and typical-p keep the sets of the sorted sums, at every temperature") {
  for (int64_t n : {3, 50, 3000, 40000})
    for (float spread : {0.01f, 2.0f, 12.0f})
      for (float temperature : {0.5f, 1.0f, 1.7f})
        for (float p : {0.1f, 0.5f, 0.9f, 0.99f}) {
          std::vector<float> logits = random_logits(n, uint64_t(n) + 3, spread);
          Bench bench(logits);
          Candidates c = all_candidates(bench.memory, temperature);
          weigh(c);
          keep_top_p(c, p);
          std::vector<int32_t> expected = reference_top_p(logits, double(p), double(temperature));
          INFO(n << " spread " << spread << " T " << temperature << " p " << p);
          // Weights are floats: on the border a token more or less may be the one that reaches the mass.
          CHECK(std::abs(c.count - int64_t(expected.size())) <= 1 + n / 10000);
          if (n <= 50) CHECK((bench.ids(c) == expected));
          bench.load(logits);
          Candidates t = all_candidates(bench.memory, temperature);
          weigh(t);
          keep_typical(t, p);
          expected = reference_typical(logits, double(p), double(temperature));
          CHECK(std::abs(t.count - int64_t(expected.size())) <= 1 + n / 1000);
          if (n <= 50) CHECK((bench.ids(t) == expected));
        }
}

TEST_CASE("sampler: cuts on hand-made logits, with ties") {
  // Probabilities 0.4, 0.2, 0.2, 0.1, 0.1.
  std::vector<float> logits;
  for (double p : {0.2, 0.1, 0.4, 0.2, 0.1}) logits.push_back(float(std::log(p)));
  Bench bench(logits);
  auto kept = [&](auto stage, float p) {
    bench.load(logits);
    Candidates c = all_candidates(bench.memory, 1);
    weigh(c);
    stage(c, p);
    return bench.ids(c);
  };
  using Ids = std::vector<int32_t>;
  CHECK(kept(keep_top_p, 0.001f) == Ids{2});
  CHECK(kept(keep_top_p, 0.39f) == Ids{2});
  CHECK(kept(keep_top_p, 0.41f) == Ids{0, 2});
  CHECK(kept(keep_top_p, 0.61f) == Ids{0, 2, 3});
  CHECK(kept(keep_top_p, 0.85f) == Ids{0, 1, 2, 3});
  CHECK(kept(keep_top_p, 0.95f) == Ids{0, 1, 2, 3, 4});
  CHECK(kept(keep_min_p, 0.6f) == Ids{2});
  CHECK(kept(keep_min_p, 0.49f) == Ids{0, 2, 3});
  CHECK(kept(keep_min_p, 0.2f) == Ids{0, 1, 2, 3, 4});
  // Entropy 1.471; surprises 1.609, 2.303, 0.916, 1.609, 2.303.
  CHECK(kept(keep_typical, 0.1f) == Ids{0});
  CHECK(kept(keep_typical, 0.3f) == Ids{0, 3});
  CHECK(kept(keep_typical, 0.5f) == Ids{0, 2, 3});
  CHECK(kept(keep_typical, 0.85f) == Ids{0, 1, 2, 3});
  logits.assign(5000, 1.0f);  // all equal: the lowest ids
  Bench flat(logits);
  Candidates c = all_candidates(flat.memory, 1);
  weigh(c);
  keep_top_p(c, 0.5f);
  CHECK((c.count == 2500 && flat.memory.ids[0] == 0 && flat.memory.ids[2499] == 2499));
}

TEST_CASE("sampler: penalties look at the window alone, prompt included, and count in it") {
  SamplerOptions o;
  std::vector<float> logits = {2, -2, 3, 4, 0, 1}, counts(6, 99.0f);
  std::vector<int32_t> sequence = {5, 0, 1, 1, 3, 3, 3};
  o.repetition_penalty = 2, o.presence_penalty = 0.5f, o.frequency_penalty = 0.25f, o.penalty_tokens = 6;
  std::vector<float> got = logits;
  add_penalties(got, o, sequence, counts);
  CHECK(got == std::vector<float>{1 - 0.75f, -4 - 1.0f, 3, 2 - 1.25f, 0, 1});
  o.penalty_tokens = -1;
  got = logits;
  add_penalties(got, o, sequence, counts);
  CHECK(got == std::vector<float>{0.25f, -5, 3, 0.75f, 0, 0.5f - 0.75f});
  o = {};
  o.presence_penalty = -1;
  CHECK(o.penalizes());
  sequence.insert(sequence.begin(), 2);
  sequence.insert(sequence.begin() + 1, 64, 4);  // 64 are looked at where nothing is said
  sequence.resize(65);
  got = logits;
  add_penalties(got, o, sequence, counts);
  CHECK(got == std::vector<float>{2, -2, 3, 4, 1, 1});
  o = {};
  o.repetition_penalty = 1;
  CHECK(!o.penalizes());
}

TEST_CASE("sampler: biases add up, forbid, and together with penalties reach greedy text too") {
  Bench bench({1, 5, 4, 3});
  SamplerOptions o;
  CHECK(sample(bench.memory, o, {}, {}) == 1);
  TokenBias biases[] = {{1, kMinus}, {3, 0.75f}, {3, 0.75f}};
  o.biases = biases;
  bench.load({1, 5, 4, 3});
  CHECK(sample(bench.memory, o, {}, {}) == 3);
  std::vector<int32_t> ends = {3}, none;
  std::span<const int32_t> forbidden[] = {ends, none};
  bench.load({1, 5, 4, 3});
  CHECK(sample(bench.memory, o, {}, forbidden) == 2);
  o.presence_penalty = 4;
  std::vector<int32_t> sequence = {2};
  bench.load({1, 5, 4, 3});
  CHECK(sample(bench.memory, o, sequence, forbidden) == 0);
}

TEST_CASE("sampler: biases come before penalties, top-p before min-p") {
  Bench bench({1, -3});
  SamplerOptions o;
  TokenBias biases[] = {{0, -3}};
  o.biases = biases;
  o.repetition_penalty = 2;
  CHECK(sample(bench.memory, o, std::vector<int32_t>{0}, {}) == 1);  // (1 - 3) * 2 is below -3, 1 / 2 - 3 is not
  // Probabilities 0.4, 0.2, 0.2, 0.1, 0.1: of all, 0.7 takes the first three; of what min-p leaves, two.
  std::vector<float> logits;
  for (double p : {0.4, 0.2, 0.2, 0.1, 0.1}) logits.push_back(float(std::log(p)));
  o = {};
  o.temperature = 1, o.top_p = 0.7f, o.min_p = 0.3f;
  Bench five(logits);
  std::set<int32_t> seen;
  for (size_t i = 0; i < 200; ++i) {
    five.load(logits);
    seen.insert(sample(five.memory, o, std::vector<int32_t>(i, 0), {}));
  }
  CHECK((seen == std::set<int32_t>{0, 1, 2}));
}

TEST_CASE("sampler: NaN, infinity and a ban on everything are refused") {
  SamplerOptions o;
  for (float temperature : {0.0f, 1.0f}) {
    o.temperature = temperature;
    for (float bad : {NAN, INFINITY}) {
      Bench bench({1, bad, 2});
      CHECK_THROWS_WITH(sample(bench.memory, o, {}, {}), "the logits hold NaN or infinity after on_logits, biases and penalties");
    }
    Bench all({kMinus, kMinus});
    CHECK_THROWS_WITH(sample(all.memory, o, {}, {}), "on_logits, biases and min_tokens forbid every token: leave at least one");
  }
}

TEST_CASE("sampler: draws have the distribution that the stages leave") {
  std::vector<float> logits = random_logits(300, 5, 1.5f);
  logits[7] = kMinus;
  struct Setting {
    SamplerOptions options;
    std::vector<int32_t> kept;
  };
  std::vector<Setting> settings(4);
  settings[0].options.temperature = 1;
  settings[1].options.temperature = 0.6f;
  settings[1].options.top_k = 25;
  settings[2].options.temperature = 1.4f;
  settings[2].options.top_p = 0.8f;
  settings[3].options.temperature = 1;
  settings[3].options.min_p = 0.2f;
  for (Setting& s : settings) {
    s.options.seed = 12345;
    constexpr int kDraws = 100000;
    Bench bench(logits);
    std::vector<int> seen(logits.size());
    std::vector<int32_t> places(kDraws);
    // What is left, for the reference: the last call's candidates stand in the memory.
    Candidates c = all_candidates(bench.memory, s.options.temperature);
    if (s.options.top_k) keep_top_k(c, s.options.top_k);
    weigh(c);
    if (s.options.top_p > 0) keep_top_p(c, s.options.top_p);
    if (s.options.min_p > 0) keep_min_p(c, s.options.min_p);
    for (int i = 0; i < kDraws; ++i) ++seen[size_t(draw(c, uniform_at(s.options.seed, uint64_t(i))))];
    std::vector<double> p = probabilities(logits, double(s.options.temperature));
    double mass = 0, chi = 0, rest_seen = 0, rest = 0;
    int degrees = -1;
    std::vector<bool> kept(logits.size());
    for (int32_t id : bench.ids(c)) kept[size_t(id)] = true, mass += p[size_t(id)];
    for (size_t i = 0; i < logits.size(); ++i) {
      if (!kept[i] || p[i] == 0) {
        CHECK(seen[i] == 0);
        continue;
      }
      double expected = p[i] / mass * kDraws;
      if (expected < 10) rest += expected, rest_seen += seen[i];
      else chi += (seen[i] - expected) * (seen[i] - expected) / expected, ++degrees;
    }
    if (rest > 0) chi += (rest_seen - rest) * (rest_seen - rest) / rest, ++degrees;
    INFO("chi-square " << chi << " of " << degrees);
    CHECK(degrees > 3);
    CHECK(chance_of(chi, degrees) > 0.001);
    CHECK(chance_of(chi, degrees) < 0.9999);  // not too good either
    // sample() is these stages.
    for (size_t i = 0; i < 50; ++i) {
      std::vector<int32_t> sequence(i, 0);
      bench.load(logits);
      int32_t whole = sample(bench.memory, s.options, sequence, {});
      bench.load(logits);
      Candidates again = all_candidates(bench.memory, s.options.temperature);
      if (s.options.top_k) keep_top_k(again, s.options.top_k);
      weigh(again);
      if (s.options.top_p > 0) keep_top_p(again, s.options.top_p);
      if (s.options.min_p > 0) keep_min_p(again, s.options.min_p);
      CHECK(whole == draw(again, uniform_at(s.options.seed, i)));
    }
  }
}

TEST_CASE("sampler: draws at the ends of the unit interval are tokens that are left") {
  std::vector<float> logits(5000, kMinus);
  logits[3] = 1, logits[4000] = 2;
  Bench bench(logits);
  Candidates c = all_candidates(bench.memory, 1);
  weigh(c);
  CHECK(draw(c, 0) == 3);
  CHECK(draw(c, 0x1.fffffffffffffp-1) == 4000);
  c.mass *= 1 + 1e-6;  // a target above all sums
  CHECK(draw(c, 0x1.fffffffffffffp-1) == 4000);
}

TEST_CASE("sampler: the smallest temperature is greedy, the largest nearly even") {
  std::vector<float> logits = random_logits(1000, 8);
  int32_t best = largest(logits);
  SamplerOptions o;
  for (float t : {1e-45f, 1e-30f, 1e-3f}) {
    o.temperature = t;
    Bench bench(logits);
    CHECK(sample(bench.memory, o, std::vector<int32_t>(9, 1), {}) == best);
  }
  o.temperature = 100;
  std::vector<bool> seen(1000);
  for (size_t i = 0; i < 3000; ++i) {
    Bench bench(logits);
    seen[size_t(sample(bench.memory, o, std::vector<int32_t>(i, 1), {}))] = true;
  }
  CHECK(std::count(seen.begin(), seen.end(), true) > 900);
}

TEST_CASE("sampler: logprobs are those of the model's own softmax, the best in order") {
  std::vector<float> logits = random_logits(5000, 11);
  logits[77] = logits[4000] = *std::max_element(logits.begin(), logits.end()) + 1;
  std::vector<double> p = probabilities(logits);
  Bench bench(int64_t(logits.size()));
  TokenLogprob out[1 + kMaxBest];
  REQUIRE(read_logprobs(bench.memory, logits, 123, 20, out) == 21);
  CHECK(out[0].id == 123);
  CHECK((out[1].id == 77 && out[2].id == 4000));
  for (int i = 0; i < 21; ++i) CHECK(std::fabs(double(out[i].logprob) - std::log(p[size_t(out[i].id)])) < 5e-6);
  for (int i = 2; i < 21; ++i) CHECK(logits[size_t(out[i].id)] <= logits[size_t(out[i - 1].id)]);
  CHECK(std::count_if(logits.begin(), logits.end(), [&](float x) { return x > logits[size_t(out[20].id)]; }) < 20);
  CHECK(read_logprobs(bench.memory, logits, 5, 0, out) == 1);
  Bench few(3);
  CHECK(read_logprobs(few.memory, std::vector<float>{1, 2, 3}, 0, 10, out) == 4);
}

TEST_CASE("sampler: a token of 262,144 takes a millisecond or so") {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t V = 262144;
  struct Setting {
    const char* name;
    SamplerOptions options;
    float spread;
  };
  SamplerOptions plain, k, p, both, all;
  plain.temperature = k.temperature = p.temperature = both.temperature = all.temperature = 0.8f;
  k.top_k = 40, p.top_p = 0.95f, both.top_k = 64, both.top_p = 0.95f;
  all.top_k = 1000, all.typical_p = 0.9f, all.top_p = 0.9f, all.min_p = 0.05f, all.repetition_penalty = 1.1f, all.frequency_penalty = 0.1f;
  for (const Setting& s : {Setting{"temperature", plain, 6}, {"top-k 40", k, 6}, {"top-p 0.95", p, 6}, {"top-p 0.95, flat", p, 0.1f},
                           {"top-k 64, top-p 0.95", both, 6}, {"all stages", all, 6}}) {
    std::vector<float> logits = random_logits(V, 1, s.spread);
    std::vector<int32_t> sequence(500, 17);
    Bench bench(V);
    double best = 1e9;
    for (int i = 0; i < 8; ++i) {
      Clock::time_point start = Clock::now();
      bench.load(logits);
      sample(bench.memory, s.options, sequence, {});
      best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    UNSCOPED_INFO(s.name << ": " << best << " ms");
    if (std::getenv("PREMISE_SHOW_TIMES")) std::printf("  %s: %.3f ms\n", s.name, best);
    CHECK(best < 100);  // sanitizers and loaded machines; the figure is what is shown
  }
  TokenLogprob out[1 + kMaxBest];
  std::vector<float> logits = random_logits(V, 1, 6);
  Bench bench(V);
  double best = 1e9;
  for (int i = 0; i < 8; ++i) {
    Clock::time_point start = Clock::now();
    read_logprobs(bench.memory, logits, 5, 20, out);
    best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  if (std::getenv("PREMISE_SHOW_TIMES")) std::printf("  20 logprobs: %.3f ms\n", best);
}
