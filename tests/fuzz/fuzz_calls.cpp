// Sequences of calls on the C API: each byte of the input picks a call or an argument. Handles are those that are open, and NULL;
// whatever is asked, the answer is a status, and everything is given back at the end.
#include <premise/premise.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "fuzz.h"
#include "support/memory_files.h"

namespace {

using prm::fuzz::must;

struct Input {
  const uint8_t* data;
  size_t size;
  uint8_t byte() { return size ? (--size, *data++) : 0; }
  bool end() const { return !size; }
  // Mostly small, sometimes what is out of any range.
  int32_t number() {
    uint8_t kind = byte();
    if (kind < 200) return kind % 20;
    constexpr int32_t kOdd[] = {-1, INT32_MIN, INT32_MAX, 255, 1024, 4097, 65536, -2};
    return kOdd[kind % std::size(kOdd)];
  }
  std::string text() {
    size_t n = std::min<size_t>(byte() % 24, size);
    std::string out(reinterpret_cast<const char*>(data), n);
    data += n, size -= n;
    return out;
  }
  float real() {
    constexpr float kReals[] = {0, 0.5f, 1, 2, 100, -1, 1e30f, __builtin_nanf("")};
    return kReals[byte() % std::size(kReals)];
  }
};

struct World {
  prm_engine* engine = nullptr;
  prm_model* models[2] = {};
  prm_session* sessions[2] = {};
  int of[2] = {};  // the model of a session
  prm_cancel* cancel = nullptr;
};

const std::string& file_bytes() {
  static const std::string bytes = prm::test::read_whole(PREMISE_TEST_DATA "/tiny-qwen3-f16.gguf");
  return bytes;
}

constexpr const char* kTemplate = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";

void close_sessions(World& w, int model) {
  for (int i = 0; i < 2; ++i)
    if (w.sessions[i] && (model < 0 || w.of[i] == model)) prm_session_close(w.sessions[i]), w.sessions[i] = nullptr;
}

prm_status open_engine(World& w, Input& in) {
  if (w.engine) return PRM_STATUS_OK;
  prm_engine_options options = PRM_INIT(prm_engine_options);
  options.threads = in.byte() % 3;
  if (in.byte() % 4 == 0) options.max_host_bytes = uint64_t(in.byte()) << 14;
  return prm_engine_open(in.byte() % 16 ? PRM_VERSION : in.number(), &options, &w.engine);
}

prm_status open_model(World& w, Input& in) {
  prm_model*& model = w.models[in.byte() & 1];
  if (model) return PRM_STATUS_OK;
  prm_model_options options = PRM_INIT(prm_model_options);
  options.data = file_bytes().data();
  options.data_size = in.byte() % 8 ? file_bytes().size() : file_bytes().size() * in.byte() / 256;
  options.flags = in.byte() % 4 ? 0 : uint32_t(in.number());
  options.context = in.byte() % 4 ? 64 : in.number();
  options.chunk_tokens = in.number();
  options.cache_dtype = in.byte() % 4 ? PRM_DTYPE_ANY : in.number();
  options.sessions = in.byte() % 3;
  return prm_model_open(w.engine, nullptr, &options, nullptr, &model);
}

// What a prompt borrows.
struct Prompt {
  std::string text, role;
  int32_t tokens[8];
  prm_message message;
  prm_prompt prompt;
};

void read_prompt(Input& in, Prompt& to) {
  to.prompt = PRM_INIT(prm_prompt);
  to.prompt.flags = in.byte() % 4 ? 0 : uint32_t(in.number());
  to.text = in.text();
  uint8_t kind = in.byte();
  if (kind % 4 != 1) to.prompt.text = {to.text.data(), to.text.size()};
  if (kind % 4 == 1 || kind > 250) {
    for (int32_t& token : to.tokens) token = in.byte() % 8 ? in.byte() : in.number();
    to.prompt.tokens = to.tokens, to.prompt.token_count = in.byte() % 9;
  }
  if (kind % 4 == 2) {
    to.role = in.byte() & 1 ? "user" : in.text();
    to.message = {to.role.c_str(), to.prompt.text, in.byte() % 8 ? nullptr : "{\"name\": 1}", {}};
    to.prompt.text = {};
    to.prompt.messages = &to.message, to.prompt.message_count = 1;
    to.prompt.template_text = in.byte() % 4 ? kTemplate : nullptr;
  }
}

struct Seen {
  int left;  // calls until it says stop
};
int32_t on_text(void* user, const char* text, size_t size) {
  must(text || !size);
  return static_cast<Seen*>(user)->left-- <= 0;
}
int32_t on_token(void* user, int32_t token) {
  must(token >= 0);
  return static_cast<Seen*>(user)->left-- <= 0;
}

prm_status generate(World& w, Input& in) {
  Prompt prompt;
  read_prompt(in, prompt);
  prm_generate_options options = PRM_INIT(prm_generate_options);
  options.max_tokens = in.byte() % 4 ? 3 : in.number() % 5000;
  if (!options.max_tokens) options.max_tokens = 1;
  options.flags = in.byte() % 4 ? PRM_GENERATE_IGNORE_END : uint32_t(in.number());
  Seen seen{in.byte()};
  options.user = &seen;
  if (in.byte() & 1) options.on_text = on_text;
  if (in.byte() & 1) options.on_token = on_token;
  if (in.byte() % 4 == 0) {
    options.temperature = in.real(), options.top_p = in.real(), options.min_p = in.real(), options.typical_p = in.real();
    options.top_k = in.number(), options.repetition_penalty = in.real(), options.min_tokens = in.number();
    options.penalty_tokens = in.number(), options.seed = in.byte();
  }
  std::string stop = in.text();
  prm_text stops[1] = {{stop.data(), stop.size()}};
  if (in.byte() & 1) options.stops = stops, options.stop_count = in.byte() % 3 ? 1 : 0;
  int s = in.byte() % 4;
  if (s < 2) options.session = w.sessions[s];
  prm_control control = PRM_INIT(prm_control);
  control.cancel = in.byte() % 4 ? nullptr : w.cancel;
  if (in.byte() % 8 == 0) control.deadline_ns = 1;
  prm_request_info info = PRM_INIT(prm_request_info);
  return prm_generate(w.models[in.byte() & 1], &prompt.prompt, &options, &control, &info);
}

prm_status ask_text(World& w, Input& in) {
  prm_model* model = w.models[in.byte() & 1];
  Prompt prompt;
  read_prompt(in, prompt);
  int32_t tokens[64];
  size_t count = 0, size = 0, capacity = in.byte() % 65;
  char text[256];
  if (in.byte() & 1) return prm_prompt_render(model, &prompt.prompt, text, in.byte(), &size);
  prm_status status = prm_tokenize(model, &prompt.prompt, tokens, capacity, &count);
  must(status != PRM_STATUS_OK || count <= capacity);
  if (status != PRM_STATUS_OK) return status;
  return prm_detokenize(model, tokens, count, in.byte() & 1, text, in.byte(), &size);
}

prm_status run_tensors(World& w, Input& in) {
  static float logits[16 * 512];
  int32_t tokens[16];
  for (int32_t& token : tokens) token = in.byte() % 16 ? in.byte() : in.number();
  prm_tensor x{}, y{};
  x.name = in.byte() % 8 ? "tokens" : "x";
  x.dtype = PRM_DTYPE_I32, x.rank = 1, x.shape[0] = in.byte() % 17, x.data = tokens;
  x.bytes = size_t(x.shape[0]) * 4;
  if (in.byte() % 8 == 0) x.rank = in.number();
  if (in.byte() % 8 == 0) x.bytes = in.byte() % 65;
  y.name = in.byte() % 8 ? "logits" : nullptr;
  y.data = logits, y.bytes = in.byte() % 4 ? sizeof logits : in.byte();
  return prm_run(w.models[in.byte() & 1], &x, in.byte() % 8 ? 1 : 0, nullptr, &y, 1);
}

prm_status ask_info(World& w, Input& in) {
  prm_engine_info engine = PRM_INIT(prm_engine_info);
  prm_model_info model = PRM_INIT(prm_model_info);
  prm_session_info session = PRM_INIT(prm_session_info);
  prm_plan plan = PRM_INIT(prm_plan);
  char text[4096];
  size_t size = 0;
  switch (in.byte() % 6) {
    case 0: return prm_engine_query(w.engine, &engine);
    case 1: return prm_model_query(w.models[in.byte() & 1], &model);
    case 2: return prm_session_query(w.sessions[in.byte() & 1], &session);
    case 3: return prm_model_plan(w.models[in.byte() & 1], nullptr, &plan, text, in.byte() * 16, &size);
    case 4: return prm_engine_report(w.engine, in.number(), text, in.byte() * 16, &size);
    default: return prm_model_report(w.models[in.byte() & 1], in.number(), text, in.byte() * 16, &size);
  }
}

prm_status session_call(World& w, Input& in) {
  int s = in.byte() & 1, m = in.byte() & 1;
  switch (in.byte() % 3) {
    case 0:
      if (w.sessions[s]) return PRM_STATUS_OK;
      w.of[s] = m;
      return prm_session_open(w.models[m], nullptr, nullptr, &w.sessions[s]);
    case 1: return prm_session_truncate(w.sessions[s], in.number());
    default:
      prm_session_close(w.sessions[s]);
      w.sessions[s] = nullptr;
      return PRM_STATUS_OK;
  }
}

prm_status close_something(World& w, Input& in) {
  switch (in.byte() % 4) {
    case 0:
    case 1: {
      int m = in.byte() & 1;
      close_sessions(w, m);
      prm_model_close(w.models[m]);
      w.models[m] = nullptr;
      return PRM_STATUS_OK;
    }
    case 2:  // models keep the engine
      prm_engine_close(w.engine);
      w.engine = nullptr;
      return PRM_STATUS_OK;
    default:
      if (w.cancel) prm_cancel_fire(w.cancel), prm_cancel_close(w.cancel), w.cancel = nullptr;
      else return prm_cancel_open(&w.cancel);
      return PRM_STATUS_OK;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in{data, size};
  World w;
  for (int calls = 0; !in.end() && calls < 40; ++calls) {
    constexpr prm_status (*kCalls[])(World&, Input&) = {open_engine, open_model, generate, ask_text, run_tensors, ask_info, session_call, close_something};
    prm_status status = kCalls[in.byte() % std::size(kCalls)](w, in);
    must(status != PRM_STATUS_INTERNAL && prm_status_name(status));
    must(status == PRM_STATUS_OK || prm_last_error()[0]);
  }
  close_sessions(w, -1);
  for (prm_model* model : w.models) prm_model_close(model);
  prm_engine_close(w.engine);
  prm_cancel_close(w.cancel);
  return 0;
}
