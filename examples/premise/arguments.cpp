#include "arguments.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <limits>

#include "failure.h"
#include "system.h"
#include "terminal.h"

namespace {

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();

// The name that a person would type: the last of "-n,--tokens".
std::string long_name(const std::string& names) { return names.substr(names.rfind(',') + 1); }

std::string list_words(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

}  // namespace

void add_output_flags(CLI::App& app, OutputFlags& flags) {
  app.add_flag("--json", flags.json, "One JSON object on stdout, also on failure");
  app.add_flag("--quiet,-q", flags.quiet, "No progress, no summary");
}

void add_model_flag(CLI::App& app, ModelFlags& flags) {
  app.add_option("-m,--model,MODEL", flags.model, "The model: a GGUF file, an ONNX file, or a folder with safetensors")
      ->type_name("PATH");
  add_synth_flag(app, flags);
}

void add_synth_flag(CLI::App& app, ModelFlags& flags) {
  app.add_option("--synth", flags.synth, "Instead of -m: a model of random weights made in memory, such as qwen2-7b-q4_k_m; see 'premise synth'")
      ->type_name("NAME[:SEED]");
}

void add_size_flags(CLI::App& app, ModelFlags& flags) {
  add_count(app, "--ctx", flags.context, 1, kMaxInt32,
            "Tokens the context holds (default: the model's own, at most 8192)");
  add_count(app, "--chunk", flags.chunk, 1, 65536, "Prompt tokens in one step, at most (default: 512)");
  add_choice(app, "--kv", flags.kv, {"f16", "f32", "bf16", "q8_0"}, {}, "Type of the KV cache");
  add_budget_flag(app, flags);
}

void add_budget_flag(CLI::App& app, ModelFlags& flags) {
  add_count(app, "--max-host-bytes", flags.max_host_bytes, 1, std::numeric_limits<int64_t>::max(),
            "Never hold more memory than this; see 'premise plan' (default: no bound)");
}

void add_input_flag(CLI::App& app, ModelFlags& flags) {
  app.add_option("--input", flags.inputs, "An input of a model that takes tensors: NAME=FILE.npy, or made up: NAME=zeros:1x3x224x224, NAME=random:1x3x224x224")
      ->type_name("NAME=WHAT")
      ->allow_extra_args(false);
}

void add_compute_flags(CLI::App& app, ModelFlags& flags) {
  add_size_flags(app, flags);
  add_thread_flags(app, flags);
}

namespace {

void add_device(CLI::App& app, const std::string& name, std::string& to, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&to, name](const std::string& text) {
           to = text;
           std::string_view number = std::string_view(text).substr(std::min<size_t>(text.size(), 5));
           bool numbered = text.starts_with("cuda:") && !number.empty() && number.size() < 3 && std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
           if (text != "cpu" && text != "cuda" && !numbered) fail_usage("value not known", name + " " + text, "this release has: cpu, cuda, cuda:N");
         },
         help)
      ->type_name("NAME");
}

}  // namespace

void add_thread_flags(CLI::App& app, ModelFlags& flags) {
  add_count(app, "--threads", flags.threads, 1, 1025, "Threads that compute (default: all that this process may use)");
  add_device_flags(app, flags);
}

void add_device_flags(CLI::App& app, ModelFlags& flags) {
  add_device(app, "--device", flags.device, "Where to compute: cpu, cuda (the first GPU) or cuda:N; without a GPU a model runs on the CPU, and a line says why (default: cpu)");
  add_device(app, "--require", flags.require, "Compute there, and fail where a piece is missing, an operation has no kernel or a layer no room: cpu, cuda or cuda:N");
  add_count(app, "--gpu-layers", flags.gpu_layers, 1, kMaxInt32, "With --device cuda: layers on the GPU, the last ones (default: as many as fit)");
  add_count(app, "--max-device-bytes", flags.max_device_bytes, 1, std::numeric_limits<int64_t>::max(), "Never hold more of a GPU's memory than this (default: no bound)");
}

void add_text_flags(CLI::App& app, TextFlags& flags) {
  app.add_option_function<std::string>(
         "-p,--prompt,PROMPT",
         [&flags](const std::string& text) {
           flags.text = text;
           flags.has_text = true;
         },
         "The text; - reads stdin")
      ->type_name("TEXT");
  app.add_option("-f,--file", flags.file, "The text is in this file, byte for byte; - reads stdin")->type_name("FILE");
}

void add_count(CLI::App& app, const std::string& names, int64_t& to, int64_t least, int64_t most,
               const std::string& help) {
  std::string name = long_name(names);
  app.add_option_function<std::string>(
         names, [&to, name, least, most](const std::string& text) { to = parse_count(name, text, least, most); }, help)
      ->type_name("N");
}

void add_choice(CLI::App& app, const std::string& names, std::string& to, std::vector<std::string> words,
                std::vector<std::string> later, const std::string& help) {
  std::string name = long_name(names), shown = list_words(words);
  app.add_option_function<std::string>(
         names,
         [&to, name, words, later, shown](const std::string& text) {
           to = text;
           if (std::find(words.begin(), words.end(), text) != words.end()) return;
           bool known = std::any_of(later.begin(), later.end(),
                                    [&](const std::string& word) { return text.substr(0, text.find(':')) == word; });
           fail_usage(known ? "not available yet" : "value not known", name + " " + text, "this release has: " + shown);
         },
         fmt::format("{} ({})", help, shown))
      ->type_name("NAME");
}

int64_t parse_count(const std::string& name, const std::string& text, int64_t least, int64_t most) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  constexpr std::string_view kUnits = "KMG";
  size_t unit = std::string_view::npos;
  if (error == std::errc() && end - rest == 1) unit = kUnits.find(char(*rest & ~0x20));
  bool ok = error == std::errc() && (rest == end || unit != kUnits.npos);
  for (size_t i = 0; ok && unit != kUnits.npos && i <= unit; ++i) ok = !__builtin_mul_overflow(number, 1024, &number);
  std::string range = fmt::format("give a whole number from {} to {} (K, M, G multiply by 1024)", least, most);
  if (!ok) fail_usage("not a number", name + " " + text, range);
  if (number < least || number > most) fail_usage("out of range", name + " " + text, range);
  return number;
}

double parse_real(const std::string& name, const std::string& text, double least, double most) {
  double number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string range = fmt::format("give a number from {} to {}", least, most);
  if (error != std::errc() || rest != end || !std::isfinite(number)) fail_usage("not a number", name + " " + text, range);
  if (number < least || number > most) fail_usage("out of range", name + " " + text, range);
  return number;
}

std::vector<int32_t> parse_ids(const std::string& name, const std::string& text) {
  std::vector<int32_t> ids;
  for (size_t at = 0; at < text.size();) {
    if (std::string_view(" \t\r\n,[]").find(text[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    int32_t id = 0;
    auto [rest, error] = std::from_chars(text.data() + at, text.data() + text.size(), id);
    size_t end = std::min(text.find_first_of(" \t\r\n,[]", at), text.size());
    if (error != std::errc() || rest != text.data() + end || id < 0)
      fail_usage("not a token id", fmt::format("{} {}", name, text.substr(at, std::min<size_t>(end - at, 24))),
                 "give whole numbers apart by commas, such as 1,2,3");
    ids.push_back(id);
    at = end;
  }
  if (ids.empty()) fail_usage("no token ids", name, "give whole numbers apart by commas, such as 1,2,3");
  return ids;
}

std::string read_input(const std::string& path, size_t most) {
  bool is_stdin = path == "-";
  std::string name = is_stdin ? "standard input" : path, text;
  std::FILE* file = is_stdin ? stdin : open_file(path, "rb");
  if (!file) fail_system("cannot read", name, errno);
  int code = 0;
  for (char buffer[65536];;) {
    size_t n = std::fread(buffer, 1, sizeof buffer, file);
    text.append(buffer, n);
    if (text.size() > most) break;
    if (n == sizeof buffer) continue;
    code = std::ferror(file) ? errno : 0;
    if (code != EINTR || interrupted()) break;
    std::clearerr(file);
  }
  if (!is_stdin) std::fclose(file);
  if (interrupted()) fail_interrupted(name);
  if (code) fail_system("cannot read", name, code);
  if (text.size() > most)
    fail_in_file(PRM_STATUS_LIMIT, "too large", name, fmt::format("it has more than {} bytes", most));
  return text;
}

std::string read_text(const TextFlags& flags) {
  if (flags.has_text && !flags.file.empty()) fail_usage("two texts", "-p and -f", "give one of them");
  if (!flags.file.empty()) return read_input(flags.file);
  if (!flags.has_text) fail_usage("no text", "-p", "give -p TEXT, or -f FILE, or -f - for stdin");
  return flags.text == "-" ? read_input("-") : flags.text;
}
