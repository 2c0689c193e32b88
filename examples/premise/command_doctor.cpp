// premise doctor: is this machine fit for Premise, and what is to be done where it is not?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "commands.h"
#include "doctor_checks.h"
#include "doctor_probe.h"
#include "failure.h"
#include "json_writer.h"
#include "terminal.h"

namespace {

struct DoctorFlags : OutputFlags {
  std::string require, folder = ".";
  int64_t timeout_s = 10;
};

constexpr const char* kJsonNames[] = {"pass", "warn", "fail"};
constexpr const char* kNames[] = {"PASS", "WARN", "FAIL"};
constexpr const char* kStyles[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};

int64_t count(const std::vector<Check>& checks, State state) {
  return std::count_if(checks.begin(), checks.end(), [state](const Check& check) { return check.state == state; });
}

void write_json(const std::vector<Check>& checks, const std::set<std::string>& not_checked) {
  JsonWriter json;
  json.begin_object().key("checks").begin_array();
  for (const Check& check : checks) {
    json.begin_object().pair("id", check.id).pair("state", kJsonNames[int(check.state)]);
    json.pair("found", printable(check.found)).pair("need", check.need).pair("fix", printable(check.fix)).end_object();
  }
  json.end_array().key("not_checked").list(not_checked);
  json.pair("passed", count(checks, State::pass))
      .pair("warned", count(checks, State::warn))
      .pair("failed", count(checks, State::fail));
  write_out(json.end_object().text() + "\n");
}

void write_lines(const std::vector<Check>& checks, const std::set<std::string>& not_checked, bool quiet) {
  size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.id.size());
  std::string text;
  for (const Check& check : checks) {
    if (quiet && check.state == State::pass) continue;
    text += fmt::format("{}{}{}  {:<{}}  {}", out_style(kStyles[int(check.state)]), kNames[int(check.state)],
                        out_style("\x1b[0m"), check.id, width, printable(check.found));
    text += check.state == State::pass
                ? "\n"
                : fmt::format(" (needs {})\n      {:<{}}  fix: {}\n", check.need, "", width, printable(check.fix));
  }
  if (!quiet && !not_checked.empty())
    text += fmt::format("not checked on this system: {}\n", fmt::join(not_checked, ", "));
  if (!quiet)
    text += fmt::format("{} passed, {} to look at, {} failed\n", count(checks, State::pass), count(checks, State::warn),
                        count(checks, State::fail));
  write_out(text);
}

int examine(const DoctorFlags& flags) {
  Require require = flags.require == "cuda" ? Require::cuda : flags.require == "cpu" ? Require::cpu : Require::nothing;
  MachineFacts machine = probe_machine({.folder = flags.folder, .timeout_ms = flags.timeout_s * 1000});
  std::vector<Check> checks = check_machine(machine, require);
  if (flags.json) write_json(checks, machine.not_checked);
  else write_lines(checks, machine.not_checked, flags.quiet);
  return count(checks, State::fail) ? kFailed : kDone;
}

}  // namespace

Command add_doctor(CLI::App& program) {
  auto flags = std::make_shared<DoctorFlags>();
  CLI::App* app = program.add_subcommand("doctor", "Check that this machine is fit for Premise, and say what to mend");
  add_choice(*app, "--require", flags->require, {"cpu", "cuda"}, {},
             "What has to work: with cuda all that is missing for GPUs fails, with cpu nothing of GPUs does");
  app->add_option("--folder", flags->folder,
                  "Where models are kept: its disk is looked at (default: the current folder)")
      ->type_name("PATH");
  add_count(*app, "--timeout", flags->timeout_s, 1, 600, "Seconds that one library may take to answer (default: 10)");
  add_output_flags(*app, *flags);
  app->footer(fmt::format(
      "Ends with 0 when nothing failed, 1 when something did. A machine without a GPU is fit: Premise runs on its CPU. "
      "What is missing\n"
      "beside a GPU is a warning, and a failure with '--require cuda'; what is there and too old or broken is a "
      "failure.\n"
      "Each library is loaded in a process of its own, so that one that crashes or hangs is a line like others.\n\n"
      "Supported: {}.\n\n"
      "Examples:\n"
      "  premise doctor\n"
      "  premise doctor --require cpu --folder .\n"
      "  premise doctor --json",
      supported_versions()));
  return {app, [flags] { return examine(*flags); }};
}
