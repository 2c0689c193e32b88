// The bits through the C ABI, for a host whose floating-point state is anything: rounding, flushed denormals, unmasked
// exceptions, x87 precision. And that state stays the host's.
#include <premise/premise.h>

#include "base/sha256.h"
#include "support/catch.h"
#include "support/isas.h"
#include "support/step_model.h"
#include "unit/bits/bit_cases.h"

using namespace prm;
using namespace prm::test;

#if defined(__x86_64__)
namespace {

struct HostState {
  std::string name;
  uint32_t sse;
  uint16_t x87;
};

uint16_t read_x87() {
  uint16_t word;
  __asm__ volatile("fnstcw %0" : "=m"(word));
  return word;
}
void write_x87(uint16_t word) { __asm__ volatile("fldcw %0" : : "m"(word)); }

// Every rounding mode with denormals kept and flushed; then traps on invalid operations and divisions by zero beside sticky flags.
std::vector<HostState> host_states() {
  std::vector<HostState> states;
  const char* roundings[] = {"to nearest", "down", "up", "to zero"};
  for (uint32_t rounding = 0; rounding < 4; ++rounding)
    for (bool flush : {false, true})
      states.push_back({std::string("rounding ") + roundings[rounding] + (flush ? ", FTZ and DAZ" : ""),
                        0x1f80 | rounding << 13 | (flush ? 0x8040u : 0u), uint16_t(0x037f | rounding << 10)});
  states.push_back({"traps, sticky flags, x87 in single precision", (0x1f80 & ~(0x080u | 0x200u)) | 0x20, 0x007f});
  return states;
}

// Runs call() in `state`; true when it left that state exactly.
template <class Call>
bool keeps_state(const HostState& state, Call call) {
  uint32_t sse = read_float_state(), sse_after;
  uint16_t x87 = read_x87(), x87_after;
  write_float_state(state.sse);
  write_x87(state.x87);
  call();
  sse_after = read_float_state();
  x87_after = read_x87();
  write_float_state(sse);
  write_x87(x87);
  return sse_after == state.sse && x87_after == state.x87;
}

struct Host {
  prm_engine* engine = nullptr;
  prm_model* model = nullptr;
  std::string bytes;
  ~Host() {
    prm_model_close(model);
    prm_engine_close(engine);
  }
};

// Opened in `state` as a whole: threads of ours are born in it.
void open_host(Host& host, const HostState& state, const std::string& isa, const BitCase& c, int threads, size_t chunk) {
  host.bytes = make_tiny_model(c.model);
  prm_engine_options engine = PRM_INIT(prm_engine_options);
  engine.threads = threads;
  engine.isa = isa.c_str();
  prm_model_options model = PRM_INIT(prm_model_options);
  model.data = host.bytes.data();
  model.data_size = host.bytes.size();
  model.chunk_tokens = int32_t(chunk);
  model.cache_dtype = is_block(c.cache) ? PRM_DTYPE_BLOCK + info(c.cache).gguf : c.cache == DType::f32 ? PRM_DTYPE_F32 : c.cache == DType::bf16 ? PRM_DTYPE_BF16 : PRM_DTYPE_F16;
  CHECK(keeps_state(state, [&] {
    if (prm_engine_open(PRM_VERSION, &engine, &host.engine) == PRM_STATUS_OK) prm_model_open(host.engine, nullptr, &model, nullptr, &host.model);
  }));
  INFO(prm_last_error());
  REQUIRE(host.model);
}

prm_tensor tensor_of(const void* data, size_t bytes, std::initializer_list<int64_t> shape, prm_dtype dtype) {
  prm_tensor t{};
  t.data = const_cast<void*>(data);
  t.bytes = bytes;
  t.dtype = dtype;
  t.rank = int32_t(shape.size());
  std::copy(shape.begin(), shape.end(), t.shape);
  return t;
}

// Logits of B sequences one after another, run in `state`.
std::vector<float> run_in(const HostState& state, const Host& host, const std::vector<int32_t>& tokens, int64_t B, int64_t V) {
  std::vector<float> logits(tokens.size() * size_t(V));
  prm_tensor in = tensor_of(tokens.data(), tokens.size() * 4, {B, int64_t(tokens.size()) / B}, PRM_DTYPE_I32);
  prm_tensor out = tensor_of(logits.data(), logits.size() * 4, {}, PRM_DTYPE_ANY);
  prm_status status = PRM_STATUS_INTERNAL;
  CHECK(keeps_state(state, [&] { status = prm_run(host.model, &in, 1, nullptr, &out, 1); }));
  INFO(prm_last_error());
  CHECK(status == PRM_STATUS_OK);
  return logits;
}

struct Spoken {
  std::vector<int32_t> tokens;
  std::string text;
};
int32_t keep_token(void* user, int32_t token) {
  static_cast<Spoken*>(user)->tokens.push_back(token);
  return 0;
}
int32_t keep_text(void* user, const char* text, size_t size) {
  static_cast<Spoken*>(user)->text.append(text, size);
  return 0;
}

prm_status speak(const Host& host, const std::vector<int32_t>& prompt, int32_t most, Spoken& to) {
  prm_prompt from = PRM_INIT(prm_prompt);
  from.tokens = prompt.data();
  from.token_count = prompt.size();
  prm_generate_options options = PRM_INIT(prm_generate_options);
  options.flags = PRM_GENERATE_IGNORE_END;
  options.max_tokens = most;
  options.on_token = keep_token;
  options.on_text = keep_text;
  options.user = &to;
  return prm_generate(host.model, &from, &options, nullptr, nullptr);
}

BitCase case_named(const std::string& name) {
  for (const BitCase& c : bit_cases())
    if (c.name == name) return c;
  throw std::logic_error("no case " + name);
}

}  // namespace

TEST_CASE("host state: every case keeps its hash in every floating-point state, and leaves that state alone") {
  std::map<std::string, std::string> table = read_hashes();
  std::vector<HostState> states = host_states();
  std::vector<BitCase> cases = bit_cases();
  constexpr size_t kChunkSizes[] = {0, 7, 1, 16, 3};
  for (const std::string& isa : test_isas())
    for (size_t number = 0; number < cases.size(); ++number) {
      const BitCase& c = cases[number];
      std::vector<int32_t> tokens = some_tokens(c.tokens, c.model.vocabulary, 7);
      // By the breadth of the case: opened in every state, or in one that turns with the case; run in all, or in three.
      for (size_t opened = 0; opened < states.size(); ++opened) {
        if (c.breadth != BitCase::all && opened != number % states.size()) continue;
        Host host;
        open_host(host, states[opened], isa, c, int((number + opened) % 3), kChunkSizes[(number + opened) % 5]);
        for (size_t ran = 0; ran < states.size(); ++ran) {
          if (c.breadth == BitCase::some && (ran + number) % 3) continue;
          const HostState& state = states[ran];
          std::vector<float> logits = run_in(state, host, tokens, 1, c.model.vocabulary);
          INFO(isa << " " << c.name << ": opened in " << states[opened].name << ", run in " << state.name);
          CHECK(sha256_hex(logits.data(), logits.size() * 4) == table[c.name]);
        }
      }
    }
}

TEST_CASE("host state: a batch of sequences is its sequences, and greedy text is the largest logits of a run") {
  std::vector<HostState> states = host_states();
  size_t turn = 0;
  for (const std::string& isa : test_isas())
    for (const BitCase& c : bit_cases()) {
      const HostState& state = states[turn++ % states.size()];
      int64_t V = c.model.vocabulary;
      Host host;
      open_host(host, state, isa, c, int(turn % 3), 5);
      INFO(isa << " " << c.name << " in " << state.name);
      std::vector<int32_t> both = some_tokens(20, V, turn), first(both.begin(), both.begin() + 10), second(both.begin() + 10, both.end());
      std::vector<float> apart = run_in(state, host, first, 1, V), more = run_in(state, host, second, 1, V);
      apart.insert(apart.end(), more.begin(), more.end());
      CHECK((run_in(state, host, both, 2, V) == apart));

      Spoken spoken;
      prm_status status = PRM_STATUS_INTERNAL;
      CHECK(keeps_state(state, [&] { status = speak(host, first, 12, spoken); }));
      REQUIRE((status == PRM_STATUS_OK && spoken.tokens.size() == 12));
      std::vector<int32_t> whole = first, largest;
      whole.insert(whole.end(), spoken.tokens.begin(), spoken.tokens.end() - 1);
      std::vector<float> logits = run_in(state, host, whole, 1, V);
      for (size_t t = first.size() - 1; t < whole.size(); ++t) {
        const float* row = logits.data() + t * size_t(V);
        largest.push_back(int32_t(std::max_element(row, row + V) - row));  // the lowest id among equals
      }
      CHECK((largest == spoken.tokens));
    }
}

TEST_CASE("host state: calls that fail and calls that only ask leave it alone too, and tokens do not depend on it") {
  BitCase c = case_named("gemma3-q8_0-f16");
  for (const std::string& isa : test_isas()) {
    Host host;
    open_host(host, host_states()[0], isa, c, 1, 0);
    std::vector<int32_t> plain;
    for (const HostState& state : host_states()) {
      INFO(isa << " in " << state.name);
      prm_prompt prompt = PRM_INIT(prm_prompt);
      prompt.text = PRM_TEXT("a bad cab, and the rest in bytes: \xc3\xbc");
      std::vector<int32_t> ids(128);
      size_t count = 0, size = 0;
      std::string text(4096, ' ');
      prm_control late = PRM_INIT(prm_control);
      late.deadline_ns = 1;
      prm_model* none = nullptr;
      prm_tensor in = tensor_of(ids.data(), 4, {1}, PRM_DTYPE_I32), out = tensor_of(nullptr, 0, {}, PRM_DTYPE_ANY);
      prm_status status[7];
      CHECK(keeps_state(state, [&] {
        status[0] = prm_tokenize(host.model, &prompt, ids.data(), ids.size(), &count);
        status[1] = prm_detokenize(host.model, ids.data(), count, 0, text.data(), text.size(), &size);
        status[2] = prm_model_report(host.model, PRM_REPORT_INSPECT, nullptr, 0, &size);
        status[3] = prm_engine_report(host.engine, PRM_REPORT_CAPABILITIES, nullptr, 0, &size);
        status[4] = prm_run(host.model, &in, 1, &late, &out, 1);
        status[5] = prm_generate(host.model, &prompt, nullptr, &late, nullptr);
        status[6] = prm_model_open(host.engine, "no-such-model.gguf", nullptr, nullptr, &none);
      }));
      prm_status expected[] = {PRM_STATUS_OK,       PRM_STATUS_OK,        PRM_STATUS_BUFFER_TOO_SMALL, PRM_STATUS_BUFFER_TOO_SMALL, PRM_STATUS_BUFFER_TOO_SMALL,
                               PRM_STATUS_DEADLINE, PRM_STATUS_NOT_FOUND};
      for (int i = 0; i < 7; ++i) CHECK(status[i] == expected[i]);
      ids.resize(count);
      if (plain.empty()) plain = ids;
      CHECK((!plain.empty() && ids == plain));
    }
  }
}

namespace {

// A callback that finds the host's state, and leaves another behind.
struct Meddler {
  uint32_t expected, next;  // in turn
  int calls = 0, strange = 0;
  std::vector<int32_t> tokens;

  Meddler(uint32_t found, uint32_t left) : expected(found), next(left) {}
  int32_t meddle() {
    ++calls;
    strange += read_float_state() != expected;
    std::swap(expected, next);
    write_float_state(expected);
    return 0;
  }
};
int32_t meddle_with_token(void* user, int32_t token) {
  static_cast<Meddler*>(user)->tokens.push_back(token);
  return static_cast<Meddler*>(user)->meddle();
}
int32_t meddle_with_text(void* user, const char*, size_t) { return static_cast<Meddler*>(user)->meddle(); }
int32_t meddle_with_progress(void* user, const char*, uint64_t, uint64_t) { return static_cast<Meddler*>(user)->meddle(); }

}  // namespace

TEST_CASE("host state: callbacks run in the host's own, and what they leave there reaches no number of ours") {
  std::vector<HostState> states = host_states();
  for (const std::string& isa : test_isas())
    for (const char* name : {"gemma3-mixed-f16", "qwen2-f32-f16"}) {
      BitCase c = case_named(name);
      Host host, watched;
      open_host(host, states[0], isa, c, 1, 3);
      std::vector<int32_t> prompt = some_tokens(9, c.model.vocabulary, 3);
      Spoken truth;
      REQUIRE(speak(host, prompt, 10, truth) == PRM_STATUS_OK);
      for (const HostState& state : states) {
        INFO(isa << " " << name << " from " << state.name);
        Meddler meddler(state.sse, 0xffc0 & ~0x200u);  // to zero, flushing, with a trap
        prm_prompt from = PRM_INIT(prm_prompt);
        from.tokens = prompt.data();
        from.token_count = prompt.size();
        prm_generate_options options = PRM_INIT(prm_generate_options);
        options.flags = PRM_GENERATE_IGNORE_END;
        options.max_tokens = 10;
        options.on_token = meddle_with_token;
        options.on_text = meddle_with_text;
        options.user = &meddler;
        prm_status status = PRM_STATUS_INTERNAL;
        uint32_t before = read_float_state(), after;
        write_float_state(state.sse);
        status = prm_generate(host.model, &from, &options, nullptr, nullptr);
        after = read_float_state();
        write_float_state(before);
        CHECK(status == PRM_STATUS_OK);
        CHECK((meddler.calls >= 10 && meddler.strange == 0));
        CHECK(after == meddler.expected);
        CHECK((meddler.tokens == truth.tokens));
      }
      // Progress while weights are packed.
      Meddler meddler(states[0].sse, states[7].sse);
      prm_control control = PRM_INIT(prm_control);
      control.on_progress = meddle_with_progress;
      control.user = &meddler;
      prm_model_options options = PRM_INIT(prm_model_options);
      options.data = host.bytes.data();
      options.data_size = host.bytes.size();
      uint32_t before = read_float_state();
      write_float_state(states[0].sse);
      prm_status status = prm_model_open(host.engine, nullptr, &options, &control, &watched.model);
      write_float_state(before);
      REQUIRE(status == PRM_STATUS_OK);
      CHECK(meddler.strange == 0);
      Spoken spoken;
      REQUIRE(speak(watched, prompt, 10, spoken) == PRM_STATUS_OK);
      CHECK((spoken.tokens == truth.tokens));
    }
}
#endif
