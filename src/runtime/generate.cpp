#include "runtime/generate.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/float_state.h"

namespace prm {

namespace {
[[noreturn]] void fail_context_full(const Model& model, int64_t count) {
  fail(Status::context_full, "the prompt has {} tokens, the context holds {}: shorten the prompt or open the model with a larger context", count, model.context);
}
}  // namespace

void check_tokens(const Model& model, std::span<const int32_t> tokens) {
  if (tokens.empty()) fail(Status::invalid_argument, "the prompt has no tokens: give at least one");
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= model.config.vocabulary)
      fail(Status::invalid_argument, "token {} at {} is not in the vocabulary of {}", tokens[i], i, model.config.vocabulary);
  if (int64_t(tokens.size()) > model.context) fail_context_full(model, int64_t(tokens.size()));
}

namespace {

void require_ok(Status status, const Control& control) {
  if (status == Status::ok) return;
  control.require();
  fail(status, "the step ended with {}", status_name(status));
}

// Both ways to read logits end here: NaN and infinity are reported, never returned.
void require_finite(const float* logits, int64_t n) {
  int32_t largest_size = 0;  // as bits: infinity and NaN are above all numbers
  for (int64_t i = 0; i < n; ++i) largest_size = std::max(largest_size, std::bit_cast<int32_t>(logits[i]) & 0x7fffffff);
  if (largest_size >= 0x7f800000) fail_about(Status::numeric, "logits", "the logits hold NaN or infinity: the weights are damaged, or the prompt overflows float32");
}

// A float's bits in the order of the numbers, both zeros equal: integers, so that compilers take several at once.
int32_t ordered_bits(float x) {
  int32_t bits = std::bit_cast<int32_t>(x + 0.0f);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

// The lowest index among the largest. A block is searched for its index only when it holds a new largest.
int32_t largest(const float* logits, int64_t n) {
  constexpr int64_t kBlock = 4096;
  require_finite(logits, n);
  int32_t best = INT32_MIN;
  int64_t best_block = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    int32_t top = INT32_MIN;
    for (int64_t i = begin, end = std::min(n, begin + kBlock); i < end; ++i) top = std::max(top, ordered_bits(logits[i]));
    if (top > best) best = top, best_block = begin;
  }
  int64_t i = best_block;
  while (ordered_bits(logits[i]) != best) ++i;
  return int32_t(i);
}

int32_t prefill(Model& model, Sequence& sequence, std::span<const int32_t> prompt, const Work& work) {
  for (size_t begin = 0; begin < prompt.size();) {
    size_t n = std::min(size_t(model.chunk_tokens), prompt.size() - begin);
    bool is_last = begin + n == prompt.size();
    StepItem item{&sequence, prompt.subspan(begin, n), is_last ? StepItem::last : StepItem::none};
    require_ok(run_step(*model.runner, {&item, 1}, work), work.control);
    begin += n;
  }
  return largest(model.runner->state.io("logits").as<float>(), model.config.vocabulary);
}

struct Emitter {
  const GenerateRequest& request;
  TextStream& stream;

  bool text(std::string_view piece) const {
    if (piece.empty() || !request.on_text) return true;
    HostFloatState theirs;
    return !request.on_text(request.user, piece.data(), piece.size());
  }
  bool token(int32_t id) { return accepts(id) && text(stream.push(id)); }
  bool accepts(int32_t id) const {
    if (!request.on_token) return true;
    HostFloatState theirs;
    return !request.on_token(request.user, id);
  }
};

Finish decode(Model& model, Sequence& sequence, int32_t token, const GenerateRequest& request, const Work& work, int64_t start_ns, GenerateResult& result) {
  Emitter emitter{request, model.call->stream};
  int64_t room = model.context - sequence.done, most = request.max_tokens ? std::min(request.max_tokens, room) : room;
  Finish finish = Finish::length;
  result.first_ns = now_ns() - start_ns;
  while (result.generated < most) {
    if (!request.ignore_end && is_end(*model.tokenizer, token)) {
      finish = Finish::end;
      break;
    }
    ++result.generated;
    if (!emitter.token(token)) return Finish::callback;
    if (result.generated == most) break;
    StepItem item{&sequence, {&token, 1}, StepItem::last};
    require_ok(run_step(*model.runner, {&item, 1}, work), work.control);
    token = largest(model.runner->state.io("logits").as<float>(), model.config.vocabulary);
  }
  return emitter.text(emitter.stream.finish()) ? finish : Finish::callback;
}

// The prompt's tokens, in the memory of the call.
std::span<const int32_t> read_prompt(Model& model, const PromptSource& prompt, const Control& control) {
  if (!prompt.is_text) return prompt.tokens;
  Vector<int32_t>& ids = model.call->prompt;
  ids.clear();
  ids.reserve(size_t(model.context));
  {
    ScratchScope scratch(model.prompt_scratch);
    tokenize(*model.tokenizer, prompt.text, prompt.flags, ids, control);
  }
  if (int64_t count = int64_t(ids.size()); count > model.context) {
    Vector<int32_t>().swap(ids);  // it grew into the scratch
    ids.reserve(size_t(model.context));
    fail_context_full(model, count);
  }
  return ids;
}

// The one sequence of the model, empty.
Sequence& start_sequence(Model& model) {
  model.call->sequence.clear();
  model.call->stream.clear();
  return model.call->sequence;
}

}  // namespace

Finish finish_of(Status status) {
  return status == Status::cancelled ? Finish::cancelled : status == Status::deadline ? Finish::deadline : Finish::error;
}

void generate(Model& model, const GenerateRequest& request, const Control& control, GenerateResult& result) {
  int64_t start_ns = now_ns();
  try {
    auto turn = take_turn(model, control);
    AccountScope models(model.account);
    std::span<const int32_t> prompt = read_prompt(model, request.prompt, control);
    result.prompt_tokens = int64_t(prompt.size());
    check_tokens(model, prompt);
    Work work = work_of(model, control);
    Sequence& sequence = start_sequence(model);
    int32_t token = prefill(model, sequence, prompt, work);
    result.finish = decode(model, sequence, token, request, work, start_ns, result);
  } catch (...) {
    result.total_ns = now_ns() - start_ns;
    throw;
  }
  result.total_ns = now_ns() - start_ns;
}

void score(Model& model, std::span<const int32_t> tokens, const Control& control, float* out) {
  auto turn = take_turn(model, control);
  check_tokens(model, tokens);
  Work work = work_of(model, control);
  Sequence& sequence = start_sequence(model);
  size_t step = size_t(model.runner->limits.rows), row = size_t(model.config.vocabulary);
  for (size_t begin = 0; begin < tokens.size(); begin += step) {
    size_t n = std::min(step, tokens.size() - begin);
    StepItem item{&sequence, tokens.subspan(begin, n), StepItem::all};
    require_ok(run_step(*model.runner, {&item, 1}, work), control);
    const float* logits = model.runner->state.io("logits").as<float>();
    require_finite(logits, int64_t(n * row));
    std::memcpy(out + begin * row, logits, n * row * sizeof(float));
  }
}

}  // namespace prm
