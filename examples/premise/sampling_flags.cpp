#include "sampling_flags.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cmath>

#include "failure.h"
#include "suggest.h"

namespace {

struct RealFlag {
  const char *name, *help;
  double SamplingFlags::*value;
  double least, most;
};
constexpr RealFlag kReals[] = {
    {"temp", "Temperature; 0: greedy", &SamplingFlags::temperature, 0, 100},
    {"top-p", "Keep the most likely tokens until their probabilities add up to this", &SamplingFlags::top_p, 0, 1},
    {"min-p", "Keep tokens with at least this share of the most likely one's probability", &SamplingFlags::min_p, 0, 1},
    {"typical-p", "Keep the tokens of the most typical surprise until their probabilities add up to this", &SamplingFlags::typical_p, 0, 1},
    {"repeat-penalty", "Divides the logits of tokens that came before", &SamplingFlags::repeat_penalty, 0.01, 100},
    {"presence-penalty", "Taken off the logits of tokens that came before", &SamplingFlags::presence_penalty, -100, 100},
    {"frequency-penalty", "The same, for each time that they came", &SamplingFlags::frequency_penalty, -100, 100},
};

struct CountFlag {
  const char *name, *help;
  int64_t SamplingFlags::*value;
  int64_t least, most;
};
constexpr CountFlag kCounts[] = {
    {"top-k", "Keep the k most likely tokens", &SamplingFlags::top_k, 0, INT32_MAX},
    {"repeat-last-n", "How many tokens back the penalties look; -1: all, 0: no penalties", &SamplingFlags::repeat_last, -1, INT32_MAX},
    {"min-tokens", "Neither the end nor a stop before so many tokens", &SamplingFlags::min_tokens, 0, INT32_MAX},
    {"seed", "Seed of the draw: the same seed, the same text; greedy text does not depend on it", &SamplingFlags::seed, 0, INT64_MAX},
};

void set_real(SamplingFlags& flags, const RealFlag& flag, const std::string& text) {
  flags.*flag.value = parse_real("--" + std::string(flag.name), text, flag.least, flag.most);
}
void set_count(SamplingFlags& flags, const CountFlag& flag, const std::string& text) {
  flags.*flag.value = parse_count("--" + std::string(flag.name), text, flag.least, flag.most);
}

prm_bias parse_bias(const std::string& text) {
  size_t equals = text.find('=');
  if (equals == text.npos) fail_usage("not a bias", "--logit-bias " + text, "give ID=BIAS, such as 42=-5, or 42=-inf to forbid it");
  prm_bias bias;
  bias.token = int32_t(parse_count("--logit-bias", text.substr(0, equals), 0, INT32_MAX));
  std::string value = text.substr(equals + 1);
  bias.bias = value == "-inf" ? -INFINITY : float(parse_real("--logit-bias", value, -1e6, 1e6));
  return bias;
}

}  // namespace

void add_sampling_flags(CLI::App& app, SamplingFlags& flags) {
  auto add = [&](const char* name, const std::string& help, const std::string& value, const char* type, std::function<void(const std::string&)> take) {
    app.add_option_function<std::string>("--" + std::string(name), take, value.empty() ? help : fmt::format("{} (default: {})", help, value))->type_name(type);
  };
  for (const RealFlag& flag : kReals)
    add(flag.name, flag.help, flags.*flag.value == 0 ? "" : fmt::format("{}", flags.*flag.value), "X",
        [&flags, &flag](const std::string& text) { set_real(flags, flag, text); });
  for (const CountFlag& flag : kCounts)
    add(flag.name, flag.help, flags.*flag.value == 0 ? "" : fmt::format("{}", flags.*flag.value), "N",
        [&flags, &flag](const std::string& text) { set_count(flags, flag, text); });
  app.add_option_function<std::vector<std::string>>(
         "--stop", [&flags](const std::vector<std::string>& texts) { flags.stops = texts; }, "End the text before this string; may be given more than once")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option_function<std::vector<std::string>>(
         "--logit-bias",
         [&flags](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) flags.biases.push_back(parse_bias(text));
         },
         "Added to the logit of a token; -inf forbids it; may be given more than once")
      ->type_name("ID=BIAS")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void apply_sampling(const SamplingFlags& flags, std::vector<prm_text>& stops, prm_generate_options& options) {
  options.temperature = float(flags.temperature);
  options.top_k = int32_t(flags.top_k);
  options.top_p = float(flags.top_p);
  options.min_p = float(flags.min_p);
  options.typical_p = float(flags.typical_p);
  if (flags.repeat_last != 0) {
    options.repetition_penalty = float(flags.repeat_penalty);
    options.presence_penalty = float(flags.presence_penalty);
    options.frequency_penalty = float(flags.frequency_penalty);
    options.penalty_tokens = int32_t(flags.repeat_last);
  }
  options.min_tokens = int32_t(flags.min_tokens);
  options.seed = uint64_t(flags.seed);
  stops.clear();
  for (const std::string& stop : flags.stops) stops.push_back({stop.data(), stop.size()});
  options.stops = stops.empty() ? nullptr : stops.data();
  options.stop_count = stops.size();
  options.biases = flags.biases.empty() ? nullptr : flags.biases.data();
  options.bias_count = flags.biases.size();
}

void set_sampling(SamplingFlags& flags, const std::string& name, const std::string& value) {
  for (const RealFlag& flag : kReals)
    if (name == flag.name) return set_real(flags, flag, value);
  for (const CountFlag& flag : kCounts)
    if (name == flag.name) return set_count(flags, flag, value);
  std::vector<std::string> names = sampling_names();
  std::string near = suggest_name(name, names);
  fail_usage("unknown setting", name, near.empty() ? fmt::format("there are: {}", fmt::join(names, ", ")) : near);
}

std::vector<std::string> sampling_names() {
  std::vector<std::string> names;
  for (const RealFlag& flag : kReals) names.push_back(flag.name);
  for (const CountFlag& flag : kCounts) names.push_back(flag.name);
  return names;
}

std::string sampling_text(const SamplingFlags& flags) {
  SamplingFlags defaults;
  std::string text;
  auto add = [&](const auto& flag) {
    if (flags.*flag.value != defaults.*flag.value)
      text += fmt::format("{}--{} {}", text.empty() ? "" : " ", flag.name, flags.*flag.value);
  };
  for (const RealFlag& flag : kReals) add(flag);
  for (const CountFlag& flag : kCounts) add(flag);
  return text;
}
