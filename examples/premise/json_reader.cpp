#include "json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "characters.h"
#include "failure.h"

namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxValues = size_t(1) << 18;

struct JsonFault {
  prm_status status;
  size_t at;  // byte
  const char* why;
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Json document() {
    Json json = value(0);
    skip_space();
    if (at_ != text_.size()) bad("more behind its end");
    return json;
  }

 private:
  [[noreturn]] void bad(const char* why) const { throw JsonFault{PRM_STATUS_BAD_FILE, at_, why}; }
  [[noreturn]] void too_much(const char* why) const { throw JsonFault{PRM_STATUS_LIMIT, at_, why}; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char take() {
    if (at_ >= text_.size()) bad("ends too early");
    return text_[at_++];
  }
  bool accept(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  Json value(int depth) {
    if (depth > kMaxDepth) too_much("nested too deeply");
    if (++values_ > kMaxValues) too_much("too many values");
    skip_space();
    Json json;
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"':
        json.kind = Json::text;
        json.spelling = string();
        return json;
      case 'n': json.kind = Json::null; return word(json, "null");
      case 't': json.kind = Json::truth; return word(json, "true");
      case 'f': json.kind = Json::truth; return word(json, "false");
      default: return number();
    }
  }

  Json object(int depth) {
    Json json;
    json.kind = Json::object;
    take();
    if (accept('}')) return json;
    do {
      skip_space();
      json.keys.push_back(string());
      if (!accept(':')) bad("a colon is missing");
      json.items.push_back(value(depth + 1));
    } while (accept(','));
    if (!accept('}')) bad("a comma or } is missing");
    return json;
  }

  Json array(int depth) {
    Json json;
    json.kind = Json::array;
    take();
    if (accept(']')) return json;
    do json.items.push_back(value(depth + 1));
    while (accept(','));
    if (!accept(']')) bad("a comma or ] is missing");
    return json;
  }

  Json& word(Json& json, std::string_view name) {
    if (text_.substr(at_, name.size()) != name) bad("no value");
    at_ += name.size();
    json.spelling = name;
    return json;
  }

  size_t digits() {
    size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    if (at_ == begin) bad("no value");
    return at_ - begin;
  }

  Json number() {
    size_t begin = at_;
    if (peek() == '-') ++at_;
    bool zero = peek() == '0';
    if (digits() > 1 && zero) bad("a number with a zero before it");
    if (peek() == '.') ++at_, digits();
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    Json json;
    json.kind = Json::number;
    json.spelling = text_.substr(begin, at_ - begin);
    return json;
  }

  unsigned hex4() {
    unsigned code = 0;
    const char* end = text_.data() + std::min(at_ + 4, text_.size());
    auto [stop, error] = std::from_chars(text_.data() + at_, end, code, 16);
    if (error != std::errc() || stop != text_.data() + at_ + 4) bad("not four hexadecimal digits");
    at_ += 4;
    return code;
  }

  std::string string() {
    if (take() != '"') --at_, bad("a text is missing");
    std::string out;
    for (;;) {
      size_t size = utf8_size(text_.substr(at_));
      if (at_ < text_.size() && !size) bad("not UTF-8");
      char c = take();
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) --at_, bad("a control character in a text");
      if (c == '\\') {
        append_escape(out);
        continue;
      }
      out.append(text_.substr(at_ - 1, size));
      at_ += size - 1;
    }
  }

  void append_escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    char c = take();
    if (c == 'u') return append_character(out);
    size_t which = kNames.find(c);
    if (which == kNames.npos) --at_, bad("an escape that JSON does not have");
    out += kMeanings[which];
  }

  void append_character(std::string& out) {
    unsigned code = hex4();
    if (code >= 0xd800 && code < 0xe000) {
      if (code >= 0xdc00 || text_.substr(at_, 2) != "\\u") bad("half of a surrogate pair");
      at_ += 2;
      unsigned low = hex4();
      if (low < 0xdc00 || low >= 0xe000) bad("half of a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
  }

  std::string_view text_;
  size_t at_ = 0, values_ = 0;
};

// "line 3, column 7" of a byte.
std::string place(std::string_view text, size_t at) {
  std::string_view before = text.substr(0, at);
  auto lines = std::count(before.begin(), before.end(), '\n');
  size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", lines + 1, at - line_begin + 1);
}

}  // namespace

const Json& Json::operator[](std::string_view key) const {
  static const Json none;
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key) return items[i];
  return none;
}

uint64_t Json::integer() const {
  uint64_t out = 0;
  std::from_chars(spelling.data(), spelling.data() + spelling.size(), out);
  return out;
}

Json read_json(std::string_view text) try { return JsonReader(text).document(); } catch (const JsonFault& fault) {
  fail_with(PRM_STATUS_INTERNAL, "a report of the library is not JSON", place(text, fault.at), "please report it");
}

Json read_json_file(std::string_view text, const std::string& file) try {
  return JsonReader(text).document();
} catch (const JsonFault& fault) {
  fail_in_file(fault.status, "not JSON", file, fmt::format("{}: {}", place(text, fault.at), fault.why));
}
