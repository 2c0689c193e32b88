// premise: the library on the command line. This file finds the command, runs it, and turns what it throws into one
// message and an exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
#include <fmt/format.h>

#include <new>
#include <string_view>
#include <vector>

#include "commands.h"
#include "failure.h"
#include "suggest.h"
#include "system.h"
#include "terminal.h"

namespace {

using AddCommand = Command (*)(CLI::App&);
constexpr AddCommand kCommands[] = {add_run,     add_chat,  add_tokenize, add_perplexity, add_logits, add_infer,
                                    add_inspect, add_check, add_verify,   add_plan,       add_bench,   add_doctor,
                                    add_synth};

// Asked before parsing, so that wrong usage is answered in JSON too.
bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--") return false;
    if (word == "--json") return true;
  }
  return false;
}

std::string version_text() {
  auto dotted = [](int32_t v) { return fmt::format("{}.{}.{}", v / 1000000, v / 1000 % 1000, v % 1000); };
  return fmt::format("premise {} (library {})", dotted(PRM_VERSION), dotted(prm_version()));
}

const char* help_hint(const Command* command) {
  static std::string hint;
  hint = command ? fmt::format("see 'premise {} --help'", command->app->get_name()) : "see 'premise --help'";
  return hint.c_str();
}

std::string advice(const std::string& near, const Command* command) {
  return near.empty() ? help_hint(command) : near + " " + help_hint(command);
}

// The first word must name a command, unless it is a flag of the program itself.
void check_first_word(int argc, char** argv, const std::vector<Command>& commands) {
  if (argc < 2)
    fail_usage("no command", "premise", "give one, such as 'premise run MODEL PROMPT'; see 'premise --help'");
  std::string word = argv[1];
  if (word.starts_with('-')) return;
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.app->get_name());
  for (const std::string& name : names)
    if (word == name) return;
  fail_usage("unknown command", word, advice(suggest_name(word, names), nullptr));
}

[[noreturn]] void fail_parse(const CLI::ParseError& error, const CLI::App& program, const Command* command) {
  const CLI::App& app = command ? *command->app : program;
  std::vector<std::string> left = program.remaining(true);
  if (left.empty()) fail_usage("wrong usage", app.get_name(), fmt::format("{}; {}", error.what(), help_hint(command)));
  std::string word = left.front();
  if (!word.starts_with('-')) fail_usage("unexpected argument", word, help_hint(command));
  word = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  fail_usage("unknown flag", word, advice(suggest_name(word, names), command));
}

int run_program(int argc, char** argv) {
  CLI::App program("Run AI models on this machine.", "premise");
  program.allow_windows_style_options(false);  // a path may begin with a slash
  program.set_version_flag("--version", version_text());
  program.set_help_all_flag();
  program.footer(
      "'premise COMMAND --help' tells more, with examples.\n\n"
      "Examples:\n"
      "  premise run model.gguf \"The capital of France is\" -n 16\n"
      "  premise infer model.onnx --input x=x.npy --output y=y.npy\n"
      "  premise inspect model.gguf\n"
      "  premise doctor\n\n"
      "PREMISE_ISA=scalar, avx2, avx512 or amx picks the instruction set (amx: networks of 8 bits, where the CPU has it).\n"
      "PREMISE_PLUGINS names the folder of libpremise_cuda.so (default: that of libpremise.so).\n"
      "NO_COLOR turns colours off.");
  std::vector<Command> commands;
  for (AddCommand add : kCommands) commands.push_back(add(program));
  check_first_word(argc, argv, commands);
  const Command* chosen = nullptr;
  for (const Command& command : commands)
    if (command.app->get_name() == argv[1]) chosen = &command;
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    write_out(program.help());
    return kDone;
  } catch (const CLI::CallForVersion&) {
    write_out(version_text() + "\n");
    return kDone;
  } catch (const CLI::ParseError& error) {
    fail_parse(error, program, chosen);
  }
  if (!chosen)
    fail_usage("no command", "premise", "give one, such as 'premise run MODEL PROMPT'; see 'premise --help'");
  return chosen->run();
}

}  // namespace

int main(int argc, char** argv) {
  argv = utf8_arguments(argc, argv);
  prepare_streams();
  bool as_json = wants_json(argc, argv);
  try {
    try {
      install_signals();
      return run_program(argc, argv);
    } catch (const Failure& failure) {
      print_failure(failure, as_json);
      return failure.exit_code;
    } catch (const std::bad_alloc&) {
      Failure failure;
      failure.status = PRM_STATUS_OUT_OF_MEMORY;
      failure.what_failed = failure.message = "out of memory";
      failure.fix = "close other programs, or give less to do at once";
      print_failure(failure, as_json);
      return kFailed;
    }
  } catch (const OutputClosed&) {
    return kFailed;
  } catch (const Failure& failure) {  // stdout takes no answer: say so where it can be read
    print_failure(failure, false);
    return kFailed;
  } catch (const std::exception& error) {
    write_talk(fmt::format("premise: unexpected: {}\n", error.what()));
    return kFailed;
  }
}
