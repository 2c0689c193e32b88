#include "answer.h"

#include <algorithm>
#include <cstdio>

namespace {

bool is_control(char c) { return uint8_t(c) < 0x20 || c == 0x7F; }

// How many bytes the character at the beginning has in UTF-8; 0 where it is none.
size_t character_size(const std::string& text, size_t at) {
  auto lead = uint8_t(text[at]);
  size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
  if (at + size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i)
    if (uint8_t(text[at + i]) >> 6 != 2) return 0;
  return size;
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (size_t at = 0; at < text.size();) {
    size_t size = character_size(text, at);
    char escape[8];
    if (size == 0) json += "\xEF\xBF\xBD";  // U+FFFD: names of files may be any bytes
    else if (text[at] == '"' || text[at] == '\\') json += {'\\', text[at]};
    else if (is_control(text[at])) std::snprintf(escape, sizeof escape, "\\u%04x", unsigned(uint8_t(text[at]))), json += escape;
    else json.append(text, at, size);
    at += std::max<size_t>(size, 1);
  }
  return json + '"';
}

std::string number(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string json_of(const Line& line, const PageAnswer& page) {
  std::string json = "{\"text\":" + quoted(line.text) + ",\"score\":" + number(double(line.score), 4) + ",\"row\":" + std::to_string(line.row);
  json += ",\"box_score\":" + number(double(line.box_score), 4) + ",\"box\":[";
  for (size_t i = 0; i < 4; ++i) {
    double x = std::clamp(line.box[i].x, 0.0, double(page.width - 1)), y = std::clamp(line.box[i].y, 0.0, double(page.height - 1));
    json += (i ? ",[" : "[") + number(x, 1) + "," + number(y, 1) + "]";
  }
  return json + "]}";
}

std::string json_of(const PageAnswer& page) {
  std::string json = "{\"image\":" + quoted(page.path);
  if (!page.error.empty()) return json + ",\"error\":" + quoted(page.error) + "}";
  json += ",\"width\":" + std::to_string(page.width) + ",\"height\":" + std::to_string(page.height) + ",\"lines\":[";
  for (size_t i = 0; i < page.lines.size(); ++i) json += (i ? "," : "") + json_of(page.lines[i], page);
  return json + "]}";
}

}  // namespace

std::string as_text(const PageAnswer& page) {
  std::string text;
  for (const Line& line : page.lines) {
    text += number(double(line.score), 2) + "  ";
    for (char c : line.text) text += is_control(c) ? '?' : c;  // a model's file does not drive the terminal
    text += '\n';
  }
  return text;
}

std::string as_json(const std::vector<PageAnswer>& pages) {
  std::string json = "{\"pages\":[";
  for (size_t i = 0; i < pages.size(); ++i) json += (i ? "," : "") + json_of(pages[i]);
  return json + "]}\n";
}
