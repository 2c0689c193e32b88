#include "template_flags.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "failure.h"
#include "json_reader.h"

namespace {

constexpr size_t kMaxTemplateBytes = size_t(1) << 20;

std::string template_text(const std::string& file) {
  if (file.empty()) return "";
  std::string text = read_input(file, kMaxTemplateBytes);
  if (text.empty() || text.find('\0') != text.npos)
    fail_in_file(PRM_STATUS_BAD_FILE, "not a chat template", file, text.empty() ? "it is empty" : "it is no text");
  return text;
}

Json user_values(const std::string& json) {
  Json values;
  try {
    values = read_json_file(json, "--template-json");
  } catch (const Failure& failure) {
    fail_usage("not JSON", "--template-json", failure.message);
  }
  if (values.kind != Json::object) fail_usage("not an object", "--template-json", "as in {\"enable_thinking\": false}");
  return values;
}

std::string date_member() {
  std::time_t now = std::time(nullptr);
  char text[64] = "";
  if (const std::tm* local = std::localtime(&now)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", local);
  return fmt::format("\"strftime_now\": \"{}\"", text);
}

// The date of the call stands before the user's members, unless they name their own.
std::string with_date(const std::string& json) {
  if (json.empty()) return '{' + date_member() + '}';
  Json values = user_values(json);
  if (std::find(values.keys.begin(), values.keys.end(), "strftime_now") != values.keys.end()) return json;
  return '{' + date_member() + (values.keys.empty() ? "" : ", ") + json.substr(json.find('{') + 1);
}

}  // namespace

void add_template_flags(CLI::App& app, TemplateFlags& flags) {
  app.add_option("--template", flags.file, "A chat template (Jinja) in place of the model's own")->type_name("FILE");
  app.add_option("--template-json", flags.json, "Values for the template: '{\"enable_thinking\": false}'")->type_name("OBJECT");
}

TemplateValues read_template(const TemplateFlags& flags) { return {template_text(flags.file), with_date(flags.json)}; }

void apply_template(const TemplateValues& values, prm_prompt& prompt) {
  prompt.template_text = values.text.empty() ? nullptr : values.text.c_str();
  prompt.template_json = values.json.c_str();
}
