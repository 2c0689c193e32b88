// Values as Python's json.dumps writes them.
#include <algorithm>
#include <cmath>

#include "text/template_machine.h"

namespace prm::jinja {

namespace {

class JsonPrinter {
 public:
  JsonPrinter(Machine& m, const JsonStyle& style) : m_(m), style_(style), out_(m.builder()) {}

  Value run(const Value& value) {
    write(value, 0);
    return out_.value(m_.heap);
  }

 private:
  Machine& m_;
  const JsonStyle& style_;
  TextBuilder out_;

  void write(const Value& value, int64_t level) {
    m_.step();
    switch (value.kind) {
      case Kind::none: return out_.add("null", false);
      case Kind::boolean: return out_.add(value.boolean ? "true" : "false", false);
      case Kind::integer:
      case Kind::big_integer: return print(m_, value, out_);
      case Kind::real: return write_real(value.real);
      case Kind::text: return write_text(*value.text);
      case Kind::dict: return write_dict(*value.dict, level);
      case Kind::sequence:
        if (value.sequence->kind <= SequenceKind::tuple) return write_list(*value.sequence, level);
        break;
      default: break;
    }
    m_.bad("{} cannot be written as JSON", type_name(value));
  }

  void write_real(double value) {
    if (std::isnan(value)) out_.add("NaN", false);
    else if (std::isinf(value)) out_.add(value < 0 ? "-Infinity" : "Infinity", false);
    else out_.add(real_text(value), false);
  }

  void write_escape(uint32_t code, bool content) {
    constexpr std::string_view letters = "\"\\\n\r\t\f\b", names = "\"\\nrtfb";
    if (size_t at = letters.find(char(code)); code < 0x80 && at != letters.npos) return out_.add(format_text("\\{}", names[at]), content);
    if (code < 0x10000) return out_.add(format_text("\\u{:04x}", code), content);
    out_.add(format_text("\\u{:04x}\\u{:04x}", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff)), content);
  }

  void write_text(const Text& text) {
    std::string_view s = text.view();
    m_.work_bytes(s.size());
    out_.add("\"", false);
    size_t plain = 0;
    for (size_t at = 0, length; at < s.size(); at += length) {
      uint32_t code = front_character(s.substr(at), length);
      bool escapes = code < 0x20 || code == '"' || code == '\\' || (style_.ascii && code > 0x7e);
      if (!escapes) continue;
      out_.add(text.part(plain, at - plain));
      write_escape(code, text.marks ? text.marks[at] : text.content);
      plain = at + length;
    }
    out_.add(text.part(plain, s.size() - plain));
    out_.add("\"", false);
  }

  void write_key(const Value& key) {
    if (key.is(Kind::text)) return write_text(*key.text);
    if (key.kind > Kind::real || key.is(Kind::undefined)) m_.bad("{} cannot be a key in JSON", type_name(key));
    out_.add("\"", false);
    write(key, 0);
    out_.add("\"", false);
  }

  void break_line(int64_t level) {
    if (!style_.indent) return;
    out_.add("\n", false);
    out_.add(String(size_t(std::clamp<int64_t>(*style_.indent, 0, 1000) * level), ' '), false);
  }

  void write_list(const Sequence& s, int64_t level) {
    if (s.size == 0) return out_.add("[]", false);
    out_.add("[", false);
    for (uint32_t i = 0; i < s.size; ++i) {
      if (i) out_.add(style_.item_separator);
      break_line(level + 1);
      write(s.items[i], level + 1);
    }
    break_line(level);
    out_.add("]", false);
  }

  void write_dict(const Dict& d, int64_t level) {
    if (d.size == 0) return out_.add("{}", false);
    Vector<Value> keys;
    for (uint32_t i = 0; i < d.size; ++i) keys.push_back(d.entries[i].key);
    if (style_.sorted) keys = sorted(m_, std::move(keys), false, true, nullptr);
    out_.add("{", false);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i) out_.add(style_.item_separator);
      break_line(level + 1);
      write_key(keys[i]);
      out_.add(style_.key_separator);
      write(style_.sorted ? *find_entry(m_, d, keys[i]) : d.entries[i].value, level + 1);
    }
    break_line(level);
    out_.add("}", false);
  }
};

}  // namespace

Value to_json(Machine& m, const Value& value, const JsonStyle& style) { return JsonPrinter(m, style).run(value); }

}  // namespace prm::jinja
