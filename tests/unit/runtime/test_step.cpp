// The promise of "Numbers": one sequence's logits have the same bytes for any threads, chunks, batch mates, padding, page
// layout and instruction set.
#include <cmath>

#include "support/catch.h"
#include "support/isas.h"
#include "support/run_graph.h"
#include "support/step_model.h"

using namespace prm;
using namespace prm::test;

namespace {

// All logits of a sequence, run alone in chunks.
std::vector<float> run_alone(StepModel& m, const std::vector<int32_t>& tokens, size_t chunk, int64_t padding = 0) {
  Sequence sequence(*m.pages);
  std::vector<float> all;
  for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
    std::span<const int32_t> part = std::span(tokens).subspan(begin, std::min(chunk, tokens.size() - begin));
    StepItem item{&sequence, part, StepItem::all};
    REQUIRE(run_step(*m.runner, {&item, 1}, m.work(), padding) == Status::ok);
    std::vector<float> rows = m.logits();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

std::vector<TinyModel> tiny_models() {
  std::vector<DType> quantized = {DType::q8_0, DType::q5_0, DType::q4_k, DType::q6_k, DType::q4_0};
  std::vector<TinyModel> models;
  models.push_back({.arch = "qwen2", .types = quantized});
  models.push_back({.arch = "gemma3", .layers = 7, .width = 256, .heads = 2, .kv_heads = 1, .head_dim = 128, .ffn = 256, .types = quantized});
  models.push_back({.arch = "qwen2", .layers = 1, .width = 96, .heads = 6, .kv_heads = 3, .head_dim = 16, .ffn = 100, .types = {DType::f32, DType::f16, DType::bf16}, .tied = true});
  return models;
}

}  // namespace

TEST_CASE("logits have one set of bytes over threads, chunks, padding, pages and instruction sets") {
  for (const TinyModel& tiny : tiny_models()) {
    std::vector<int32_t> tokens = some_tokens(40, tiny.vocabulary, 9);
    StepModel first(tiny, "scalar", DType::f16, 256, 0);
    std::vector<float> truth = run_alone(first, tokens, 40);
    REQUIRE(truth.size() == size_t(40 * tiny.vocabulary));
    for (const std::string& isa : test_isas())
      for (int64_t page : {16, 256}) {  // the product of all that may vary is the bit suite's
        StepModel m(tiny, isa, DType::f16, page, 2);
        for (size_t chunk : {7, 40}) {
          INFO(tiny.arch << " " << isa << " page " << page << " chunk " << chunk);
          CHECK((run_alone(m, tokens, chunk, 3) == truth));
        }
      }
  }
}

TEST_CASE("a sequence's logits do not depend on the others in its steps") {
  for (const TinyModel& tiny : tiny_models())
    for (const std::string& isa : test_isas()) {
      StepModel m(tiny, isa, DType::f16, 16, 1);
      std::vector<std::vector<int32_t>> tokens = {some_tokens(30, m.V, 1), some_tokens(25, m.V, 2), some_tokens(33, m.V, 3)};
      std::vector<std::vector<float>> truth, got(3);
      for (auto& t : tokens) truth.push_back(run_alone(m, t, 30));
      Sequence a(*m.pages), b(*m.pages), c(*m.pages);
      Sequence* sequences[] = {&a, &b, &c};
      // Prompt chunks of one beside single tokens of another, in changing order.
      size_t counts[][3] = {{10, 1, 0}, {1, 1, 20}, {0, 7, 1}, {19, 1, 12}, {0, 15, 0}};
      int turn = 0;
      for (auto& count : counts) {
        std::vector<StepItem> items;
        std::vector<size_t> owner;
        for (size_t j = 0; j < 3; ++j) {
          size_t i = (j + size_t(turn)) % 3;
          if (!count[i]) continue;
          items.push_back({sequences[i], std::span(tokens[i]).subspan(size_t(sequences[i]->done), count[i]), StepItem::all});
          owner.insert(owner.end(), count[i], i);
        }
        REQUIRE(run_step(*m.runner, items, m.work(), turn % 2 ? 5 : 0) == Status::ok);
        std::vector<float> rows = m.logits();
        for (size_t r = 0; r < owner.size(); ++r) got[owner[r]].insert(got[owner[r]].end(), rows.begin() + long(r) * m.V, rows.begin() + long(r + 1) * m.V);
        ++turn;
      }
      for (size_t i = 0; i < 3; ++i) {
        INFO(tiny.arch << " " << isa << " sequence " << i);
        CHECK((got[i] == truth[i]));
      }
    }
}

TEST_CASE("cache, row selection and fusion are neutral: the scoring graph gives the same bytes") {
  for (const TinyModel& tiny : tiny_models())
    for (const std::string& isa : test_isas()) {
      StepModel m(tiny, isa, DType::f32, 16, 0);
      std::vector<int32_t> tokens = some_tokens(20, m.V, 4), positions;
      for (int32_t i = 0; i < 20; ++i) positions.push_back(i);
      std::vector<std::byte> scored = run_graph(m.graph, *m.device, {{{"T", 20}}, {{"tokens", bytes_of(tokens)}, {"positions", bytes_of(positions)}}, {}});
      INFO(tiny.arch << " " << isa);
      CHECK((scored == bytes_of(run_alone(m, tokens, 6))));
    }
}

TEST_CASE("kernels keep the whole model near its references") {
  for (const TinyModel& tiny : tiny_models()) {
    StepModel m(tiny, "scalar", DType::f32, 16, 0);
    std::vector<int32_t> tokens = some_tokens(12, m.V, 5), positions;
    for (int32_t i = 0; i < 12; ++i) positions.push_back(i);
    GraphRun run{{{"T", 12}}, {{"tokens", bytes_of(tokens)}, {"positions", bytes_of(positions)}}, {}};
    BareDevice bare;
    std::vector<std::byte> truth = run_graph(m.graph, bare, run), fast = run_graph(m.graph, *m.device, run);
    double difference = 0, size = 0;
    for (size_t i = 0; i < truth.size() / 4; ++i) {
      float a, b;
      std::memcpy(&a, truth.data() + 4 * i, 4), std::memcpy(&b, fast.data() + 4 * i, 4);
      difference += double(a - b) * double(a - b), size += double(a) * double(a);
    }
    // Float models differ by rounding alone; in quantized ones a rounding can move an activation by one int8 step.
    INFO(tiny.arch << " relative " << std::sqrt(difference / size));
    CHECK(std::sqrt(difference / size) < (is_block(tiny.types[0]) ? 2e-2 : 1e-5));
  }
}

TEST_CASE("a step that wants the last row gives the row of the last token") {
  TinyModel tiny;
  StepModel m(tiny, test_isas().back(), DType::f16, 16, 0);
  std::vector<int32_t> tokens = some_tokens(9, m.V, 8);
  std::vector<float> truth = run_alone(m, tokens, 9);
  Sequence sequence(*m.pages);
  StepItem item{&sequence, tokens, StepItem::last};
  REQUIRE(run_step(*m.runner, {&item, 1}, m.work()) == Status::ok);
  CHECK((m.logits() == std::vector<float>(truth.end() - m.V, truth.end())));
}

TEST_CASE("a cancelled step changes nothing: the same step again gives the same bytes") {
  TinyModel tiny;
  StepModel m(tiny, test_isas().back(), DType::f16, 16, 1);
  std::vector<int32_t> tokens = some_tokens(20, m.V, 6);
  std::vector<float> truth = run_alone(m, tokens, 10);
  Sequence sequence(*m.pages);
  std::span<const int32_t> all(tokens);
  StepItem item{&sequence, all.subspan(0, 10), StepItem::all};
  REQUIRE(run_step(*m.runner, {&item, 1}, m.work()) == Status::ok);
  std::atomic<bool> fired{true};
  Work cancelled = m.work();
  cancelled.control.cancel = &fired;
  item.tokens = all.subspan(10, 10);
  CHECK(run_step(*m.runner, {&item, 1}, cancelled) == Status::cancelled);
  CHECK(sequence.done == 10);
  REQUIRE(run_step(*m.runner, {&item, 1}, m.work()) == Status::ok);
  CHECK((m.logits() == std::vector<float>(truth.begin() + 10 * m.V, truth.end())));
}

TEST_CASE("steps over the limits are refused with the figures, and pages come back") {
  TinyModel tiny{.layers = 1, .context = 256};
  StepModel m(tiny, "scalar", DType::f16, 16, 0);
  std::vector<int32_t> tokens = some_tokens(100, m.V, 7);
  {
    Sequence sequence(*m.pages);
    StepItem item{&sequence, std::span(tokens).subspan(0, 65), StepItem::last};
    CHECK_THROWS_WITH(run_step(*m.runner, {&item, 1}, m.work()), "step of 65 tokens, 1 sequences, 1 rows; the limits are 64, 4, 64");
    sequence.done = 240;
    item.tokens = std::span(tokens).subspan(0, 25);
    CHECK_THROWS_WITH(run_step(*m.runner, {&item, 1}, m.work()),
                      "265 tokens do not fit a context of 256: shorten the prompt or open the model with a larger context");
    item.tokens = std::span(tokens).subspan(0, 17);
    CHECK_THROWS_WITH(run_step(*m.runner, {&item, 1}, m.work()),
                      "257 tokens do not fit a context of 256: shorten the prompt or open the model with a larger context");
  }
  for (int round = 0; round < 6; ++round) {  // the pool has pages for four
    Sequence sequence(*m.pages);
    StepItem item{&sequence, std::span(tokens).subspan(0, 64), StepItem::none};
    for (int i = 0; i < 4; ++i) REQUIRE(run_step(*m.runner, {&item, 1}, m.work()) == Status::ok);
    CHECK(sequence.pages.size() == 16);
  }
}
