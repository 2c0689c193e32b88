#include "base/json_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.h"

namespace prm {

class JsonParser {
 public:
  JsonParser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}
  JsonDocument read();

 private:
  void begin_value();
  void close();
  void read_key();
  std::string_view read_string();
  std::string_view unescape(size_t begin, size_t end);
  void append_escape(size_t& at, String& out);
  uint32_t read_hex4(size_t at);
  void read_number(JsonValue& value);
  void read_word(JsonValue& value);
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  size_t take_digits() {
    size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - begin;
  }
  [[noreturn]] void refuse(const char* problem, size_t at) {
    Error error(limits_.status, format_message("{} is not JSON: {} at byte {}", limits_.what, problem, at), limits_.what);
    error.file_offset = at;
    throw error;
  }
  [[noreturn]] void exceed(const char* of, size_t bound) {
    fail_about(Status::limit, limits_.what, "{} has more than {} {}, the most that is read", limits_.what, bound, of);
  }

  std::string_view text_;
  const JsonLimits& limits_;
  size_t at_ = 0;
  JsonDocument document_;
  Vector<uint32_t> open_;  // containers that are not closed, outermost first
  std::string_view key_;   // of the value that comes next
};

JsonDocument JsonParser::read() {
  if (text_.size() > limits_.max_bytes) exceed("bytes", limits_.max_bytes);
  // One allocation: each value but the first stands behind a comma or an opening bracket (those in strings count too).
  size_t most = 1;
  for (char c : text_) most += c == ',' || c == '[' || c == '{';
  document_.values_.reserve(std::min(most, limits_.max_values));
  skip_space();
  begin_value();
  while (!open_.empty()) {
    skip_space();
    const JsonValue& parent = document_.values_[open_.back()];
    bool object = parent.kind == JsonKind::object;
    if (take(object ? '}' : ']')) {
      close();
      continue;
    }
    if (parent.size && !take(',')) refuse(object ? "expected ',' or '}'" : "expected ',' or ']'", at_);
    skip_space();
    if (object) read_key();
    begin_value();
  }
  skip_space();
  if (at_ != text_.size()) refuse("text behind the value", at_);
  return std::move(document_);
}

void JsonParser::read_key() {
  if (!take('"')) refuse("expected a key in quotes", at_);
  key_ = read_string();
  skip_space();
  if (!take(':')) refuse("expected ':'", at_);
  skip_space();
}

// Reads a value; of a container only its opening bracket.
void JsonParser::begin_value() {
  uint32_t index = uint32_t(document_.values_.size());
  if (index >= limits_.max_values) exceed("values", limits_.max_values);
  if (!open_.empty()) ++document_.values_[open_.back()].size;
  JsonValue value;
  value.key = std::exchange(key_, {});
  value.after = index + 1;
  char c = peek();
  if (take('{')) value.kind = JsonKind::object;
  else if (take('[')) value.kind = JsonKind::array;
  else if (take('"')) value.kind = JsonKind::string, value.text = read_string();
  else if (c == '-' || (c >= '0' && c <= '9')) read_number(value);
  else read_word(value);
  document_.values_.push_back(value);
  if (value.kind != JsonKind::object && value.kind != JsonKind::array) return;
  if (open_.size() >= limits_.max_depth) exceed("levels", limits_.max_depth);
  open_.push_back(index);
}

void JsonParser::close() {
  JsonValue& parent = document_.values_[open_.back()];
  parent.after = uint32_t(document_.values_.size());
  uint32_t child = open_.back() + 1;
  for (uint32_t i = 1; i < parent.size; ++i) {
    document_.values_[child].last = false;
    child = document_.values_[child].after;
  }
  open_.pop_back();
}

// The content of the string whose opening quote was taken.
std::string_view JsonParser::read_string() {
  size_t begin = at_;
  bool escapes = false;
  for (;;) {
    if (at_ >= text_.size()) refuse("a string without end", begin - 1);
    uint8_t c = uint8_t(text_[at_]);
    if (c == '"') break;
    if (c < 0x20) refuse("a control character in a string", at_);
    size_t length = c < 0x80 ? 1 : strict_length(text_.substr(at_));
    if (!length) refuse("bytes that are not UTF-8", at_);
    if (c == '\\') escapes = true, length = 2;  // what may follow is checked below, but a quote does not end the string
    at_ += length;
  }
  size_t end = at_++;
  return escapes ? unescape(begin, end) : text_.substr(begin, end - begin);
}

std::string_view JsonParser::unescape(size_t begin, size_t end) {
  auto& blocks = document_.unescaped_;
  size_t bound = end - begin;  // an escape is never shorter than what it stands for
  if (blocks.empty() || blocks.back().capacity() - blocks.back().size() < bound) {
    blocks.emplace_back().reserve(std::max<size_t>(bound, 4096));
  }
  String& out = blocks.back();
  size_t before = out.size();
  for (size_t at = begin; at < end;) {
    size_t plain = std::min(text_.find('\\', at), end);
    out.append(text_, at, plain - at);
    at = plain;
    if (at < end) append_escape(at, out);
  }
  return std::string_view(out).substr(before);
}

void JsonParser::append_escape(size_t& at, String& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  size_t known = kNames.find(text_[at + 1]);
  if (known != kNames.npos) {
    out += kMeanings[known];
    at += 2;
    return;
  }
  if (text_[at + 1] != 'u') refuse("an unknown escape", at);
  uint32_t code = read_hex4(at);
  size_t length = 6;
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(at + 6, 2) == "\\u") {
    uint32_t low = read_hex4(at + 6);
    if (low >= 0xdc00 && low < 0xe000) code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), length = 12;
  }
  if (code >= 0xd800 && code < 0xe000) refuse("half of a surrogate pair", at);
  append_utf8(code, out);
  at += length;
}

// The number in the escape \uXXXX that stands at `at`.
uint32_t JsonParser::read_hex4(size_t at) {
  std::string_view digits = text_.substr(std::min(at + 2, text_.size()), 4);
  uint32_t code = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() < 4 || error != std::errc() || end != digits.data() + 4) refuse("an escape without four hexadecimal digits", at);
  return code;
}

void JsonParser::read_number(JsonValue& value) {
  size_t begin = at_;
  take('-');
  if (!take('0') && !take_digits()) refuse("a number without digits", begin);
  bool whole = true;
  if (take('.')) {
    whole = false;
    if (!take_digits()) refuse("a number without digits behind its point", begin);
  }
  if (take('e') || take('E')) {
    whole = false;
    if (!take('+')) take('-');
    if (!take_digits()) refuse("a number without digits in its exponent", begin);
  }
  value.text = text_.substr(begin, at_ - begin);
  const char *front = text_.data() + begin, *back = text_.data() + at_;
  if (whole && std::from_chars(front, back, value.integer).ec == std::errc()) {
    value.kind = JsonKind::integer;
    return;
  }
  value.kind = JsonKind::real;
  if (std::from_chars(front, back, value.real).ec != std::errc()) refuse("a number beyond a double's range", begin);
}

void JsonParser::read_word(JsonValue& value) {
  auto is = [&](std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  };
  if (is("null")) return;
  value.kind = JsonKind::boolean;
  if (is("true")) value.boolean = true;
  else if (!is("false")) refuse(at_ < text_.size() ? "expected a value" : "the text ends early", at_);
}

const JsonValue* JsonDocument::find(const JsonValue& parent, std::string_view key) const {
  const JsonValue* found = nullptr;
  if (parent.kind != JsonKind::object) return nullptr;
  for (const JsonValue* child = first(parent); child; child = next(*child)) {
    if (child->key == key) found = child;
  }
  return found;
}

JsonDocument read_json(std::string_view text, const JsonLimits& limits) { return JsonParser(text, limits).read(); }

}  // namespace prm
