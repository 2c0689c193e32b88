// premise run: text from a prompt, streamed as it comes.
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "sampling_flags.h"
#include "session.h"
#include "template_flags.h"
#include "terminal.h"

namespace {

struct RunFlags : ModelFlags {
  TextFlags prompt;
  SamplingFlags sampling;
  int64_t tokens = 256, logprobs = -1, deadline_ms = 0, cancel_after_ms = -1;
  bool raw = false, special = false, chat = false, ignore_end = false;
  std::string system;
  TemplateFlags chat_template;
};

// A conversation of a system message, where there is one, and the prompt.
struct ChatPrompt {
  std::string text;
  TemplateValues chat_template;
  prm_message messages[2] = {};
  prm_prompt prompt = PRM_INIT(prm_prompt);
};

// What the callbacks gather.
struct Answer {
  bool streams = true, watched = false;
  std::string text;
  std::vector<int32_t> tokens;
  std::vector<std::vector<prm_token>> logprobs;  // per token: itself, then the best
  int64_t first_token_ns = 0, last_token_ns = 0;
  int write_error = 0;  // stdout took no more: errno
};

int32_t take_text(void* user, const char* text, size_t size) {
  auto& answer = *static_cast<Answer*>(user);
  answer.text.append(text, size);
  if (answer.streams) answer.write_error = stream_out({text, size}, answer.watched);
  return answer.write_error != 0;
}

int32_t take_token(void* user, int32_t token) {
  auto& answer = *static_cast<Answer*>(user);
  answer.last_token_ns = prm_now_ns();
  if (answer.tokens.empty()) answer.first_token_ns = answer.last_token_ns;
  answer.tokens.push_back(token);
  return 0;
}

int32_t take_logprobs(void* user, const prm_token* tokens, size_t count) {
  static_cast<Answer*>(user)->logprobs.emplace_back(tokens, tokens + count);
  return 0;
}

// Fires the stop token after a while, unless it goes out of scope before.
class StopAfter {
 public:
  explicit StopAfter(int64_t ms) {
    if (ms < 0) return;
    thread_ = std::thread([this, ms] {
      std::unique_lock lock(mutex_);
      if (!ended_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return over_; })) fire_stop();
    });
  }
  ~StopAfter() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    ended_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

struct Speed {
  double decode = -1, prefill = -1, first_ms = -1;  // negative: not measured
};

// Decoding speed: tokens after the first over the time after the first.
Speed measure(const Answer& answer, const prm_request_info& info) {
  Speed speed;
  double after = double(answer.last_token_ns - answer.first_token_ns) / 1e9;
  if (answer.tokens.size() > 1 && after > 0) speed.decode = double(answer.tokens.size() - 1) / after;
  if (info.first_ns > 0) {
    speed.first_ms = double(info.first_ns) / 1e6;
    speed.prefill = double(info.prompt_tokens) / (double(info.first_ns) / 1e9);
  }
  return speed;
}

void write_logprob(JsonWriter& json, const Session& session, const prm_token& token) {
  json.pair("id", token.id).pair("text", token_text(session, token.id)).pair("logprob", double(token.logprob));
}

void write_logprobs(JsonWriter& json, const Session& session, const Answer& answer) {
  json.key("logprobs").begin_array();
  for (const std::vector<prm_token>& place : answer.logprobs) {
    json.begin_object();
    write_logprob(json, session, place[0]);
    json.key("top").begin_array();
    for (size_t i = 1; i < place.size(); ++i) {
      json.begin_object();
      write_logprob(json, session, place[i]);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

std::string answer_json(const RunFlags& flags, const Session& session, const Answer& answer,
                        const prm_request_info& info, double cancel_ms) {
  Speed speed = measure(answer, info);
  JsonWriter json;
  json.begin_object()
      .pair("text", answer.text)
      .key("tokens")
      .list(answer.tokens)
      .pair("prompt_tokens", info.prompt_tokens)
      .pair("generated_tokens", info.generated_tokens)
      .pair("finish_reason", finish_name(info.finish))
      .measured("cancel_latency_ms", cancel_ms)
      .measured("ttft_ms", speed.first_ms)
      .measured("tokens_per_s", speed.decode)
      .measured("prefill_tok_s", speed.prefill)
      .pair("seed", flags.sampling.seed)
      .pair("isa", session.isa)
      .pair("device", session.device)
      .pair("threads", session.threads)
      .pair("peak_charged_bytes", peak_host_bytes(session))
      .pair("model", session.path)
      .pair("cpu", processor_name(session));
  if (flags.logprobs >= 0) write_logprobs(json, session, answer);
  return json.end_object().text() + "\n";
}

std::string summary_line(const Session& session, const Answer& answer, const prm_request_info& info) {
  Speed speed = measure(answer, info);
  std::string rate = speed.decode < 0 ? "-" : fmt::format("{:.1f}", speed.decode),
              first = speed.first_ms < 0 ? "none" : fmt::format("{:.2f} s", speed.first_ms / 1e3);
  std::string stopped = info.finish == PRM_FINISH_CANCELLED || info.finish == PRM_FINISH_DEADLINE
                            ? fmt::format(", {}", finish_name(info.finish))
                            : "";
  return fmt::format("tokens_per_s: {} ({} token{}, first after {}, {}, {} thread{}{})\n", rate, answer.tokens.size(),
                     answer.tokens.size() == 1 ? "" : "s", first, session.isa, session.threads,
                     session.threads == 1 ? "" : "s", stopped);
}

void check_prompt_flags(const RunFlags& flags) {
  const char* needless = !flags.system.empty()               ? "--system"
                         : !flags.chat_template.file.empty() ? "--template"
                         : !flags.chat_template.json.empty() ? "--template-json"
                                                             : nullptr;
  if (!flags.chat && needless) fail_usage("there is no conversation", needless, "add --chat");
  if (flags.chat && (flags.raw || flags.special))
    fail_usage("two ways to read the prompt", flags.raw ? "--raw" : "--special", "leave it out, or --chat");
}

// `to` keeps what the prompt borrows.
void make_prompt(const RunFlags& flags, ChatPrompt& to) {
  to.text = read_text(flags.prompt);
  if (!flags.chat) {
    to.prompt.flags = flags.special ? PRM_PROMPT_SPECIAL : 0;
    to.prompt.text = {to.text.c_str(), to.text.size()};
    return;
  }
  size_t count = 0;
  if (!flags.system.empty()) {
    to.messages[count].role = "system";
    to.messages[count++].text = {flags.system.c_str(), flags.system.size()};
  }
  to.messages[count].role = "user";
  to.messages[count++].text = {to.text.c_str(), to.text.size()};
  to.prompt.messages = to.messages;
  to.prompt.message_count = count;
  to.chat_template = read_template(flags.chat_template);
  apply_template(to.chat_template, to.prompt);
}

int run(const RunFlags& flags) {
  check_prompt_flags(flags);
  if (flags.logprobs >= 0 && !flags.json) fail_usage("nowhere to show them", "--logprobs", "add --json");
  ChatPrompt chat;
  make_prompt(flags, chat);
  Session session = open_session(flags, Weights::loaded);

  Answer answer;
  answer.streams = !flags.json;
  answer.watched = out_is_terminal();
  prm_generate_options options = PRM_INIT(prm_generate_options);
  options.flags = flags.ignore_end ? PRM_GENERATE_IGNORE_END : 0;
  options.max_tokens = int32_t(flags.tokens);
  options.on_text = take_text;
  options.on_token = take_token;
  options.user = &answer;
  std::vector<prm_text> stops;
  apply_sampling(flags.sampling, stops, options);
  if (flags.logprobs >= 0) {
    options.logprobs = int32_t(1 + flags.logprobs);
    options.on_logprobs = take_logprobs;
  }
  prm_request_info info = PRM_INIT(prm_request_info);
  prm_control control = make_control(flags.deadline_ms);
  prm_status status;
  double cancel_ms = -1;
  {
    StopAfter stop(flags.cancel_after_ms);
    status = prm_generate(session.model.get(), &chat.prompt, &options, &control, &info);
    if (status == PRM_STATUS_CANCELLED) cancel_ms = double(prm_now_ns() - stop_time_ns()) / 1e6;
  }
  if (answer.write_error) fail_output(answer.write_error);
  if (!flags.json && out_is_terminal() && !answer.text.ends_with('\n')) try_write_out("\n");
  // A run that was stopped in time is a result; what it had written stays.
  if (status != PRM_STATUS_CANCELLED && status != PRM_STATUS_DEADLINE) check(status, session.path);
  if (flags.json) write_out(answer_json(flags, session, answer, info, cancel_ms));
  else if (!flags.quiet) write_talk(summary_line(session, answer, info));
  return interrupted() ? kInterrupted : kDone;
}

}  // namespace

Command add_run(CLI::App& program) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* app = program.add_subcommand("run", "Generate text from a prompt");
  add_model_flag(*app, *flags);
  add_text_flags(*app, flags->prompt);
  add_count(*app, "-n,--tokens", flags->tokens, 0, INT32_MAX,
            "Most tokens to generate; 0: until the model ends or the context is full (default: 256)");
  app->add_flag("--raw", flags->raw, "Feed the text as it is, begun as the file says (the default)");
  app->add_flag("--special", flags->special, "Control tokens in the text are recognised");
  app->add_flag("--chat", flags->chat, "The text is a message: the model's chat template is applied to it");
  app->add_option("--system", flags->system, "With --chat: the system message before it")->type_name("TEXT");
  add_template_flags(*app, flags->chat_template);
  app->add_flag("--ignore-eos", flags->ignore_end, "Go on after the model's end token");
  add_sampling_flags(*app, flags->sampling);
  add_count(*app, "--logprobs", flags->logprobs, 0, 64, "With --json: log probabilities of each token and of the N best in its place");
  add_count(*app, "--deadline-ms", flags->deadline_ms, 1, 1 << 30, "Stop this long after the model is loaded");
  add_count(*app, "--cancel-after-ms", flags->cancel_after_ms, 0, 1 << 30,
            "Cancel this long after the model is loaded");
  add_compute_flags(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "Examples:\n"
      "  premise run model.gguf \"The capital of France is\" -n 16\n"
      "  premise run model.gguf --chat --template chat.jinja --system \"Be terse.\" \"Why?\" -n 16\n"
      "  premise run -m model.gguf -f prompt.txt --json\n"
      "  premise run model.gguf \"Once upon a time\" -n 32 --temp 0.8 --top-p 0.95 --seed 7\n"
      "  echo \"Once upon a time\" | premise run -m model.gguf -p - -n 32 --threads 1 --quiet");
  return {app, [flags] { return run(*flags); }};
}
