// soak_synth NAME SECONDS: one engine and a model of random weights (premise synth) under mixed requests, one after the other: greedy and
// sampled text, a long prompt, a conversation, logits, one that a deadline ends, one that its callback stops. Shows that none fails,
// that memory stays and that the last answers are the first ones. For script/test --full, by tests/full/soak; Linux.
#include <premise/premise.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "synth_file.h"

namespace {

constexpr int kKinds = 8, kContext = 1024;
constexpr double kMostGrowthMb = 4;
constexpr const char* kPrompt = "the hand in the thing and the other hand";

struct Soak {
  prm_engine* engine = nullptr;
  prm_model* model = nullptr;
  int32_t vocabulary = 0;
  int requests = 0, errors = 0, changed = 0;
  int64_t tokens = 0;
  std::map<int, std::string> first;              // what each kind of request answered first
  std::vector<std::pair<double, double>> memory;  // seconds, MB
  std::vector<uint64_t> charged;
};

double seconds_now() { return double(prm_now_ns()) / 1e9; }

double resident_mb() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  return -1;
}

uint64_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemAvailable:")) return std::stoull(line.substr(13)) * 1024;
  return 0;
}

void expect(Soak& soak, const char* what, prm_status status, prm_status wanted = PRM_STATUS_OK) {
  if (status == wanted) return;
  ++soak.errors;
  std::printf("  %s: %s: %s\n", what, prm_status_name(status), status ? prm_last_error() : "");
}

struct Answer {
  std::string tokens;
  int32_t stop_after = 0;
};

int32_t take_token(void* user, int32_t token) {
  auto& answer = *static_cast<Answer*>(user);
  answer.tokens += std::to_string(token) + " ";
  return answer.stop_after && --answer.stop_after == 0;
}

prm_generate_options options_for(Answer& answer, int32_t tokens) {
  prm_generate_options options = PRM_INIT(prm_generate_options);
  options.flags = PRM_GENERATE_IGNORE_END;
  options.max_tokens = tokens;
  options.on_token = take_token;
  options.user = &answer;
  return options;
}

void generate(Soak& soak, const char* what, const prm_prompt& prompt, const prm_generate_options& options) {
  prm_request_info info = PRM_INIT(prm_request_info);
  expect(soak, what, prm_generate(soak.model, &prompt, &options, nullptr, &info));
  soak.tokens += info.prompt_tokens + info.generated_tokens;
}

std::string text_request(Soak& soak, int32_t tokens, float temperature, int32_t stop_after) {
  Answer answer;
  answer.stop_after = stop_after;
  prm_generate_options options = options_for(answer, tokens);
  options.temperature = temperature;
  options.top_k = temperature > 0 ? 40 : 0;
  options.seed = 7;
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.text = {kPrompt, PRM_NUL};
  generate(soak, "text", prompt, options);
  return answer.tokens;
}

std::vector<int32_t> spread_ids(const Soak& soak, int count) {
  std::vector<int32_t> ids;
  for (int i = 0; i < count; ++i) ids.push_back(int32_t((int64_t(i) * 7919 + 13) % soak.vocabulary));
  return ids;
}

std::string long_request(Soak& soak) {
  std::vector<int32_t> ids = spread_ids(soak, 160);
  Answer answer;
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.tokens = ids.data();
  prompt.token_count = ids.size();
  generate(soak, "long prompt", prompt, options_for(answer, 4));
  return answer.tokens;
}

// Two turns, the second on what the session holds; then half of it forgotten, and said again.
std::string conversation(Soak& soak) {
  prm_session* session = nullptr;
  expect(soak, "session", prm_session_open(soak.model, nullptr, nullptr, &session));
  if (!session) return "";
  Answer answer;
  prm_generate_options options = options_for(answer, 6);
  options.session = session;
  prm_prompt prompt = PRM_INIT(prm_prompt);
  for (const char* text : {"the hand", " and the thing", " and the thing"}) {
    prompt.text = {text, PRM_NUL};
    generate(soak, "conversation", prompt, options);
    prm_session_info info = PRM_INIT(prm_session_info);
    expect(soak, "session query", prm_session_query(session, &info));
    if (info.token_count > 20) expect(soak, "truncate", prm_session_truncate(session, 10));
  }
  prm_session_close(session);
  return answer.tokens;
}

std::string logits_request(Soak& soak) {
  std::vector<int32_t> ids = spread_ids(soak, 4);
  std::vector<float> logits(ids.size() * size_t(soak.vocabulary));
  prm_tensor input = {}, output = {};
  input.data = ids.data(), input.bytes = ids.size() * 4, input.dtype = PRM_DTYPE_I32, input.rank = 1, input.shape[0] = int64_t(ids.size());
  output.data = logits.data(), output.bytes = logits.size() * 4, output.dtype = PRM_DTYPE_F32;
  expect(soak, "logits", prm_run(soak.model, &input, 1, nullptr, &output, 1));
  soak.tokens += int64_t(ids.size());
  uint64_t hash = 1469598103934665603ull;
  for (float value : logits) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    hash = (hash ^ bits) * 1099511628211ull;
  }
  return std::to_string(hash);
}

// Ends under way; how far it came is the clock's.
std::string late_request(Soak& soak) {
  Answer answer;
  prm_generate_options options = options_for(answer, 0);
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.text = {kPrompt, PRM_NUL};
  prm_control control = PRM_INIT(prm_control);
  control.deadline_ns = prm_now_ns() + 20'000'000;
  expect(soak, "deadline", prm_generate(soak.model, &prompt, &options, &control, nullptr), PRM_STATUS_DEADLINE);
  return "";
}

// A failure, and one that names what is wrong.
std::string wrong_request(Soak& soak) {
  std::vector<int32_t> ids = {soak.vocabulary};
  Answer answer;
  prm_generate_options options = options_for(answer, 4);
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.tokens = ids.data();
  prompt.token_count = ids.size();
  expect(soak, "a token that there is not", prm_generate(soak.model, &prompt, &options, nullptr, nullptr), PRM_STATUS_INVALID_ARGUMENT);
  return "";
}

std::string request(Soak& soak, int kind) {
  switch (kind) {
    case 0: return text_request(soak, 12, 0, 0);
    case 1: return text_request(soak, 8, 0.9f, 0);
    case 2: return text_request(soak, 12, 0, 3);  // its callback stops it
    case 3: return long_request(soak);
    case 4: return conversation(soak);
    case 5: return logits_request(soak);
    case 6: return late_request(soak);
    default: return wrong_request(soak);
  }
}

void one(Soak& soak, int kind, double began) {
  std::string answer = request(soak, kind);
  auto [found, is_new] = soak.first.try_emplace(kind, answer);
  if (!is_new && found->second != answer) {
    ++soak.changed;
    std::printf("  request %d, of kind %d: answered %s, first %s\n", soak.requests, kind, answer.c_str(), found->second.c_str());
  }
  ++soak.requests;
  prm_engine_info info = PRM_INIT(prm_engine_info);
  expect(soak, "engine query", prm_engine_query(soak.engine, &info));
  soak.charged.push_back(info.host_bytes);
  soak.memory.push_back({seconds_now() - began, resident_mb()});
}

// MB that the straight line through the samples rises from the first to the last.
double growth_mb(const std::vector<std::pair<double, double>>& samples) {
  double n = double(samples.size()), x = 0, y = 0, xx = 0, xy = 0;
  for (auto [t, mb] : samples) x += t, y += mb, xx += t * t, xy += t * mb;
  double spread = n * xx - x * x;
  return spread > 0 ? (n * xy - x * y) / spread * (samples.back().first - samples.front().first) : 0;
}

// Opens the model, or tells what it needs where the machine has not so much.
bool open_model(Soak& soak, const SynthFile& file) {
  prm_host host = PRM_INIT(prm_host);
  serve_synth(file, host);
  prm_engine_options engine = PRM_INIT(prm_engine_options);
  engine.threads = PRM_THREADS_ALL;
  engine.host = &host;
  expect(soak, "engine", prm_engine_open(PRM_VERSION, &engine, &soak.engine));
  prm_model_options options = PRM_INIT(prm_model_options);
  options.context = kContext;
  options.sessions = 2;
  options.flags = PRM_MODEL_HEADER_ONLY;
  expect(soak, "plan", prm_model_open(soak.engine, "synth", &options, nullptr, &soak.model));
  prm_plan plan = PRM_INIT(prm_plan);
  expect(soak, "plan", prm_model_plan(soak.model, nullptr, &plan, nullptr, 0, nullptr));
  prm_model_close(soak.model);
  soak.model = nullptr;
  uint64_t needed = plan.host_bytes + (uint64_t(256) << 20);
  if (needed > available_bytes()) {
    std::printf("skip: soak %s takes %.1f GB of memory, %.1f GB are available\n", file.model().name.c_str(), double(needed) / 1e9, double(available_bytes()) / 1e9);
    return false;
  }
  options.flags = 0;
  expect(soak, "open", prm_model_open(soak.engine, "synth", &options, nullptr, &soak.model));
  prm_model_info info = PRM_INIT(prm_model_info);
  expect(soak, "query", prm_model_query(soak.model, &info));
  soak.vocabulary = info.vocabulary;
  return true;
}

int report(const Soak& soak, const SynthFile& file, double seconds) {
  // The first round of all kinds warms up.
  auto warm = soak.memory.begin() + std::min<ptrdiff_t>(kKinds, ptrdiff_t(soak.memory.size()) - 1);
  double growth = growth_mb({warm, soak.memory.end()});
  bool long_enough = soak.requests >= 3 * kKinds;
  bool same_charge = std::all_of(soak.charged.begin() + (warm - soak.memory.begin()), soak.charged.end(), [&](uint64_t bytes) { return bytes == soak.charged.back(); });
  bool good[] = {soak.errors == 0, soak.changed == 0, long_enough && std::fabs(growth) <= kMostGrowthMb, same_charge};
  std::printf("{\"model\":\"%s\",\"seconds\":%.1f,\"requests\":%d,\"tokens\":%lld,\"errors\":%d,\"changed\":%d,\"rss_mb\":%.1f,\"rss_growth_mb\":%.2f,\"charged_bytes\":%llu}\n",
              file.model().name.c_str(), seconds, soak.requests, (long long)soak.tokens, soak.errors, soak.changed, soak.memory.back().second, growth,
              (unsigned long long)soak.charged.back());
  const char* names[] = {"no request fails otherwise than it should", "the last answers are the first ones", "resident memory does not rise", "the engine holds as much as after the first round"};
  int failed = 0;
  for (int i = 0; i < 4; ++i) {
    std::printf("%s: %s\n", good[i] ? "pass" : "FAIL", names[i]);
    failed += !good[i];
  }
  if (!long_enough) std::printf("  %d requests are too few to tell: give more seconds\n", soak.requests);
  std::printf("%d passed, %d failed, 0 skipped\n", 4 - failed, failed);
  return failed > 0;
}

}  // namespace

int main(int argc, char** argv) {
  SynthModel model;
  double wanted = argc == 3 ? std::atof(argv[2]) : 0;
  if (wanted <= 0 || !find_synth_model(argv[1], model)) {
    std::fprintf(stderr, "soak_synth NAME SECONDS: NAME as 'premise synth' has it, such as qwen2-0.5b-q4_k_m\n");
    return 2;
  }
  SynthFile file(model);
  Soak soak;
  bool fits = open_model(soak, file);
  if (fits && soak.model) {
    double began = seconds_now();
    while (soak.errors < 20 && (seconds_now() - began < wanted || soak.requests % kKinds)) one(soak, soak.requests % kKinds, began);
    wanted = seconds_now() - began;
  }
  prm_model_close(soak.model);
  prm_engine_close(soak.engine);
  if (!fits) return std::printf("0 passed, 0 failed, 1 skipped\n"), 0;
  if (!soak.requests) return std::printf("0 passed, 1 failed, 0 skipped\n"), 1;
  return report(soak, file, wanted);
}
