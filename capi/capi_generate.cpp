// Text generation and sessions.
#include <cmath>

#include "capi/capi.h"
#include "base/utf8.h"

namespace prm {

namespace {

// What the core reads as structs of its own.
static_assert(sizeof(TokenBias) == sizeof(prm_bias) && offsetof(TokenBias, bias) == offsetof(prm_bias, bias));
static_assert(sizeof(TokenRecord) == sizeof(prm_token) && offsetof(TokenRecord, logprob) == offsetof(prm_token, logprob) &&
              offsetof(TokenRecord, text_size) == offsetof(prm_token, text_size) && offsetof(TokenRecord, rank) == offsetof(prm_token, rank));

constexpr size_t kMaxStopTokens = 256;

// NaN is out of every range.
template <class T>
T in_range(const char* field, T value, T least, T most) {
  if (value >= least && value <= most) return value;
  fail_about(Status::invalid_argument, field, "options.{} is {}, expected {} to {}", field, value, least, most);
}

SamplerOptions read_sampler(const prm_generate_options& from, int64_t vocabulary) {
  SamplerOptions o;
  o.temperature = in_range("temperature", from.temperature, 0.0f, 100.0f);
  o.top_k = in_range("top_k", from.top_k, 0, INT32_MAX);
  o.top_p = in_range("top_p", from.top_p, 0.0f, 1.0f);
  o.min_p = in_range("min_p", from.min_p, 0.0f, 1.0f);
  o.typical_p = in_range("typical_p", from.typical_p, 0.0f, 1.0f);
  o.repetition_penalty = in_range("repetition_penalty", from.repetition_penalty, 0.0f, 100.0f);
  o.presence_penalty = in_range("presence_penalty", from.presence_penalty, -100.0f, 100.0f);
  o.frequency_penalty = in_range("frequency_penalty", from.frequency_penalty, -100.0f, 100.0f);
  o.penalty_tokens = in_range("penalty_tokens", from.penalty_tokens, -1, INT32_MAX);
  o.seed = from.seed;
  require_argument(!from.biases == !from.bias_count, "biases", "and bias_count do not fit each other");
  in_range<uint64_t>("bias_count", from.bias_count, 0, uint64_t(vocabulary));
  for (size_t i = 0; i < from.bias_count; ++i) {
    const prm_bias& b = from.biases[i];
    if (b.token < 0 || b.token >= vocabulary)
      fail_about(Status::invalid_argument, "biases", "options.biases[{}].token is {}, expected 0 to {}", i, b.token, vocabulary - 1);
    if (!(b.bias >= -1e6f && b.bias <= 1e6f) && b.bias != -INFINITY)
      fail_about(Status::invalid_argument, "biases", "options.biases[{}].bias is {}, expected -INFINITY, or -1e6 to 1e6", i, b.bias);
  }
  o.biases = {reinterpret_cast<const TokenBias*>(from.biases), from.bias_count};
  return o;
}

struct StopList {
  std::string_view texts[kMaxStops];
  size_t count = 0;
};

void read_stops(const prm_generate_options& from, StopList& to) {
  require_argument(!from.stops == !from.stop_count, "stops", "and stop_count do not fit each other");
  to.count = in_range<size_t>("stop_count", from.stop_count, 0, kMaxStops);
  for (size_t i = 0; i < to.count; ++i) {
    std::string_view text = to.texts[i] = read_text(from.stops[i], "stops");
    if (text.empty() || text.size() > kMaxStopBytes)
      fail_about(Status::invalid_argument, "stops", "options.stops[{}] has {} bytes, expected 1 to {}", i, text.size(), kMaxStopBytes);
    if ((uint8_t(text[0]) & 0xc0) == 0x80 || unfinished_tail(text))
      fail_about(Status::invalid_argument, "stops", "options.stops[{}] begins or ends inside a character: give UTF-8", i);
  }
}

void check_stop_tokens(const prm_generate_options& from, int64_t vocabulary) {
  require_argument(!from.stop_tokens == !from.stop_token_count, "stop_tokens", "and stop_token_count do not fit each other");
  in_range<size_t>("stop_token_count", from.stop_token_count, 0, kMaxStopTokens);
  for (size_t i = 0; i < from.stop_token_count; ++i)
    if (int32_t id = from.stop_tokens[i]; id < 0 || id >= vocabulary)
      fail_about(Status::invalid_argument, "stop_tokens", "options.stop_tokens[{}] is {}, expected 0 to {}", i, id, vocabulary - 1);
}

int32_t pass_logprobs(const void* options, const TokenRecord* tokens, size_t count) {
  auto& to = *static_cast<const prm_generate_options*>(options);
  return to.on_logprobs(to.user, reinterpret_cast<const prm_token*>(tokens), count);
}

// `from` and `stops` live as long as the request.
GenerateRequest read_request(const ModelObject& model, const prm_prompt* prompt, const prm_generate_options& from, std::optional<SessionHold>& session,
                             StopList& stops) {
  int64_t vocabulary = text_model(model)->config.vocabulary;
  if (from.flags & ~uint32_t(PRM_GENERATE_IGNORE_END)) fail_about(Status::unsupported, "flags", "options.flags has unknown bits: {:#x}", from.flags);
  GenerateRequest request;
  request.max_tokens = in_range("max_tokens", from.max_tokens, 0, INT32_MAX);
  request.min_tokens = in_range("min_tokens", from.min_tokens, 0, from.max_tokens ? from.max_tokens : INT32_MAX);
  request.ignore_end = from.flags & PRM_GENERATE_IGNORE_END;
  request.sampler = read_sampler(from, vocabulary);
  read_stops(from, stops);
  request.stops = {stops.texts, stops.count};
  check_stop_tokens(from, vocabulary);
  request.stop_tokens = {from.stop_tokens, from.stop_token_count};
  request.logprobs = in_range("logprobs", from.logprobs, 0, int32_t(1 + kMaxBest));
  require_argument(!from.logprobs == !from.on_logprobs, "logprobs", "and on_logprobs come together");
  if (from.session) {
    session.emplace(from.session, "session");
    require_argument((*session)->model == model.text, "session", "belongs to another model");
    request.session = (*session)->session;
  }
  request.on_text = from.on_text;
  request.on_token = from.on_token;
  request.on_logits = from.on_logits;
  if (from.on_logprobs) request.on_logprobs = pass_logprobs;
  request.options = &from;
  request.user = from.user;
  request.prompt = read_prompt(prompt, model.engine->limits);
  return request;
}

void write_request_info(const GenerateResult& result, prm_request_info* out) {
  if (!out) return;
  prm_request_info info{};
  info.finish = int32_t(result.finish);
  info.prompt_tokens = result.prompt_tokens;
  info.generated_tokens = result.generated;
  info.first_ns = result.first_ns;
  info.total_ns = result.total_ns;
  write_info(info, out);
}

}  // namespace

}  // namespace prm

using namespace prm;

prm_status prm_generate(prm_model* model, const prm_prompt* prompt, const prm_generate_options* options, const prm_control* control,
                        prm_request_info* info) try {
  FloatState ours;
  ModelUse use(model, "model");
  require_own_turn(use);
  if (info) require_info(info, "info");
  GenerateResult result;
  try {
    prm_generate_options known = read_options(options, "options");
    Listening listen(control, use);
    std::optional<SessionHold> session;
    StopList stops;
    GenerateRequest request = read_request(*use.get(), prompt, known, session, stops);
    generate(*use->text, request, listen.control, result);
  } catch (const Error& error) {
    result.finish = finish_of(error.status);
    write_request_info(result, info);
    throw;
  } catch (...) {
    result.finish = Finish::error;
    write_request_info(result, info);
    throw;
  }
  write_request_info(result, info);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_session_open(prm_model* model, const prm_session_options* options, const prm_control* control, prm_session** out) try {
  ModelUse use(model, "model");
  require_argument(out, "out", "is NULL");
  require_argument(read_options(options, "options").flags == 0, "options.flags", "must be 0");
  Listening(control, use).control.require();
  const ModelPtr& text = text_model(*use.get());
  auto object = make_object<SessionObject>(use->memory);
  object->engine = use->engine;
  object->model = text;
  object->session = &open_session(*text);
  *out = hand_out<prm_session>(HandleKind::session, std::move(object));
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

void prm_session_close(prm_session* session) { close_handle(session, HandleKind::session); }

prm_status prm_session_query(prm_session* session, prm_session_info* out) try {
  SessionHold hold(session, "session");
  require_info(out, "out");
  const Model& model = *hold->model;
  prm_session_info info{};
  info.token_count = int32_t(hold->session->token_count.load(std::memory_order_relaxed));
  info.context = int32_t(model.context);
  info.host_bytes = uint64_t(hold->session->page_count.load(std::memory_order_relaxed)) * (model.plan->bytes[kHost].states / uint64_t(model.pages->pages()));
  write_info(info, out);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_session_truncate(prm_session* session, int32_t token_count) try {
  SessionHold hold(session, "session");
  truncate_session(*hold->session, token_count);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
