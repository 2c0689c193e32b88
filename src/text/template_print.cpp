// Values as Python prints them.
#include <cmath>

#include "base/utf8.h"
#include "text/template_machine.h"
#include "text/unicode_table.h"

namespace prm::jinja {

String real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  String text(format_text("{}", value));
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

namespace {

bool is_printable(uint32_t code) {
  CodeKind kind = kind_of(code);
  return code == ' ' || (kind != CodeKind::other && kind != CodeKind::space);
}

String escape(uint32_t code) {
  if (code < 0x100) return format_text("\\x{:02x}", code);
  return code < 0x10000 ? format_text("\\u{:04x}", code) : format_text("\\U{:08x}", code);
}

void print_quoted(const Text& text, TextBuilder& out) {
  std::string_view s = text.view();
  bool doubled = s.find('\'') != s.npos && s.find('"') == s.npos;
  char quote = doubled ? '"' : '\'';
  out.add({&quote, 1}, false);
  for (size_t at = 0, length; at < s.size(); at += length) {
    uint32_t code = front_character(s.substr(at), length);
    if (code == uint32_t(quote) || code == '\\') out.add("\\", text.content);
    if (code == '\n' || code == '\r' || code == '\t') out.add(code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t", text.content);
    else if (is_printable(code)) out.add(text.part(at, length));
    else out.add(escape(code), text.content);
  }
  out.add({&quote, 1}, false);
}

void print_items(Machine& m, const Sequence& s, TextBuilder& out) {
  constexpr std::string_view open[] = {"[", "(", "[", "dict_keys([", "dict_values([", "dict_items(["}, close[] = {"]", ")", "]", "])", "])", "])"};
  out.add(open[int(s.kind)], false);
  for (uint32_t i = 0; i < s.size; ++i) {
    if (i) out.add(", ", false);
    print_repr(m, s.items[i], out);
  }
  if (s.kind == SequenceKind::tuple && s.size == 1) out.add(",", false);
  out.add(close[int(s.kind)], false);
}

void print_sequence(Machine& m, const Sequence& s, TextBuilder& out) {
  if (s.kind == SequenceKind::generator) m.bad("an iterator has no text: make a list of it first");
  if (s.kind != SequenceKind::range) return print_items(m, s, out);
  // The items do not tell where an empty range, or one of other steps, was to end.
  bool by_one = s.size && s.items[s.size - 1].integer - s.items[0].integer == int64_t(s.size) - 1;
  if (!by_one) fail_template(Status::unsupported, m.line, "only ranges that count up by one are printed: make a list of it first");
  out.add(format_text("range({}, {})", s.items[0].integer, s.items[s.size - 1].integer + 1), false);
}

void print_dict(Machine& m, const Dict& d, TextBuilder& out) {
  out.add("{", false);
  for (uint32_t i = 0; i < d.size; ++i) {
    if (i) out.add(", ", false);
    print_repr(m, d.entries[i].key, out);
    out.add(": ", false);
    print_repr(m, d.entries[i].value, out);
  }
  out.add("}", false);
}

}  // namespace

void print_repr(Machine& m, const Value& value, TextBuilder& out) {
  m.step();
  if (value.is(Kind::text)) print_quoted(*value.text, out);
  else if (value.is(Kind::undefined)) out.add("Undefined", false);
  else print(m, value, out);
}

void print(Machine& m, const Value& value, TextBuilder& out) {
  switch (value.kind) {
    case Kind::undefined: return;
    case Kind::none: return out.add("None", false);
    case Kind::boolean: return out.add(value.boolean ? "True" : "False", false);
    case Kind::integer: return out.add(format_text("{}", value.integer), false);
    case Kind::real: return out.add(real_text(value.real), false);
    case Kind::text:
    case Kind::big_integer: return out.add(*value.text);
    case Kind::sequence: return print_sequence(m, *value.sequence, out);
    case Kind::dict: return print_dict(m, *value.dict, out);
    default: m.bad("{} has no text", type_name(value));
  }
}

Value to_text(Machine& m, const Value& value) {
  if (value.is(Kind::text)) return value;
  TextBuilder out = m.builder();
  print(m, value, out);
  return out.value(m.heap);
}

Text text_of(Machine& m, const Value& value) { return *to_text(m, value).text; }

}  // namespace prm::jinja
