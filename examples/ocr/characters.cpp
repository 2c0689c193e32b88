#include "characters.h"

#include <cstdlib>
#include <string_view>

namespace {

// The library's reports are well-formed JSON: these walk over it without checks of their own.
size_t skip_text(std::string_view json, size_t at) {
  for (++at; json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return at + 1;
}

size_t skip_value(std::string_view json, size_t at) {
  int depth = 0;
  do {
    if (json[at] == '"') at = skip_text(json, at);
    else depth += json[at] == '{' || json[at] == '[', depth -= json[at] == '}' || json[at] == ']', ++at;
  } while (depth > 0);
  return json.find_first_of(",}]", at);
}

// The value of an object's member; npos where there is none. `at` is the object's brace.
size_t find_member(std::string_view json, size_t at, std::string_view name) {
  while (json[at] != '}') {
    size_t key = json.find_first_of("\"}", at + 1);
    if (json[key] == '}') break;
    size_t value = skip_text(json, key) + 1;
    if (json.substr(key + 1, value - key - 3) == name) return value;
    at = skip_value(json, value);
  }
  return std::string_view::npos;
}

void append_code_point(std::string& text, unsigned code) {
  if (code < 0x80) text += char(code);
  else if (code < 0x800) text += {char(0xC0 | code >> 6), char(0x80 | (code & 63))};
  else text += {char(0xE0 | code >> 12), char(0x80 | (code >> 6 & 63)), char(0x80 | (code & 63))};
}

std::string text_at(std::string_view json, size_t at) {
  std::string text;
  for (++at; json[at] != '"'; ++at) {
    if (json[at] != '\\') {
      text += json[at];
      continue;
    }
    switch (json[++at]) {
      case 'n': text += '\n'; break;
      case 'r': text += '\r'; break;
      case 't': text += '\t'; break;
      case 'b': text += '\b'; break;
      case 'f': text += '\f'; break;
      case 'u':
        append_code_point(text, unsigned(std::strtoul(std::string(json.substr(at + 1, 4)).c_str(), nullptr, 16)));
        at += 4;
        break;
      default: text += json[at];
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> read_characters(const premise::model& model) {
  std::string json = model.report(PRM_REPORT_INSPECT);
  std::vector<std::string> characters;
  size_t metadata = find_member(json, 0, "metadata");
  size_t value = metadata == std::string::npos ? metadata : find_member(json, metadata, "character");
  if (value == std::string::npos || json[value] != '"') return characters;
  std::string lines = text_at(json, value);
  for (size_t first = 0; first < lines.size();) {
    size_t end = std::min(lines.find('\n', first), lines.size());
    characters.push_back(lines.substr(first, end - first));
    first = end + 1;
  }
  return characters;
}
