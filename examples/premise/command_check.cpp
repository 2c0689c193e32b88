// premise check: does this file or folder load and run? Kind by content, default limits, one step.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "session.h"
#include "system.h"
#include "terminal.h"

namespace {

struct CheckFlags : ModelFlags {};

// "gguf", "safetensors" (such a file, or a folder), or "unknown".
std::string kind_of(const std::string& path) {
  if (is_folder(path)) return "safetensors";
  std::FILE* file = open_file(path, "rb");
  if (!file) fail_system("cannot read", path, errno);
  char head[9] = {};
  size_t n = std::fread(head, 1, sizeof head, file);
  int code = std::ferror(file) ? errno : 0;
  std::fclose(file);
  if (code) fail_system("cannot read", path, code);
  if (std::string_view(head, n).starts_with("GGUF")) return "gguf";
  return n == sizeof head && !head[6] && !head[7] && head[8] == '{' ? "safetensors" : "unknown";
}

void run_one_step(const Session& session) {
  std::unique_ptr<float[]> logits(new float[size_t(session.info.vocabulary)]);
  run_tokens(session, {std::max(session.info.begin_token, 0)}, logits.get());
}

[[noreturn]] void fail_unknown(const std::string& path) {
  try {
    fail_with(PRM_STATUS_BAD_FILE, "malformed file", path,
              "no known model format: GGUF files are, which begin with 'GGUF', and folders with safetensors");
  } catch (Failure& failure) {
    failure.file = path;
    failure.item.clear();
    throw;
  }
}

int check_file(const CheckFlags& flags) {
  if (flags.model.empty()) fail_usage("no file", "PATH", "give the path of a model file");
  std::string kind = "unknown";
  try {
    kind = kind_of(flags.model);
    if (kind == "unknown") fail_unknown(flags.model);
    int64_t start_ns = prm_now_ns();
    Session session = open_session(flags, Weights::loaded);
    run_one_step(session);
    double ms = double(prm_now_ns() - start_ns) / 1e6;
    if (flags.json) {
      JsonWriter json;
      json.begin_object()
          .pair("path", flags.model)
          .pair("kind", kind)
          .pair("ok", true)
          .pair("arch", session.info.architecture)
          .pair("parameters", session.info.parameters)
          .pair("ms", ms)
          .pair("peak_charged_bytes", peak_host_bytes(session));
      write_out(json.end_object().text() + "\n");
    } else {
      write_out(
          fmt::format("ok: {}: {}, {}, loads and runs\n", printable(flags.model), kind, session.info.architecture));
    }
  } catch (Failure& failure) {
    std::string fields =
        JsonWriter().begin_object().pair("path", flags.model).pair("kind", kind).pair("ok", false).end_object().text();
    failure.extra_json = fields.substr(1, fields.size() - 2) + ",";
    throw;
  }
  return kDone;
}

}  // namespace

Command add_check(CLI::App& program) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* app = program.add_subcommand("check", "Check that a model loads and runs one step");
  app->add_option("PATH,-m,--model", flags->model, "The file, or a folder with safetensors")->type_name("PATH");
  add_count(*app, "--threads", flags->threads, 1, 1025,
            "Threads that compute (default: all that this process may use)");
  add_output_flags(*app, *flags);
  app->footer(
      "Ends with 0 when the file is good, 1 when it is not.\n\n"
      "Examples:\n"
      "  premise check model.gguf\n"
      "  premise check model.gguf --json");
  return {app, [flags] { return check_file(*flags); }};
}
