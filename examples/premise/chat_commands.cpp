#include "chat_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "chat_file.h"
#include "chat_turn.h"
#include "failure.h"
#include "suggest.h"
#include "terminal.h"

namespace {

struct ChatCommand {
  const char *name, *argument, *help;
  void (*run)(Chat& chat, const std::string& argument);
};

const std::string& require(const std::string& argument, const char* command, const char* what) {
  if (argument.empty()) fail_usage("nothing given", command, std::string("write ") + command + " " + what);
  return argument;
}

void clear(Chat& chat, const std::string&) {
  chat.history.messages.clear();
  say(chat, "(the conversation begins anew)");
}

void set_system(Chat& chat, const std::string& text) {
  std::string before = std::exchange(chat.history.system, text);
  try {
    check_template(chat);
  } catch (const Failure&) {
    chat.history.system = before;
    throw;
  }
  say(chat, text.empty() ? "(no system message)" : "(the system message is set)");
}

void save(Chat& chat, const std::string& file) {
  save_history(require(file, "/save", "FILE"), chat.model.path, chat.history);
  say(chat, fmt::format("(saved: {})", printable(file)));
}

void load(Chat& chat, const std::string& file) {
  chat.history = load_history(require(file, "/load", "FILE"));
  say(chat, fmt::format("({} messages loaded: {})", chat.history.all().size(), printable(file)));
}

void undo(Chat& chat, const std::string&) {
  std::string text = chat.history.take_back();
  say(chat, fmt::format("(taken back: {})", printable(text.substr(0, text.find('\n')))));
}

// The same draw would give the same answer: another seed, unless the text is greedy and does not depend on it.
void retry(Chat& chat, const std::string&) {
  ChatHistory before = chat.history;
  SamplingFlags sampling = chat.flags.sampling;
  try {
    std::string text = chat.history.take_back();
    if (chat.flags.sampling.temperature > 0) ++chat.flags.sampling.seed;
    take_turn(chat, text);
  } catch (const Failure&) {
    chat.history = std::move(before);
    chat.flags.sampling = std::move(sampling);
    throw;
  }
}

std::string last_turn(const Chat& chat) {
  if (chat.turns.empty() || chat.turns.back().status != PRM_STATUS_OK) return "none";
  const ChatTurn& turn = chat.turns.back();
  double after = double(turn.total_ns - turn.first_ns) / 1e9;
  std::string rate =
      turn.generated_tokens > 1 && after > 0 ? fmt::format("{:.1f}", double(turn.generated_tokens - 1) / after) : "-";
  return fmt::format("{} tokens, {} tokens/s, {} prompt tokens computed, first token after {:.2f} s",
                     turn.generated_tokens, rate, turn.prompt_tokens, double(turn.first_ns) / 1e9);
}

void show_stats(Chat& chat, const std::string&) {
  prm_session_info info = PRM_INIT(prm_session_info);
  check(prm_session_query(chat.memory.get(), &info), chat.model.path);
  std::string sampling = sampling_text(chat.flags.sampling);
  std::string text;
  auto line = [&](const char* name, const std::string& what) { text += fmt::format("{:<13}{}\n", name, what); };
  line("model:", fmt::format("{}, {}, --threads {}", printable(chat.model.path), chat.model.isa, chat.model.threads));
  line("context:",
       fmt::format("{} of {} tokens, {} messages", info.token_count, info.context, chat.history.all().size()));
  line("last answer:", last_turn(chat));
  line("memory:", fmt::format("{:.1f} MB at the peak", double(peak_host_bytes(chat.model)) / 1e6));
  line("sampling:", sampling.empty() ? "greedy" : sampling);
  write_talk(text);
}

void set(Chat& chat, const std::string& argument) {
  size_t space = argument.find_first_of(" \t");
  std::string name = argument.substr(0, space),
              value = space == argument.npos ? "" : argument.substr(argument.find_first_not_of(" \t", space));
  if (value.empty())
    fail_usage("nothing given", "/set",
               fmt::format("write /set NAME VALUE; names: tokens, {}", fmt::join(sampling_names(), ", ")));
  if (name == "tokens") chat.flags.tokens = parse_count("tokens", value, 0, INT32_MAX);
  else set_sampling(chat.flags.sampling, name, value);
  say(chat, fmt::format("({} {})", name, printable(value)));
}

void leave(Chat& chat, const std::string&) { chat.over = true; }

void help(Chat& chat, const std::string& argument);

constexpr ChatCommand kCommands[] = {
    {"help", "", "this list", help},
    {"clear", "", "forget what was said; the system message stays", clear},
    {"system", "TEXT", "set the system message; without TEXT: none", set_system},
    {"save", "FILE", "write the conversation, as JSON", save},
    {"load", "FILE", "go on with a conversation that was saved", load},
    {"undo", "", "take your last message and its answer back", undo},
    {"retry", "", "ask your last message again, with the next seed", retry},
    {"stats", "", "tokens, speed, memory", show_stats},
    {"set", "NAME VALUE", "sampling: temp 0.7, top-p 0.9, seed 3 and so on; tokens 100: most in an answer", set},
    {"exit", "", "leave, as Ctrl-D does", leave},
};

void help(Chat&, const std::string&) {
  std::string text;
  for (const ChatCommand& command : kCommands)
    text += fmt::format("  {:<18} {}\n", fmt::format("/{} {}", command.name, command.argument), command.help);
  write_talk(text +
             "A line that ends with \\ goes on in the next one; \"\"\" opens and closes a block of lines; // begins a "
             "message with a slash.\n"
             "Ctrl-C stops an answer; at the prompt it leaves.\n");
}

std::string trim(std::string text) {
  text.erase(text.find_last_not_of(" \t") + 1);
  return text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
}

}  // namespace

void run_chat_command(Chat& chat, const std::string& typed) {
  size_t space = std::min(typed.find_first_of(" \t"), typed.size());
  std::string name = typed.substr(0, space), argument = trim(typed.substr(space));
  std::vector<std::string> names;
  for (const ChatCommand& command : kCommands) {
    if (name != command.name) {
      names.push_back(std::string("/") + command.name);
      continue;
    }
    if (!*command.argument && !argument.empty())
      fail_usage("takes nothing", "/" + name, "leave '" + argument.substr(0, 40) + "' out");
    return command.run(chat, argument);
  }
  std::string near = suggest_name("/" + name, names);
  fail_usage("unknown command", "/" + name.substr(0, 40),
             near.empty() ? "/help lists them; // begins a message with a slash" : near);
}
