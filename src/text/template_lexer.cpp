#include "text/template_lexer.h"

#include "base/utf8.h"
#include "text/unicode_table.h"

namespace prm::jinja {

bool is_space(uint32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r') || (code >= 0x1c && code <= 0x1f);
  return kind_of(code) == CodeKind::space;
}

uint32_t front_character(std::string_view text, size_t& length) {
  length = strict_length(text);
  if (length == 0) {
    length = 1;
    return kReplacement;
  }
  return decode_lenient(text, length);
}

size_t leading_space(std::string_view text) {
  size_t at = 0, length;
  while (at < text.size() && is_space(front_character(text.substr(at), length))) at += length;
  return at;
}

size_t trailing_space(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1, length;
    while (begin > 0 && end - begin < 4 && (uint8_t(text[begin]) & 0xc0) == 0x80) --begin;
    if (!is_space(front_character(text.substr(begin, end - begin), length)) || begin + length != end) break;
    end = begin;
  }
  return text.size() - end;
}

String normalize_lines(std::string_view source) {
  String out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits with single underscores between them, from `at`; where they end.
template <class Is>
size_t skip_digits(std::string_view s, size_t at, Is is) {
  while (at < s.size() && (is(s[at]) || (s[at] == '_' && at > 0 && is(s[at - 1]) && at + 1 < s.size() && is(s[at + 1])))) ++at;
  return at;
}

class Cutter {
 public:
  Cutter(std::string_view source, Status fault) : s_(source), fault_(fault) {}

  Vector<Token> run() {
    while (at_ < s_.size()) cut_data();
    push(TokenKind::end, at_, at_);
    return std::move(tokens_);
  }

 private:
  std::string_view s_;
  Status fault_;
  size_t at_ = 0, counted_ = 0;
  uint32_t line_ = 1;
  bool line_starts_ = true;  // the last token ended with a line end, or there was none
  Vector<Token> tokens_;

  bool next_is(std::string_view text, size_t at) const { return s_.substr(at, text.size()) == text; }

  void push(TokenKind kind, size_t begin, size_t end) {
    for (; counted_ < begin; ++counted_) line_ += s_[counted_] == '\n';
    tokens_.push_back({kind, line_, s_.substr(begin, end - begin)});
  }

  [[noreturn]] void bad(size_t at, std::string_view what) {
    push(TokenKind::end, at, at);
    fail_template(fault_, line_, "{}", what);
  }

  // What of the text in front of a tag stays: all, what `-` leaves, or what stands before a tag that is alone on its line.
  size_t kept_before(size_t begin, size_t end, char sign, bool variable) const {
    std::string_view text = s_.substr(begin, end - begin);
    if (sign == '-') return end - trailing_space(text);
    if (sign == '+' || variable) return end;
    size_t line = text.rfind('\n');
    line = line == text.npos ? 0 : line + 1;
    if (line == 0 && !line_starts_) return end;
    return leading_space(text.substr(line)) == text.size() - line ? begin + line : end;
  }

  // At a sign behind "{%", "{{" or "{#".
  char sign_at(size_t at) const { return at < s_.size() && (s_[at] == '-' || s_[at] == '+') ? s_[at] : 0; }

  void ended_at(size_t at) {
    at_ = at;
    line_starts_ = at > 0 && s_[at - 1] == '\n';
  }

  // Behind the end of a tag: `-` takes all white space, a block's end else one line end.
  void pass_end(size_t at, char sign, bool trims) {
    if (sign == '-') at += leading_space(s_.substr(at));
    else if (sign != '+' && trims && at < s_.size() && s_[at] == '\n') ++at;
    ended_at(at);
  }

  size_t find_tag(size_t from) const {
    for (size_t i = from; i + 1 < s_.size(); ++i)
      if (s_[i] == '{' && (s_[i + 1] == '%' || s_[i + 1] == '{' || s_[i + 1] == '#')) return i;
    return s_.npos;
  }

  // The name at `at` behind white space, as far as it is `word`; 0 when it is another.
  size_t pass_word(size_t at, std::string_view word) const {
    at += leading_space(s_.substr(at));
    return next_is(word, at) ? at + word.size() : 0;
  }

  void push_data(size_t begin, size_t end) {
    if (begin < end) push(TokenKind::data, begin, end);
  }

  void cut_data() {
    size_t tag = find_tag(at_);
    if (tag == s_.npos) {
      push_data(at_, s_.size());
      at_ = s_.size();
      return;
    }
    char kind = s_[tag + 1], sign = sign_at(tag + 2);
    size_t inside = tag + 2 + (sign ? 1 : 0);
    push_data(at_, kept_before(at_, tag, sign, kind == '{'));
    if (kind == '#') return cut_comment(tag, inside);
    if (kind == '%' && cut_raw(tag, inside)) return;
    push(kind == '%' ? TokenKind::block_begin : TokenKind::variable_begin, tag, inside);
    at_ = inside;
    cut_tag(kind == '%');
  }

  void cut_comment(size_t tag, size_t inside) {
    size_t end = s_.find("#}", inside);
    if (end == s_.npos) bad(tag, "a comment has no end");
    char sign = end > inside ? sign_at(end - 1) : 0;
    pass_end(end + 2, sign, true);
  }

  // {% raw %}: false when it is another tag.
  bool cut_raw(size_t tag, size_t inside) {
    size_t at = pass_word(inside, "raw");
    if (!at) return false;
    at += leading_space(s_.substr(at));
    char sign = sign_at(at) == '-' ? '-' : 0;
    if (!next_is("%}", at + (sign ? 1 : 0))) return false;
    pass_end(at + (sign ? 3 : 2), sign, false);
    for (size_t end = at_; (end = s_.find("{%", end)) != s_.npos; end += 2) {
      char before = sign_at(end + 2);
      size_t behind = pass_word(end + 2 + (before ? 1 : 0), "endraw");
      if (!behind) continue;
      behind += leading_space(s_.substr(behind));
      char after = sign_at(behind);
      if (!next_is("%}", behind + (after ? 1 : 0))) continue;
      push_data(at_, kept_before(at_, end, before, false));
      pass_end(behind + (after ? 3 : 2), after, true);
      return true;
    }
    bad(tag, "'raw' has no 'endraw'");
  }

  void cut_tag(bool block) {
    std::string_view close = block ? "%}" : "}}";
    Vector<char> open;
    while (true) {
      at_ += leading_space(s_.substr(at_));
      if (at_ >= s_.size()) bad(s_.size(), "a tag has no end");
      char sign = block ? sign_at(at_) : s_[at_] == '-' ? '-' : 0;
      if (open.empty() && next_is(close, at_ + (sign ? 1 : 0))) {
        push(block ? TokenKind::block_end : TokenKind::variable_end, at_, at_ + (sign ? 3 : 2));
        return pass_end(at_ + (sign ? 3 : 2), sign, block);
      }
      cut_word(open);
    }
  }

  void cut_word(Vector<char>& open) {
    size_t begin = at_;
    char c = s_[at_];
    if (is_digit(c)) return cut_number();
    if (c == '\'' || c == '"') {
      for (++at_; at_ < s_.size() && s_[at_] != c; ++at_)
        if (s_[at_] == '\\') ++at_;
      if (at_ >= s_.size()) bad(begin, "a string has no end");
      push(TokenKind::string, begin, ++at_);
    } else if (size_t n = name_length(begin)) {
      push(TokenKind::name, begin, at_ += n);
    } else {
      cut_sign(open);
    }
  }

  size_t name_length(size_t begin) const {
    size_t end = begin, length;
    while (end < s_.size()) {
      uint32_t code = front_character(s_.substr(end), length);
      CodeKind kind = kind_of(code);
      if (code != '_' && kind != CodeKind::letter && kind != CodeKind::number && kind != CodeKind::mark) break;
      end += length;
    }
    return end - begin;
  }

  // As jinja2: 0b, 0o, 0x and decimal integers, floats with a digit on both sides of the point or with an exponent.
  void cut_number() {
    size_t begin = at_, end = at_;
    auto of_base = [](char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); };
    char base = s_[begin] == '0' && begin + 1 < s_.size() ? char(s_[begin + 1] | 32) : 0;
    if ((base == 'x' || base == 'o' || base == 'b') && begin + 2 < s_.size() && of_base(s_[begin + 2])) {
      end = skip_digits(s_, begin + 2, of_base);
      push(TokenKind::integer, begin, at_ = end);
      return;
    }
    end = skip_digits(s_, begin, is_digit);
    size_t whole = end;
    if (end + 1 < s_.size() && s_[end] == '.' && is_digit(s_[end + 1]) && (begin == 0 || s_[begin - 1] != '.')) end = skip_digits(s_, end + 1, is_digit);
    if (end + 1 < s_.size() && (s_[end] | 32) == 'e') {
      size_t digits = end + 1 + (s_[end + 1] == '+' || s_[end + 1] == '-');
      if (digits < s_.size() && is_digit(s_[digits])) end = skip_digits(s_, digits, is_digit);
    }
    push(end > whole ? TokenKind::real : TokenKind::integer, begin, at_ = end);
  }

  void cut_sign(Vector<char>& open) {
    for (std::string_view two : {"//", "**", "==", "!=", ">=", "<="})
      if (next_is(two, at_)) {
        push(TokenKind::sign, at_, at_ + 2);
        at_ += 2;
        return;
      }
    char c = s_[at_];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) bad(at_, format_message("'{}' is unexpected here", c));
    if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) bad(at_, format_message("'{}' closes nothing", c));
      open.pop_back();
    }
    push(TokenKind::sign, at_, at_ + 1);
    ++at_;
  }
};

}  // namespace

Vector<Token> cut_template(std::string_view source, Status fault) { return Cutter(source, fault).run(); }

}  // namespace prm::jinja
