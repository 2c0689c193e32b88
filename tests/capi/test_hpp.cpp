// premise.hpp against the shared library: what each call gives is what the C call gives; nothing thrown crosses the C ABI.
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <premise/premise.hpp>
#include <stdexcept>
#include <thread>

#include "support/catch.h"

using namespace std::chrono_literals;

namespace {

const std::string kPath = PREMISE_TEST_DATA "/tiny-qwen2-f32.gguf";

prm_generate_options greedy(int32_t most) {
  auto options = premise::init<prm_generate_options>();
  options.flags = PRM_GENERATE_IGNORE_END;
  options.max_tokens = most;
  return options;
}

template <class Call>
premise::error failure_of(Call call) {
  try {
    call();
  } catch (const premise::error &error) {
    return error;
  }
  throw std::logic_error("the call did not fail");
}

int32_t collect(void *user, const char *text, size_t size) {
  static_cast<std::string *>(user)->append(text, size);
  return 0;
}

int32_t count_token(void *user, int32_t) {
  ++*static_cast<int *>(user);
  return 0;
}

}  // namespace

TEST_CASE("hpp: a conversation is rendered, tokenized and answered") {
  premise::engine engine;
  premise::model model(engine, kPath);
  std::vector<prm_message> messages = {premise::message("system", "the thing"), premise::message("user", "")};
  prm_prompt prompt = premise::chat_prompt(messages);
  CHECK(failure_of([&] { model.render(prompt); }).status() == PRM_STATUS_UNSUPPORTED);
  prompt.template_text = "{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}";
  CHECK(model.render(prompt) == "[system: the thing][user: ]");
  std::vector<int32_t> tokens = model.tokenize(prompt);
  CHECK(model.detokenize(tokens) == "[system: the thing][user: ]");
  CHECK(model.tokenize(prompt, 1) == tokens);
  std::string text, again;
  model.generate(prompt, greedy(6), [&](std::string_view piece) { text += piece; });
  model.generate(premise::token_prompt(tokens), greedy(6), [&](std::string_view piece) { again += piece; });
  CHECK(text == again);
  CHECK(failure_of([&] { model.render(premise::chat_prompt({})); }).status() == PRM_STATUS_INVALID_ARGUMENT);
}

TEST_CASE("hpp: text, tokens and logits are those of the C calls") {
  premise::engine engine;
  premise::model model(engine, kPath);
  std::vector<int32_t> tokens = model.tokenize("the hand in the thing");
  prm_prompt prompt = premise::text_prompt("the hand in the thing");
  std::vector<int32_t> expected(64);
  size_t count = 0;
  REQUIRE(prm_tokenize(model.get(), &prompt, expected.data(), expected.size(), &count) == PRM_STATUS_OK);
  expected.resize(count);
  CHECK(tokens == expected);
  CHECK(model.detokenize(tokens) == "the hand in the thing");
  CHECK(model.detokenize({}).empty());

  std::vector<float> logits = model.run(tokens);
  CHECK(logits.size() == tokens.size() * size_t(model.info().vocabulary));
  std::vector<float> whole(logits.size());
  prm_tensor in{}, out{};
  in.data = tokens.data(), in.bytes = tokens.size() * 4, in.shape[0] = int64_t(tokens.size()), in.rank = 1, in.dtype = PRM_DTYPE_I32;
  out.data = whole.data(), out.bytes = whole.size() * 4;
  REQUIRE(prm_run(model.get(), &in, 1, nullptr, &out, 1) == PRM_STATUS_OK);
  CHECK(!std::memcmp(logits.data(), whole.data(), whole.size() * 4));

  std::string text, from_c;
  prm_request_info info = model.generate("the hand", greedy(20), [&](std::string_view piece) { text += piece; });
  prm_generate_options options = greedy(20);
  options.on_text = collect;
  options.user = &from_c;
  prompt = premise::text_prompt("the hand");
  REQUIRE(prm_generate(model.get(), &prompt, &options, nullptr, nullptr) == PRM_STATUS_OK);
  CHECK(!text.empty());
  CHECK(text == from_c);
  CHECK((info.finish == PRM_FINISH_LENGTH && info.generated_tokens == 20));
  std::string again;
  model.generate(premise::token_prompt(model.tokenize("the hand")), greedy(20), [&](std::string_view piece) { again += piece; });
  CHECK(again == text);
  CHECK(text.find(model.generate("the hand", 5)) == 0);
}

TEST_CASE("hpp: the C callback for tokens is called beside the lambda for text") {
  premise::model model(premise::engine(), kPath);
  prm_generate_options options = greedy(7);
  int tokens = 0;
  options.on_token = count_token;
  options.user = &tokens;
  model.generate("the hand", options, [](std::string_view) {});
  CHECK(tokens == 7);
}

TEST_CASE("hpp: a lambda stops by false, and what it throws arrives as it was thrown") {
  premise::model model(premise::engine(), kPath);
  int calls = 0;
  prm_request_info info = model.generate("the hand", greedy(50), [&](std::string_view) { return ++calls < 3; });
  CHECK((info.finish == PRM_FINISH_CALLBACK && calls == 3));
  calls = 0;
  CHECK_THROWS_WITH(model.generate("the hand", greedy(50),
                                   [&](std::string_view) {
                                     if (++calls == 2) throw std::runtime_error("mine");
                                   }),
                    "mine");
  CHECK(calls == 2);
  CHECK(model.generate("the hand", 5).size() > 0);  // the model is as before
}

TEST_CASE("hpp: progress is watched, stopped, and its exception arrives") {
  premise::engine engine;
  premise::control how;
  int calls = 0;
  how.on_progress = [&](std::string_view stage, uint64_t done, uint64_t total) {
    CHECK((!stage.empty() && done <= total));
    return ++calls > 0;
  };
  premise::model watched(engine, kPath, premise::init<prm_model_options>(), how);
  bool repacks = calls > 0;  // the scalar kernels read the file's own rows
  how.on_progress = [](std::string_view, uint64_t, uint64_t) { return false; };
  if (repacks) {
    CHECK(failure_of([&] { premise::model(engine, kPath, premise::init<prm_model_options>(), how); }).status() == PRM_STATUS_CANCELLED);
    how.on_progress = [](std::string_view, uint64_t, uint64_t) -> bool { throw 42; };
    CHECK_THROWS_AS(premise::model(engine, kPath, premise::init<prm_model_options>(), how), int);
  }
}

TEST_CASE("hpp: failures have status, sentence and subject") {
  premise::engine engine;
  premise::error missing = failure_of([&] { premise::model(engine, "no-such-model.gguf"); });
  CHECK(missing.status() == PRM_STATUS_NOT_FOUND);
  CHECK(std::string(missing.status_name()) == "NOT_FOUND");
  CHECK(missing.subject() == "no-such-model.gguf");
  CHECK(missing.message() == missing.what());
  CHECK(missing.message().find("no-such-model.gguf") == 0);
  auto options = premise::init<prm_engine_options>();
  options.isa = "none";
  CHECK(failure_of([&] { premise::engine bad(options); }).subject() == "isa");
  CHECK(failure_of([&] { premise::model(engine, ""); }).status() == PRM_STATUS_INVALID_ARGUMENT);
  premise::model model(engine, kPath);
  CHECK(failure_of([&] { model.run({-1}); }).status() == PRM_STATUS_INVALID_ARGUMENT);
  CHECK(failure_of([&] { model.run({}); }).status() == PRM_STATUS_INVALID_ARGUMENT);
  CHECK(failure_of([&] { model.generate(premise::token_prompt({}), greedy(1), [](std::string_view) {}); }).status() == PRM_STATUS_INVALID_ARGUMENT);
}

TEST_CASE("hpp: cancel and deadline end calls") {
  premise::model model(premise::engine(), kPath);
  premise::cancel token;
  premise::control how;
  how.cancel = &token;
  auto fire_at_second = [&, calls = 0](std::string_view) mutable {
    if (++calls == 2) token.fire();
  };
  CHECK(failure_of([&] { model.generate("the hand", greedy(200), fire_at_second, how); }).status() == PRM_STATUS_CANCELLED);
  how.cancel = nullptr;
  how.deadline_ns = premise::deadline_after(-1s);
  CHECK(failure_of([&] { model.run({5, 6}, how); }).status() == PRM_STATUS_DEADLINE);
  how.deadline_ns = premise::deadline_after(std::chrono::hours(-1000000));  // before the clock began
  CHECK(failure_of([&] { model.run({5, 6}, how); }).status() == PRM_STATUS_DEADLINE);
  how.deadline_ns = premise::deadline_at(std::chrono::steady_clock::now() + 1h);
  CHECK(model.run({5, 6}, how) == model.run({5, 6}));
  int64_t soon = premise::deadline_after(2ms), now = prm_now_ns();
  CHECK((soon > now - 100000000 && soon <= now + 2000000));
}

TEST_CASE("hpp: handles move, close themselves, and may be taken over and given up") {
  premise::engine engine;
  premise::model model(engine, kPath);
  {
    premise::engine moved = std::move(engine);
    CHECK((moved && !engine));
  }  // closed; the model keeps what it needs
  CHECK(failure_of([&] { engine.info(); }).status() == PRM_STATUS_INVALID_ARGUMENT);
  prm_model *raw = model.release();
  CHECK(!model);
  premise::model owner(raw), other(nullptr);
  other = std::move(owner);
  CHECK((other.get() == raw && !owner));
  CHECK(other.info().vocabulary > 0);
  other.reset();
  CHECK(!other);
}

TEST_CASE("hpp: reports of any length, and files in memory") {
  premise::engine engine;
  CHECK(engine.report().find("\"isas\"") != std::string::npos);
  CHECK(engine.info().threads == 0);
  std::ifstream file(kPath, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  auto options = premise::init<prm_model_options>();
  options.data = bytes.data();
  options.data_size = bytes.size();
  premise::model model(engine, "", options);
  CHECK(model.manifest().find("\"crc32c\"") != std::string::npos);
  std::string graph = model.report(PRM_REPORT_GRAPH);
  CHECK(graph.size() > 1024);  // more than the first guess
  CHECK(graph.find('\0') == std::string::npos);
  CHECK(model.info().architecture == std::string("qwen2"));
}

TEST_CASE("hpp: models of tensors take and give vectors") {
  premise::engine engine;
  premise::model model(engine, PREMISE_TEST_DATA "/tiny-affine.onnx");
  CHECK(model.info().abilities == uint32_t(PRM_CAN_RUN));
  prm_tensor x = model.tensor(PRM_INPUT, 0);
  CHECK((x.name == std::string("x") && x.dtype == PRM_DTYPE_F32 && x.rank == 2 && x.shape[0] == -1 && x.shape[1] == 3));
  std::vector<float> values{1, 2, 3}, y(3);
  std::vector<int64_t> k(3);
  std::vector<prm_tensor> outputs{premise::lend("y", y), premise::lend("k", k)};
  model.run({premise::lend("x", values, {1, 3})}, outputs);
  CHECK((y == std::vector<float>{0, 4, 10} && k == std::vector<int64_t>{-1, 4, 10}));
  CHECK((outputs[1].rank == 2 && outputs[1].shape[1] == 3));
  std::vector<double> wrong(3);
  CHECK(failure_of([&] { model.run({premise::lend("x", wrong, {1, 3})}, outputs); }).subject() == "x");
  k.resize(1);
  outputs = {premise::lend("k", k)};
  CHECK(failure_of([&] { model.run({premise::lend("x", values, {1, 3})}, outputs); }).status() == PRM_STATUS_BUFFER_TOO_SMALL);
  CHECK(outputs[0].bytes == 24);
  std::vector<uint16_t> halves(3);
  CHECK(premise::lend("u", halves, {3}).dtype == PRM_DTYPE_U16);
  CHECK(failure_of([&] { model.tensor(PRM_OUTPUT, 3); }).status() == PRM_STATUS_NOT_FOUND);
}

TEST_CASE("hpp: sampling options, callbacks of C beside the lambda, and sessions") {
  premise::engine engine;
  auto model_options = premise::init<prm_model_options>();
  model_options.context = 128;
  model_options.sessions = 1;
  premise::model model(engine, kPath, model_options);
  struct Seen {
    int logits = 0, records = 0;
  } seen;
  prm_generate_options options = greedy(6);
  options.temperature = 0.9f;
  options.top_k = 20;
  options.seed = 3;
  options.logprobs = 3;
  options.on_logits = [](void *user, float *, size_t) -> int32_t { return ++static_cast<Seen *>(user)->logits, 0; };
  options.on_logprobs = [](void *user, const prm_token *, size_t count) -> int32_t { return static_cast<Seen *>(user)->records += int(count), 0; };
  options.user = &seen;
  std::string text, again;
  model.generate("the hand", options, [&](std::string_view piece) { text += piece; });
  CHECK((seen.logits == 6 && seen.records == 18));
  model.generate("the hand", options, [&](std::string_view piece) { again += piece; });
  CHECK(text == again);
  options.top_p = 2;
  CHECK(failure_of([&] { model.generate("the hand", options, [](std::string_view) {}); }).subject() == "top_p");

  options = greedy(6);
  premise::session session(model);
  CHECK(failure_of([&] { premise::session second(model); }).status() == PRM_STATUS_LIMIT);
  options.session = session.get();
  model.generate("the hand", options, [](std::string_view) {});
  int32_t held = session.info().token_count;
  CHECK(held > 6);
  session.truncate(3);
  CHECK(session.info().token_count == 3);
  CHECK(failure_of([&] { session.truncate(4); }).status() == PRM_STATUS_INVALID_ARGUMENT);
  session.reset();
  premise::session second(model);
  CHECK(second.info().token_count == 0);
}

TEST_CASE("hpp: an image is what the C call makes of it") {
  premise::engine engine;
  std::vector<uint8_t> pixels(5 * 7 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = uint8_t(i * 37);
  std::vector<float> one(3 * 4 * 4), two(one.size());
  auto options = premise::init<prm_image_options>();
  options.resample = PRM_RESAMPLE_OPENCV_LINEAR;
  prm_tensor image = premise::lend("", pixels, {5, 7, 3}), out = premise::lend("", one, {3, 4, 4}), same = premise::lend("", two, {3, 4, 4});
  prm_image_map map = engine.prepare(image, options, out), expected{};
  REQUIRE(prm_image_prepare(engine.get(), &image, &options, nullptr, &same, &expected) == PRM_STATUS_OK);
  CHECK(one == two);
  CHECK(map.factor[2] == expected.factor[2]);
  options.fit = 7;
  CHECK(failure_of([&] { engine.prepare(image, options, out); }).subject() == "fit");
}
