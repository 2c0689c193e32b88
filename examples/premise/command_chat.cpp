// premise chat: a conversation with a model, in a terminal or through pipes.
#include <memory>

#include "chat_commands.h"
#include "chat_file.h"
#include "chat_input.h"
#include "chat_turn.h"
#include "commands.h"
#include "failure.h"
#include "system.h"
#include "terminal.h"

namespace {

// Small files first: what is wrong with them is told before a model is read.
Chat open_chat(const ChatFlags& flags) {
  Chat chat;
  chat.flags = flags;
  chat.flags.sessions = 1;
  if (!flags.load.empty()) chat.history = load_history(flags.load);
  if (!flags.system.empty()) chat.history.system = flags.system;
  chat.chat_template = read_template(flags.chat_template);
  chat.model = open_session(chat.flags, Weights::loaded);
  check_template(chat);
  prm_session* memory = nullptr;
  check(prm_session_open(chat.model.model.get(), nullptr, nullptr, &memory), chat.model.path);
  chat.memory.reset(memory);
  return chat;
}

void take_input(Chat& chat, const ChatInput& input) {
  if (input.kind == ChatInput::command) run_chat_command(chat, input.text);
  else if (!input.text.empty()) take_turn(chat, input.text);
  if (!chat.flags.save.empty()) save_history(chat.flags.save, chat.model.path, chat.history);
}

// What goes wrong with one input is told, and the next one is read.
void converse(Chat& chat, bool watched) {
  ChatReader reader(watched);
  while (!chat.over) try {
      ChatInput input = reader.next();
      if (input.kind == ChatInput::end) break;
      take_input(chat, input);
    } catch (const Failure& failure) {
      if (failure.exit_code == kInterrupted) throw;
      print_failure(failure, false);
      chat.failed = true;
    }
  if (watched && !chat.over) write_talk("\n");  // behind the prompt that Ctrl-D answered
}

void write_turn(JsonWriter& json, const ChatTurn& turn) {
  json.begin_object().pair("finish_reason", turn.finish).pair("prompt_tokens", turn.prompt_tokens);
  json.pair("generated_tokens", turn.generated_tokens).pair("total_ms", double(turn.total_ns) / 1e6);
  json.measured("ttft_ms", turn.first_ns > 0 ? double(turn.first_ns) / 1e6 : -1);
  if (turn.status != PRM_STATUS_OK) {
    json.key("error").begin_object().pair("status", prm_status_name(turn.status)).pair("code", turn.status);
    json.pair("message", turn.error).end_object();
  }
  json.end_object();
}

std::string chat_json(const Chat& chat) {
  JsonWriter json;
  json.begin_object().pair("model", chat.model.path);
  write_messages(json, chat.history);
  json.key("turns").begin_array();
  for (const ChatTurn& turn : chat.turns) write_turn(json, turn);
  return json.end_array().end_object().text() + "\n";
}

int run(const ChatFlags& flags) {
  Chat chat = open_chat(flags);
  bool typed = is_terminal(0), watched = typed && is_terminal(2);
  if (watched) say(chat, "/help tells the commands, Ctrl-C stops an answer, Ctrl-D leaves.");
  converse(chat, watched);
  if (flags.json) write_out(chat_json(chat));
  return chat.failed && !typed ? kFailed : kDone;
}

}  // namespace

Command add_chat(CLI::App& program) {
  auto flags = std::make_shared<ChatFlags>();
  CLI::App* app = program.add_subcommand("chat", "Talk with a model");
  add_model_flag(*app, *flags);
  app->add_option("--system", flags->system, "The system message: who the model is, how it answers")->type_name("TEXT");
  add_template_flags(*app, flags->chat_template);
  app->add_option("--load", flags->load, "Go on with this conversation")->type_name("FILE");
  app->add_option("--save", flags->save, "Keep the conversation here: it is written after each answer and command")
      ->type_name("FILE");
  app->add_flag("--shift", flags->shift, "Drop the oldest exchanges when the context gets full");
  add_count(*app, "-n,--tokens", flags->tokens, 0, INT32_MAX,
            "Most tokens in an answer; 0: until the model ends or the context is full (default)");
  add_sampling_flags(*app, flags->sampling);
  add_compute_flags(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "Lines from a pipe are messages too; answers go to stdout. With --json: messages and turns at the end.\n"
      "/help in a conversation lists its commands.\n\n"
      "Examples:\n"
      "  premise chat model.gguf\n"
      "  premise chat model.gguf --system \"Answer in one sentence.\" --temp 0.7 --save talk.json\n"
      "  premise chat model.gguf --template-json '{\"enable_thinking\": false}'\n"
      "  echo \"What is a monad?\" | premise chat -m model.gguf -n 64 --quiet\n"
      "  printf '%s\\n' Hello /undo Hi | premise chat -m model.gguf -n 16 --json");
  return {app, [flags] { return run(*flags); }};
}
