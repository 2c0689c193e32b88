#include "chat_turn.h"

#include <fmt/format.h>

#include <atomic>

#include "failure.h"
#include "terminal.h"

namespace {

struct CloseCancel {
  void operator()(prm_cancel* cancel) const { prm_cancel_close(cancel); }
};

std::atomic<prm_cancel*> turn_token{nullptr};
std::atomic<bool> asked_to_stop{false}, text_came{false};

// The first Ctrl-C lets the token on its way come, so that what was computed stays; where none came yet, and the second time,
// the call is cut.
void stop_turn() {
  if (asked_to_stop.exchange(true) || !text_came) prm_cancel_fire(turn_token);
}

// While one lives, Ctrl-C ends the answer and not the program.
class TurnStop {
 public:
  TurnStop() {
    // A fired token stays fired. Those that were stay too: a handler may have them in its hand.
    static std::vector<std::unique_ptr<prm_cancel, CloseCancel>> tokens;
    if (tokens.empty() || asked_to_stop) {
      prm_cancel* token = nullptr;
      check(prm_cancel_open(&token), "");
      tokens.emplace_back(token);
      turn_token = token;
    }
    asked_to_stop = text_came = false;
    lend_interrupts(stop_turn);
  }
  ~TurnStop() { lend_interrupts(nullptr); }
  TurnStop(const TurnStop&) = delete;
  TurnStop& operator=(const TurnStop&) = delete;
};

struct Answer {
  bool streams = true, watched = false;
  std::string text;
  int write_error = 0;  // stdout took no more: errno
};

int32_t take_text(void* user, const char* text, size_t size) {
  auto& answer = *static_cast<Answer*>(user);
  std::string_view more(text, size);
  answer.text += more;
  text_came = true;
  if (answer.streams) answer.write_error = stream_out(more, answer.watched);
  return answer.write_error || asked_to_stop;
}

// A history as the library takes it; borrows from both.
class ChatPrompt {
 public:
  ChatPrompt(const ChatHistory& history, const TemplateValues& chat_template)
      : all_(history.all()),
        prompt_(PRM_INIT(prm_prompt)) {
    for (const ChatMessage& message : all_) {
      prm_message& out = messages_.emplace_back();
      out.role = message.role.c_str();
      out.text = {message.content.c_str(), message.content.size()};
    }
    prompt_.messages = messages_.data();
    prompt_.message_count = messages_.size();
    apply_template(chat_template, prompt_);
  }
  const prm_prompt* get() const { return &prompt_; }

 private:
  std::vector<ChatMessage> all_;
  std::vector<prm_message> messages_;
  prm_prompt prompt_;
};

int64_t count_tokens(const Chat& chat, const ChatHistory& history) {
  ChatPrompt prompt(history, chat.chat_template);
  size_t count = 0;
  prm_status status = prm_tokenize(chat.model.model.get(), prompt.get(), nullptr, 0, &count);
  if (status != PRM_STATUS_BUFFER_TOO_SMALL) check(status, chat.model.path);
  return int64_t(count);
}

// With --shift, what was said first goes until a quarter of the context is free for the answer.
void make_room(Chat& chat) {
  int64_t context = chat.model.info.context, tokens = count_tokens(chat, chat.history);
  int dropped = 0;
  while (chat.flags.shift && tokens > context - context / 4 && chat.history.drop_oldest()) {
    tokens = count_tokens(chat, chat.history);
    ++dropped;
  }
  if (tokens >= context)
    fail_with(PRM_STATUS_CONTEXT_FULL, "the context is full",
              fmt::format("the conversation has {} tokens with this message, the context holds {}", tokens, context),
              chat.flags.shift ? "shorten the message, or start with a larger --ctx"
                               : "shorten it, /undo or /clear, or start with a larger --ctx or with --shift");
  if (dropped)
    say(chat, fmt::format("(the oldest {} dropped: {} of {} tokens are in use)",
                          dropped == 1 ? "exchange was" : fmt::format("{} exchanges were", dropped), tokens, context));
}

prm_request_info generate(Chat& chat, Answer& answer, prm_status& status) {
  ChatPrompt prompt(chat.history, chat.chat_template);
  prm_generate_options options = PRM_INIT(prm_generate_options);
  options.max_tokens = int32_t(chat.flags.tokens);
  options.on_text = take_text;
  options.user = &answer;
  options.session = chat.memory.get();
  std::vector<prm_text> stops;
  apply_sampling(chat.flags.sampling, stops, options);
  TurnStop stop;
  prm_control control = PRM_INIT(prm_control);
  control.cancel = turn_token;
  prm_request_info info = PRM_INIT(prm_request_info);
  status = prm_generate(chat.model.model.get(), prompt.get(), &options, &control, &info);
  return info;
}

// What a person should know about how an answer ended.
void tell_end(const Chat& chat, const ChatTurn& turn) {
  if (turn.finish == "cancelled") return say(chat, "(stopped)");
  if (turn.finish != "length") return;
  prm_session_info info = PRM_INIT(prm_session_info);
  check(prm_session_query(chat.memory.get(), &info), chat.model.path);
  if (info.token_count < info.context)
    return say(chat, fmt::format("(cut after {} tokens, as -n says)", turn.generated_tokens));
  say(chat, fmt::format("(the context is full, {} of {} tokens: the answer is cut; {})", info.token_count, info.context,
                        chat.flags.shift ? "the oldest exchanges go with the next message"
                                         : "/undo or /clear, or start with a larger --ctx or with --shift"));
}

void answer_turn(Chat& chat) {
  make_room(chat);
  Answer answer;
  answer.streams = !chat.flags.json;
  answer.watched = out_is_terminal();
  prm_status status;
  prm_request_info info = generate(chat, answer, status);
  if (answer.write_error) fail_output(answer.write_error);
  if (!chat.flags.json && !answer.text.empty() && !answer.text.ends_with('\n')) write_out("\n");
  if (status != PRM_STATUS_CANCELLED) check(status, chat.model.path);
  chat.history.messages.push_back({"assistant", answer.text});
  bool stopped = asked_to_stop && (info.finish == PRM_FINISH_CALLBACK || info.finish == PRM_FINISH_CANCELLED);
  ChatTurn turn{stopped ? "cancelled" : finish_name(info.finish),
                info.prompt_tokens,
                info.generated_tokens,
                info.first_ns,
                info.total_ns,
                PRM_STATUS_OK,
                ""};
  chat.turns.push_back(turn);
  tell_end(chat, turn);
}

}  // namespace

void say(const Chat& chat, const std::string& line) {
  if (!chat.flags.quiet) write_talk(fmt::format("{}{}{}\n", talk_style("\x1b[2m"), line, talk_style("\x1b[0m")));
}

void take_turn(Chat& chat, const std::string& text) {
  ChatHistory before = chat.history;
  try {
    chat.history.messages.push_back({"user", text});
    answer_turn(chat);
  } catch (const Failure& failure) {
    chat.history = std::move(before);
    ChatTurn& turn = chat.turns.emplace_back();
    turn.status = failure.status;
    turn.error = printable(failure.message);
    throw;
  }
}

void check_template(const Chat& chat) {
  ChatHistory sample;
  sample.system = chat.history.system;
  sample.messages = {{"user", "Hello"}};
  try {
    count_tokens(chat, sample);
  } catch (Failure& failure) {
    if (failure.item == "tokenizer.chat_template" && failure.status == PRM_STATUS_UNSUPPORTED)
      fail_with(PRM_STATUS_UNSUPPORTED, "the model has no chat template", chat.model.path,
                "give one with --template FILE, or use 'premise run'");
    if (failure.status == PRM_STATUS_INVALID_ARGUMENT && !chat.chat_template.text.empty())
      failure.where = failure.file = chat.flags.chat_template.file;
    throw;
  }
}
