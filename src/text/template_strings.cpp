// What Python's str can do, on texts that know which of their bytes are content.
#include <algorithm>
#include <charconv>
#include <span>

#include "base/utf8.h"
#include "text/case_table.h"
#include "text/template_machine.h"
#include "text/unicode_table.h"

namespace prm::jinja {

size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0, length; at < text.size(); at += length, ++count) front_character(text.substr(at), length);
  return count;
}

size_t byte_at(std::string_view text, size_t character) {
  size_t at = 0, length;
  for (; character && at < text.size(); --character, at += length) front_character(text.substr(at), length);
  return at;
}

namespace {

// The character in front of `end`.
size_t back_length(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && (uint8_t(text[begin]) & 0xc0) == 0x80) --begin;
  return strict_length(text.substr(begin, end - begin)) == end - begin ? end - begin : 1;
}

bool is_among(std::string_view characters, std::string_view one) {
  for (size_t at = 0, length; at < characters.size(); at += length) {
    front_character(characters.substr(at), length);
    if (characters.substr(at, length) == one) return true;
  }
  return false;
}

}  // namespace

Text strip(const Text& text, Side side, const std::string_view* characters) {
  std::string_view s = text.view();
  size_t begin = 0, end = s.size();
  if (!characters) {
    if (side != Side::right) begin = leading_space(s);
    if (side != Side::left) end -= trailing_space(s.substr(begin));
    return text.part(begin, end - begin);
  }
  size_t length;
  for (; side != Side::right && begin < end; begin += length) {
    front_character(s.substr(begin), length);
    if (!is_among(*characters, s.substr(begin, length))) break;
  }
  for (; side != Side::left && end > begin; end -= length) {
    length = back_length(s.substr(begin), end - begin);
    if (!is_among(*characters, s.substr(end - length, length))) break;
  }
  return text.part(begin, end - begin);
}

namespace {

bool is_cased(uint32_t code) {
  uint32_t to[3];
  for (Case how : {Case::upper, Case::lower})
    if (convert_case(how, code, to) != 1 || to[0] != code) return true;
  return false;
}

// A sigma is written in another way where a word ends.
bool is_final_sigma(std::string_view s, size_t at) {
  size_t end = at, length = 0;
  auto joins = [](uint32_t code) { return kind_of(code) == CodeKind::mark || code == '\'' || code == '.' || code == ':' || code == 0xad || code == 0x2019; };
  uint32_t code = 0;
  bool before = false;
  while (end > 0) {
    end -= back_length(s, end);
    code = front_character(s.substr(end), length);
    if (joins(code)) continue;
    before = is_cased(code);
    break;
  }
  if (!before) return false;
  for (size_t next = at + 2; next < s.size(); next += length) {
    code = front_character(s.substr(next), length);
    if (!joins(code)) return !is_cased(code);
  }
  return true;
}

}  // namespace

Value change_case(Machine& m, const Text& text, Letters how) {
  std::string_view s = text.view();
  m.work_bytes(s.size() * 4);
  TextBuilder out = m.builder();
  bool in_word = false, first = true;
  for (size_t at = 0, length; at < s.size(); at += length) {
    uint32_t code = front_character(s.substr(at), length), to[3];
    if (code == kReplacement) {
      out.add(text.part(at, length));
      in_word = first = false;
      continue;
    }
    bool begins = how == Letters::capital ? first : how == Letters::title && !in_word;
    Case wanted = how == Letters::upper ? Case::upper : begins ? Case::title : Case::lower;
    in_word = how == Letters::title && is_cased(code);
    first = false;
    size_t count = convert_case(wanted, code, to);
    if (code == 0x3a3 && wanted == Case::lower && is_final_sigma(s, at)) to[0] = 0x3c2;
    String changed;
    for (size_t i = 0; i < count; ++i) append_utf8(to[i], changed);
    out.add(changed, text.marks ? text.marks[at] : text.content);
  }
  return out.value(m.heap);
}

Value replace(Machine& m, const Text& text, const Text& old, const Text& by, int64_t most) {
  std::string_view s = text.view(), wanted = old.view();
  m.work_search(text, wanted.size());
  TextBuilder out = m.builder();
  size_t plain = 0, at = 0;
  for (; most != 0; --most) {
    size_t found;
    if (wanted.empty()) {  // between all characters
      if (at > s.size()) break;
      found = at;
      size_t length = 1;
      if (at < s.size()) front_character(s.substr(at), length);
      at += length;
    } else {
      found = s.find(wanted, plain);
      if (found == s.npos) break;
      m.step();
    }
    out.add(text.part(plain, found - plain));
    out.add(by);
    plain = found + wanted.size();
  }
  out.add(text.part(plain, s.size() - plain));
  return out.value(m.heap);
}

namespace {

Vector<Value> split_at_spaces(Machine& m, const Text& text, int64_t most) {
  std::string_view s = text.view();
  Vector<Value> parts;
  size_t at = leading_space(s), length;
  while (at < s.size()) {
    m.step();
    if (most-- == 0) {
      parts.push_back(m.heap.text(text.part(at, s.size() - at)));
      break;
    }
    size_t end = at;
    while (end < s.size() && !is_space(front_character(s.substr(end), length))) end += length;
    parts.push_back(m.heap.text(text.part(at, end - at)));
    at = end + leading_space(s.substr(end));
  }
  return parts;
}

Vector<Value> split_at_spaces_from_right(Machine& m, const Text& text, int64_t most) {
  std::string_view s = text.view();
  Vector<Value> parts;
  size_t end = s.size() - trailing_space(s);
  while (end > 0) {
    m.step();
    if (most-- == 0) {
      parts.push_back(m.heap.text(text.part(0, end)));
      break;
    }
    size_t begin = end, length;
    while (begin > 0 && !is_space(front_character(s.substr(begin - back_length(s, begin)), length))) begin -= back_length(s, begin);
    parts.push_back(m.heap.text(text.part(begin, end - begin)));
    end = begin - trailing_space(s.substr(0, begin));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

Value split(Machine& m, const Text& text, const Text* separator, int64_t most, bool from_right) {
  std::string_view s = text.view();
  m.work_search(text, separator ? separator->size : 0);
  if (!separator) return m.heap.sequence(SequenceKind::list, from_right ? split_at_spaces_from_right(m, text, most) : split_at_spaces(m, text, most));
  std::string_view by = separator->view();
  if (by.empty()) m.bad("a string cannot be split at an empty one");
  Vector<Value> parts;
  size_t begin = 0, end = s.size();
  for (; most != 0; --most) {
    m.step();
    size_t at = from_right ? (end >= by.size() ? s.rfind(by, end - by.size()) : s.npos) : s.find(by, begin);
    if (at == s.npos) break;
    parts.push_back(m.heap.text(from_right ? text.part(at + by.size(), end - at - by.size()) : text.part(begin, at - begin)));
    if (from_right) end = at;
    else begin = at + by.size();
  }
  parts.push_back(m.heap.text(text.part(begin, end - begin)));
  if (from_right) std::reverse(parts.begin(), parts.end());
  return m.heap.sequence(SequenceKind::list, parts);
}

Value split_lines(Machine& m, const Text& text, bool keep_ends) {
  std::string_view s = text.view();
  m.work_bytes(s.size());
  Vector<Value> lines;
  auto ends_line = [](uint32_t c) { return (c >= 0xa && c <= 0xd) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029; };
  size_t begin = 0, length;
  for (size_t at = 0; at < s.size(); at += length) {
    uint32_t code = front_character(s.substr(at), length);
    if (!ends_line(code)) continue;
    m.step();
    if (code == '\r' && at + 1 < s.size() && s[at + 1] == '\n') length = 2;
    lines.push_back(m.heap.text(text.part(begin, at - begin + (keep_ends ? length : 0))));
    begin = at + length;
  }
  if (begin < s.size()) lines.push_back(m.heap.text(text.part(begin, s.size() - begin)));
  return m.heap.sequence(SequenceKind::list, lines);
}

Value repeat(Machine& m, const Text& text, int64_t count) {
  TextBuilder out = m.builder();
  if (count > 0 && text.size && uint64_t(count) > m.limits.output_bytes / text.size)
    m.over("a string of {} times {} bytes is too long", count, text.size);
  m.work_bytes(count > 0 ? size_t(count) * text.size : 0);
  for (int64_t i = 0; text.size && i < count; ++i) out.add(text);
  return out.value(m.heap);
}

bool all_characters(std::string_view text, bool (*is)(uint32_t)) {
  for (size_t at = 0, length; at < text.size(); at += length)
    if (!is(front_character(text.substr(at), length))) return false;
  return !text.empty();
}

void escape(Machine& m, const Text& text, TextBuilder& out) {
  constexpr std::string_view signs = "&<>\"'";
  constexpr std::string_view names[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
  m.work_bytes(text.size);
  if (text.safe) return out.add(text);
  for (size_t i = 0; i < text.size; ++i) {
    size_t at = signs.find(text.data[i]);
    if (at == signs.npos) out.add(text.part(i, 1));
    else out.add(names[at], text.marks ? text.marks[i] : text.content);
  }
}

Value safe_value(Machine& m, Text text) {
  text.safe = true;
  return m.heap.text(text);
}

Value add_texts(Machine& m, const Text& a, const Text& b) {
  TextBuilder out = m.builder();
  bool safe = a.safe || b.safe;
  for (const Text* text : {&a, &b}) {
    m.work_bytes(text->size);
    if (safe) escape(m, *text, out);
    else out.add(*text);
  }
  Value sum = out.value(m.heap);
  return safe ? safe_value(m, *sum.text) : sum;
}

Value indent(Machine& m, const Text& text, const Text& by, bool first, bool blank) {
  // As jinja2: the text gets a line end, and blank lines are indented where asked for.
  Text end{"\n", nullptr, 1, false};
  TextBuilder whole = m.builder(), out = m.builder();
  whole.add(text);
  whole.add(end);
  Value value = whole.value(m.heap), lines = split_lines(m, *value.text, false);
  if (first) out.add(by);
  for (uint32_t i = 0; i < lines.sequence->size; ++i) {
    const Text& line = *lines.sequence->items[i].text;
    if (i) out.add(end);
    if (i && (line.size || blank)) out.add(by);
    out.add(line);
  }
  return out.value(m.heap);
}

namespace {

// The argument that "{0.name}", "{name}" or "{}" asks for.
Value braces_argument(Machine& m, std::string_view field, size_t& next, const Arguments& arguments) {
  if (field.find_first_of("!:.[") != field.npos) m.bad("format: '{{{}}}' is more than a name or a number", field.substr(0, 40));
  if (field.empty() || field.find_first_not_of("0123456789") == field.npos) {
    size_t index = SIZE_MAX;
    if (field.empty()) index = next++;
    else std::from_chars(field.data(), field.data() + field.size(), index);
    if (index >= arguments.values.size()) m.bad("format: there is no argument {}", index);
    return arguments.values[index];
  }
  for (const Keyword& k : arguments.keywords)
    if (k.name == field) return k.value;
  m.bad("format: there is no argument '{}'", field.substr(0, 40));
}

}  // namespace

Value format_braces(Machine& m, const Text& format, const Arguments& arguments) {
  std::string_view s = format.view();
  TextBuilder out = m.builder();
  size_t next = 0;
  for (size_t at = 0; at < s.size();) {
    size_t brace = s.find_first_of("{}", at);
    if (brace == s.npos) brace = s.size();
    out.add(format.part(at, brace - at));
    if (brace == s.size()) break;
    if (brace + 1 < s.size() && s[brace + 1] == s[brace]) {
      out.add(format.part(brace, 1));
      at = brace + 2;
      continue;
    }
    size_t end = s[brace] == '{' ? s.find('}', brace) : s.npos;
    if (end == s.npos) m.bad("format: a single brace");
    m.step();
    print(m, braces_argument(m, s.substr(brace + 1, end - brace - 1), next, arguments), out);
    at = end + 1;
  }
  return out.value(m.heap);
}

// %s, %d and %r without widths.
Value format_percent(Machine& m, const Text& format, const Value& argument) {
  std::string_view s = format.view();
  bool tuple = argument.is(Kind::sequence) && argument.sequence->kind == SequenceKind::tuple;
  std::span<const Value> values = tuple ? std::span(argument.sequence->items, argument.sequence->size) : std::span(&argument, 1);
  TextBuilder out = m.builder();
  size_t used = 0;
  for (size_t at = 0; at < s.size();) {
    size_t sign = std::min(s.find('%', at), s.size());
    out.add(format.part(at, sign - at));
    if (sign == s.size()) break;
    m.step();
    char kind = sign + 1 < s.size() ? s[sign + 1] : 0;
    at = sign + 2;
    if (kind == '%') {
      out.add(format.part(sign, 1));
      continue;
    }
    if (kind != 's' && kind != 'd' && kind != 'r') m.bad("'%': only %s, %d, %r and %% are known here");
    if (used == values.size()) m.bad("'%': there are not enough values for the string");
    const Value& value = values[used++];
    if (kind == 'd' && !as_integer(value)) m.bad("'%d' needs an integer");
    if (kind == 'd') print(m, integer_value(*as_integer(value)), out);
    else if (kind == 's') print(m, value, out);
    else print_repr(m, value, out);
  }
  if (used < values.size() && !(used == 0 && argument.is(Kind::dict))) m.bad("'%': not all values were used in the string");
  return out.value(m.heap);
}

}  // namespace prm::jinja
