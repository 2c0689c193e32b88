#include "json_reader.h"

#include <algorithm>
#include <charconv>

#include "failure.h"

namespace {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Json document() {
    Json json = value(0);
    skip_space();
    if (at_ != text_.size()) bad();
    return json;
  }

 private:
  [[noreturn]] void bad() const {
    fail_with(PRM_STATUS_INTERNAL, "a report of the library is not JSON", "byte " + std::to_string(at_),
              "please report it");
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char take() {
    if (at_ >= text_.size()) bad();
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
    if (depth > 64) bad();
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
      if (!accept(':')) bad();
      json.items.push_back(value(depth + 1));
    } while (accept(','));
    if (!accept('}')) bad();
    return json;
  }

  Json array(int depth) {
    Json json;
    json.kind = Json::array;
    take();
    if (accept(']')) return json;
    do json.items.push_back(value(depth + 1));
    while (accept(','));
    if (!accept(']')) bad();
    return json;
  }

  Json& word(Json& json, std::string_view name) {
    if (text_.substr(at_, name.size()) != name) bad();
    at_ += name.size();
    json.spelling = name;
    return json;
  }

  Json number() {
    Json json;
    json.kind = Json::number;
    size_t begin = at_;
    while (at_ < text_.size() && std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos) ++at_;
    if (at_ == begin) bad();
    json.spelling = text_.substr(begin, at_ - begin);
    return json;
  }

  unsigned hex4() {
    unsigned code = 0;
    const char* end = text_.data() + std::min(at_ + 4, text_.size());
    auto [stop, error] = std::from_chars(text_.data() + at_, end, code, 16);
    if (error != std::errc() || stop != text_.data() + at_ + 4) bad();
    at_ += 4;
    return code;
  }

  std::string string() {
    if (take() != '"') bad();
    std::string out;
    for (char c = take(); c != '"'; c = take()) {
      if (c != '\\') {
        out += c;
        continue;
      }
      switch (c = take()) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'u': append_character(out); break;
        default: out += c;
      }
    }
    return out;
  }

  void append_character(std::string& out) {
    unsigned code = hex4();
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      code = 0x10000 + ((code - 0xd800) << 10) + ((hex4() - 0xdc00) & 0x3ff);
    }
    auto put = [&](unsigned byte) { out += char(byte); };
    if (code < 0x80) put(code);
    else if (code < 0x800) put(0xc0 | code >> 6), put(0x80 | (code & 63));
    else if (code < 0x10000) put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
    else put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 63)), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
  }

  std::string_view text_;
  size_t at_ = 0;
};

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

Json read_json(std::string_view text) { return JsonReader(text).document(); }
