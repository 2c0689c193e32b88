#include "runtime/generate.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/float_state.h"
#include "runtime/finite_weights.h"
#include "text/tokenizer.h"

namespace prm {

namespace {

// `held`: tokens of the session.
void check_context(const Model& model, int64_t held, int64_t count) {
  if (held + count <= model.context) return;
  if (held)
    fail(Status::context_full,
         "the session holds {} tokens and the prompt has {}, the context holds {}: truncate the session, shorten the prompt or open the model with a larger context",
         held, count, model.context);
  fail(Status::context_full, "the prompt has {} tokens, the context holds {}: shorten the prompt or open the model with a larger context", count, model.context);
}

void check_vocabulary(const Model& model, std::span<const int32_t> tokens) {
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= model.config.vocabulary)
      fail(Status::invalid_argument, "token {} at {} is not in the vocabulary of {}", tokens[i], i, model.config.vocabulary);
}

void require_tokens(size_t count) {
  if (!count) fail(Status::invalid_argument, "the prompt has no tokens: give at least one");
}

}  // namespace

void check_tokens(const Model& model, std::span<const int32_t> tokens) {
  require_tokens(tokens.size());
  check_vocabulary(model, tokens);
  check_context(model, 0, int64_t(tokens.size()));
}

namespace {

void require_ok(Status status, const Control& control) {
  if (status == Status::ok) return;
  control.require();
  fail(status, "the step ended with {}", status_name(status));
}

// Both ways to read logits end here: NaN and infinity are reported, never returned.
void require_finite(const Model& model, const float* logits, int64_t n, const Control& control) {
  int32_t largest_size = 0;  // as bits: infinity and NaN are above all numbers
  for (int64_t i = 0; i < n; ++i) largest_size = std::max(largest_size, std::bit_cast<int32_t>(logits[i]) & 0x7fffffff);
  if (largest_size >= 0x7f800000) fail_not_finite(model.file, control);
}

// One answer on its way.
struct Answer {
  Model& model;
  const GenerateRequest& request;
  const Work& work;
  Conversation& conversation;
  GenerateResult& result;

  std::span<const float> logits() const { return {model.runner->state.io("logits").as<float>(), size_t(model.config.vocabulary)}; }
};

// Feeds what is not in the cache yet, in chunks.
void feed(const Answer& a) {
  std::span<const int32_t> tokens = a.conversation.tokens;
  Sequence& sequence = a.conversation.sequence;
  while (sequence.done < int64_t(tokens.size())) {
    size_t begin = size_t(sequence.done), n = std::min(size_t(a.model.chunk_tokens), tokens.size() - begin);
    bool is_last = begin + n == tokens.size();
    StepItem item{&sequence, tokens.subspan(begin, n), is_last ? StepItem::last : StepItem::none};
    require_ok(run_step(*a.model.runner, {&item, 1}, a.work), a.work.control);
  }
}

constexpr int32_t kStopped = -1;  // by on_logits

int32_t choose_token(const Answer& a) {
  std::span<const float> logits = a.logits();
  require_finite(a.model, logits.data(), int64_t(logits.size()), a.work.control);
  const GenerateRequest& r = a.request;
  bool early = a.result.generated < r.min_tokens;
  if (r.sampler.temperature == 0 && r.sampler.biases.empty() && !r.sampler.penalizes() && !r.on_logits && !early) return largest(logits);
  SamplerMemory& memory = *a.model.sampler;
  std::copy(logits.begin(), logits.end(), memory.logits.begin());
  if (r.on_logits) {
    HostFloatState theirs;
    if (r.on_logits(r.user, memory.logits.data(), memory.logits.size())) return kStopped;
  }
  std::span<const int32_t> forbidden[2];
  if (early) forbidden[0] = r.stop_tokens;
  if (early && !r.ignore_end) forbidden[1] = end_tokens(*a.model.tokenizer);
  return sample(memory, r.sampler, a.conversation.tokens, forbidden);
}

bool ends(const Answer& a, int32_t token) {
  if (!a.request.ignore_end && is_end(*a.model.tokenizer, token)) return true;
  return std::find(a.request.stop_tokens.begin(), a.request.stop_tokens.end(), token) != a.request.stop_tokens.end();
}

// What follows tell the host; false when it wants no more.
bool tell_text(const Answer& a, std::string_view text) {
  if (text.empty() || !a.request.on_text) return true;
  HostFloatState theirs;
  return !a.request.on_text(a.request.user, text.data(), text.size());
}

bool tell_token(const Answer& a, int32_t token) {
  if (!a.request.on_token) return true;
  HostFloatState theirs;
  return !a.request.on_token(a.request.user, token);
}

bool tell_logprobs(const Answer& a, int32_t token) {
  if (!a.request.on_logprobs || !a.request.logprobs) return true;
  TokenLogprob found[1 + kMaxBest];
  TokenRecord records[1 + kMaxBest];
  int64_t count = read_logprobs(*a.model.sampler, a.logits(), token, a.request.logprobs - 1, found);
  String& text = a.model.call->token_text;
  for (int64_t i = 0; i < count; ++i) {
    text.clear();
    append_token_text(*a.model.tokenizer, found[i].id, false, text);
    records[i] = {found[i].id, found[i].logprob, int32_t(text.size()), int32_t(i)};
  }
  HostFloatState theirs;
  return !a.request.on_logprobs(a.request.options, records, size_t(count));
}

bool tell(const Answer& a, int32_t token) {
  if (!tell_token(a, token) || !tell_logprobs(a, token)) return false;
  CallState& call = *a.model.call;
  std::string_view text = call.stream.push(token);
  return tell_text(a, a.result.generated > a.request.min_tokens ? call.stops.push(text) : text);
}

bool tell_rest(const Answer& a) {
  CallState& call = *a.model.call;
  return tell_text(a, call.stops.push(call.stream.finish())) && tell_text(a, call.stops.finish());
}

Finish answer(const Answer& a, int64_t start_ns) {
  GenerateResult& result = a.result;
  feed(a);
  int64_t room = a.model.context - a.conversation.sequence.done, most = a.request.max_tokens ? std::min(a.request.max_tokens, room) : room;
  Finish finish = Finish::length;
  while (result.generated < most) {
    int32_t token = choose_token(a);
    if (!result.first_ns) result.first_ns = now_ns() - start_ns;
    if (token == kStopped) return Finish::callback;
    if (ends(a, token)) {
      finish = Finish::end;
      break;
    }
    ++result.generated;
    a.conversation.tokens.push_back(token);
    if (!tell(a, token)) return Finish::callback;
    if (a.model.call->stops.stopped()) return Finish::stop_string;
    if (result.generated < most) feed(a);
  }
  return tell_rest(a) ? finish : Finish::callback;
}

// The prompt's tokens, in the memory of the call where they come from a text.
std::span<const int32_t> read_prompt(Model& model, const PromptSource& prompt, int64_t held, const Control& control) {
  if (!prompt.is_text && !prompt.is_chat) return prompt.tokens;
  ScratchScope scratch(model.prompt_scratch);
  Vector<int32_t> found;  // more than the call has room for, perhaps
  TokenizeFlags flags = prompt.flags;
  if (held && prompt.is_text) flags.add_begin = false;
  if (prompt.is_text) tokenize(*model.tokenizer, prompt.text, flags, found, control);
  else tokenize_chat(model, render_chat(model, prompt.chat, control), flags.add_begin, found, control);
  if (int64_t count = int64_t(found.size()); count > model.context) check_context(model, held, count);
  Vector<int32_t>& ids = model.call->prompt;  // has room for a context: nothing that outlives the scratch may grow here
  ids.assign(found.begin(), found.end());
  return ids;
}

// The call's conversation as it was, unless the call says that it may stay. What was forgotten comes back as tokens, and the
// cache holds it again when a step needs it.
class Undo {
 public:
  Undo(Conversation& conversation, Vector<int32_t>& forgotten)
      : conversation_(conversation), forgotten_(forgotten), count_(conversation.tokens.size()), done_(conversation.sequence.done) {
    forgotten_.clear();
  }
  ~Undo() {
    if (stays_) return;
    conversation_.truncate(count_, done_);
    conversation_.tokens.insert(conversation_.tokens.end(), forgotten_.begin(), forgotten_.end());
  }
  void let_it_stay() { stays_ = true; }

  // Forgets what came after the first `count` tokens.
  void forget(size_t count) {
    const Vector<int32_t>& tokens = conversation_.tokens;
    forgotten_.assign(tokens.begin() + std::ptrdiff_t(count), tokens.end());
    count_ = count;
    done_ = std::min(done_, int64_t(count));
    conversation_.truncate(count_, done_);
  }

 private:
  Conversation& conversation_;
  Vector<int32_t>& forgotten_;
  size_t count_;
  int64_t done_;
  bool stays_ = false;
};

void append_prompt(Model& model, const GenerateRequest& request, Conversation& conversation, Undo& undo, const Control& control,
                   GenerateResult& result) {
  Vector<int32_t>& tokens = conversation.tokens;
  bool whole = request.prompt.is_chat;
  std::span<const int32_t> prompt = read_prompt(model, request.prompt, whole ? 0 : int64_t(tokens.size()), control);
  result.prompt_tokens = int64_t(prompt.size());
  require_tokens(tokens.size() + prompt.size());
  check_vocabulary(model, prompt);
  check_context(model, whole ? 0 : int64_t(tokens.size()), int64_t(prompt.size()));
  if (whole && !prompt.empty()) {
    size_t held = size_t(std::mismatch(tokens.begin(), tokens.end(), prompt.begin(), prompt.end()).first - tokens.begin());
    undo.forget(held);
    prompt = prompt.subspan(held);
    result.prompt_tokens -= int64_t(held);
  }
  tokens.insert(tokens.end(), prompt.begin(), prompt.end());
  // Logits come of a step: where all is in the cache, its last token is fed again.
  conversation.sequence.truncate(std::min(conversation.sequence.done, int64_t(tokens.size()) - 1));
}

}  // namespace

Finish finish_of(Status status) {
  return status == Status::cancelled ? Finish::cancelled : status == Status::deadline ? Finish::deadline : Finish::error;
}

void generate(Model& model, const GenerateRequest& request, const Control& control, GenerateResult& result) {
  int64_t start_ns = now_ns();
  try {
    SessionUse use(request.session);
    TurnHold turn = take_turn(model, control);
    AccountScope models(model.account);
    model.call->stream.clear();
    model.call->stops.start(request.stops);
    Conversation& conversation = request.session ? *request.session : model.call->alone;
    Undo undo(conversation, model.call->forgotten);
    append_prompt(model, request, conversation, undo, control, result);
    Work work = work_of(*model.engine, control);
    result.finish = answer({model, request, work, conversation, result}, start_ns);
    if (request.session) undo.let_it_stay();
  } catch (...) {
    result.total_ns = now_ns() - start_ns;
    throw;
  }
  result.total_ns = now_ns() - start_ns;
}

void score(Model& model, std::span<const int32_t> tokens, const Control& control, float* out) {
  TurnHold turn = take_turn(model, control);
  check_tokens(model, tokens);
  Work work = work_of(*model.engine, control);
  Undo undo(model.call->alone, model.call->forgotten);
  Sequence& sequence = model.call->alone.sequence;
  size_t step = size_t(model.runner->limits.rows), row = size_t(model.config.vocabulary);
  for (size_t begin = 0; begin < tokens.size(); begin += step) {
    size_t n = std::min(step, tokens.size() - begin);
    StepItem item{&sequence, tokens.subspan(begin, n), StepItem::all};
    require_ok(run_step(*model.runner, {&item, 1}, work), control);
    const float* logits = model.runner->state.io("logits").as<float>();
    require_finite(model, logits, int64_t(n * row), control);
    std::memcpy(out + begin * row, logits, n * row * sizeof(float));
  }
}

}  // namespace prm
