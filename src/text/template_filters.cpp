// What may stand behind "|".
#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/template_machine.h"

namespace prm::jinja {

namespace {

struct Call : CallSite {
  Text text() const { return text_of(m, self); }
  Vector<Value> items() const {
    if (self.is(Kind::none)) m.bad("the filter '{}' needs something with items, and is given None", name);
    return take_items(m, self, "a filter");
  }
  Value list(const Vector<Value>& items) const { return m.heap.sequence(SequenceKind::list, items); }
  Value generator(const Vector<Value>& items) const { return m.heap.sequence(SequenceKind::generator, items); }
  static bool is_set(const Value* v) { return v && truth(*v); }
};

// strings
Value run_trim(const Call& c) {
  auto [chars] = bind(c.m, c.arguments, c.name, {"chars"});
  Text text = c.text();
  c.m.work_bytes(text.size);
  if (!Call::given(chars)) return c.m.heap.text(strip(text, Side::both, nullptr));
  std::string_view among = text_argument(c.m, *chars, c.name).view();
  c.m.work_search(text, among.size());
  return c.m.heap.text(strip(text, Side::both, &among));
}
Value run_upper(const Call& c) { return change_case(c.m, c.text(), Letters::upper); }
Value run_lower(const Call& c) { return change_case(c.m, c.text(), Letters::lower); }
Value run_capitalize(const Call& c) { return change_case(c.m, c.text(), Letters::capital); }
Value run_string(const Call& c) { return to_text(c.m, c.self); }

// Words begin behind spaces, dashes and opening brackets.
Value run_title(const Call& c) {
  Text text = c.text();
  TextBuilder out = c.m.builder();
  auto parts = [](uint32_t code) { return is_space(code) || code == '-' || code == '(' || code == '{' || code == '[' || code == '<'; };
  for (size_t at = 0, length; at < text.size;) {
    size_t end = at;
    bool separator = parts(front_character(text.view().substr(at), length));
    while (end < text.size && parts(front_character(text.view().substr(end), length)) == separator) end += length;
    front_character(text.view().substr(at), length);
    out.add(*change_case(c.m, text.part(at, length), Letters::upper).text);
    out.add(*change_case(c.m, text.part(at + length, end - at - length), Letters::lower).text);
    at = end;
  }
  return out.value(c.m.heap);
}

Value run_replace(const Call& c) {
  auto [old, by, count] = bind(c.m, c.arguments, c.name, {"old", "new", "count"});
  Text from = text_of(c.m, required(c.m, old, c.name, "old")), to = text_of(c.m, required(c.m, by, c.name, "new"));
  return replace(c.m, c.text(), from, to, Call::given(count) ? integer_argument(c.m, *count, c.name) : -1);
}

Value run_indent(const Call& c) {
  auto [width, first, blank] = bind(c.m, c.arguments, c.name, {"width", "first", "blank"});
  Text by{};
  if (width && width->is(Kind::text)) by = *width->text;
  else by = *repeat(c.m, Text{" ", nullptr, 1, false}, width ? integer_argument(c.m, *width, c.name) : 4).text;
  return indent(c.m, c.text(), by, Call::is_set(first), Call::is_set(blank));
}

Value run_format(const Call& c) {
  if (!c.arguments.keywords.empty()) c.m.bad("format: names are not supported");
  return format_percent(c.m, c.text(), c.m.heap.sequence(SequenceKind::tuple, c.arguments.values));
}

Value run_escape(const Call& c) {
  TextBuilder out = c.m.builder();
  escape(c.m, c.text(), out);
  return safe_value(c.m, *out.value(c.m.heap).text);
}

Value run_tojson(const Call& c) {
  auto [ascii, indent, separators, sort_keys] = bind(c.m, c.arguments, c.name, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  if (Call::given(indent)) style.indent = integer_argument(c.m, *indent, c.name);
  style.ascii = Call::is_set(ascii);
  style.sorted = Call::is_set(sort_keys);
  style.item_separator = style.indent ? Text{",", nullptr, 1, false} : Text{", ", nullptr, 2, false};
  style.key_separator = Text{": ", nullptr, 2, false};
  if (Call::given(separators)) {
    Vector<Value> both = take_items(c.m, *separators, "separators");
    if (both.size() != 2) c.m.bad("tojson: separators are two strings");
    style.item_separator = text_argument(c.m, both[0], c.name);
    style.key_separator = text_argument(c.m, both[1], c.name);
  }
  return to_json(c.m, c.self, style);
}

// numbers
// The number that all of `text` spells; NaN when it spells none.
double read_real(std::string_view text) {
  double value = NAN;
  if (text.starts_with('+')) text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : NAN;
}

Value run_int(const Call& c) {
  auto [otherwise, base] = bind(c.m, c.arguments, c.name, {"default", "base"});
  Value fallback = otherwise ? *otherwise : integer_value(0);
  if (base && integer_argument(c.m, *base, c.name) != 10) c.m.bad("int: only base 10 is supported");
  if (auto i = as_integer(c.self)) return integer_value(*i);
  if (c.self.is(Kind::real)) return std::fabs(c.self.real) < 9e18 ? integer_value(int64_t(c.self.real)) : fallback;
  if (!c.self.is(Kind::text)) return fallback;
  c.m.work_bytes(c.self.text->size);
  std::string_view s = strip(*c.self.text, Side::both, nullptr).view();
  std::string_view digits = s.starts_with('+') ? s.substr(1) : s;
  int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc() && end == digits.data() + digits.size()) return integer_value(value);
  double real = read_real(s);
  return std::fabs(real) < 9e18 ? integer_value(int64_t(real)) : fallback;
}

Value run_float(const Call& c) {
  auto [otherwise] = bind(c.m, c.arguments, c.name, {"default"});
  if (auto r = as_real(c.self)) return real_value(*r);
  if (c.self.is(Kind::text)) c.m.work_bytes(c.self.text->size);
  double real = c.self.is(Kind::text) ? read_real(strip(*c.self.text, Side::both, nullptr).view()) : NAN;
  return std::isnan(real) ? (otherwise ? *otherwise : real_value(0)) : real_value(real);
}

Value run_abs(const Call& c) {
  auto r = as_real(c.self);
  if (!r) c.m.bad("abs needs a number");
  return *r < 0 ? negate(c.m, c.self) : as_integer(c.self) ? integer_value(*as_integer(c.self)) : c.self;
}

Value run_round(const Call& c) {
  auto [precision, method] = bind(c.m, c.arguments, c.name, {"precision", "method"});
  auto r = as_real(c.self);
  if (!r) c.m.bad("round needs a number");
  int64_t places = precision ? integer_argument(c.m, *precision, c.name) : 0;
  if (places < 0 || places > 15) c.m.bad("round: precision is 0 to 15 here");
  std::string_view how = method ? text_argument(c.m, *method, c.name).view() : "common";
  double scale = std::pow(10.0, double(places));
  if (how == "ceil") return real_value(std::ceil(*r * scale) / scale);
  if (how == "floor") return real_value(std::floor(*r * scale) / scale);
  if (how != "common") c.m.bad("round: the method is common, ceil or floor");
  if (as_integer(c.self)) return integer_value(*as_integer(c.self));
  return real_value(read_real(format_message("{:.{}f}", *r, int(places))));
}

// items
Value run_length(const Call& c) {
  auto length = length_of(c.self);
  if (!length) c.m.bad("{} has no length", type_name(c.self));
  if (c.self.is(Kind::text)) c.m.work_bytes(c.self.text->size);
  return integer_value(int64_t(*length));
}

Value run_list(const Call& c) { return c.list(c.items()); }

Value run_items(const Call& c) {
  if (c.self.is(Kind::undefined)) return c.generator({});
  if (!c.self.is(Kind::dict)) c.m.bad("items needs a dict, and is given {}", type_name(c.self));
  c.m.work_items(c.self.dict->size);
  Vector<Value> pairs;
  for (uint32_t i = 0; i < c.self.dict->size; ++i)
    pairs.push_back(c.m.heap.sequence(SequenceKind::tuple, {c.self.dict->entries[i].key, c.self.dict->entries[i].value}));
  return c.generator(pairs);
}

Value run_first(const Call& c) {
  Vector<Value> items = c.items();
  return items.empty() ? undefined_value() : items.front();
}

Value run_last(const Call& c) {
  if (c.self.is(Kind::sequence) && c.self.sequence->kind == SequenceKind::generator) c.m.bad("last: an iterator cannot be reversed");
  Vector<Value> items = c.items();
  return items.empty() ? undefined_value() : items.back();
}

Value run_join(const Call& c) {
  auto [by, attribute] = bind(c.m, c.arguments, c.name, {"d", "attribute"});
  Text between = by ? text_of(c.m, *by) : Text{};
  TextBuilder out = c.m.builder();
  bool first = true;
  for (const Value& item : c.items()) {
    if (!std::exchange(first, false)) out.add(between);
    print(c.m, Call::given(attribute) ? dotted_attribute(c.m, item, *attribute) : item, out);
  }
  return out.value(c.m.heap);
}

Value run_default(const Call& c) {
  auto [otherwise, boolean] = bind(c.m, c.arguments, c.name, {"default_value", "boolean"});
  bool missing = c.self.is(Kind::undefined) || (Call::is_set(boolean) && !truth(c.self));
  if (!missing) return c.self;
  return otherwise ? *otherwise : c.m.heap.text(std::string_view(), false);
}

Value run_safe(const Call& c) { return safe_value(c.m, c.text()); }

Value run_reverse(const Call& c) {
  if (c.self.is(Kind::text)) return get_slice(c.m, c.self, {none_value(), none_value(), integer_value(-1)});
  Vector<Value> items = c.items();
  std::reverse(items.begin(), items.end());
  bool places = c.self.is(Kind::sequence) && c.self.sequence->kind == SequenceKind::generator;
  return places ? c.list(items) : c.generator(items);
}

Value run_dictsort(const Call& c) {
  auto [case_sensitive, by, reverse] = bind(c.m, c.arguments, c.name, {"case_sensitive", "by", "reverse"});
  std::string_view what = by ? text_argument(c.m, *by, c.name).view() : "key";
  if (what != "key" && what != "value") c.m.bad("dictsort sorts by 'key' or by 'value'");
  if (!c.self.is(Kind::dict)) c.m.bad("dictsort needs a dict, and is given {}", type_name(c.self));
  Value pairs = run_items(c), place = integer_value(what == "value");
  return c.list(sorted(c.m, take_items(c.m, pairs, "dictsort"), Call::is_set(reverse), Call::is_set(case_sensitive), &place));
}

Value run_sort(const Call& c) {
  auto [reverse, case_sensitive, attribute] = bind(c.m, c.arguments, c.name, {"reverse", "case_sensitive", "attribute"});
  const Value* by = Call::given(attribute);
  if (by && by->is(Kind::text) && by->text->view().find(',') != std::string_view::npos) c.m.bad("sort: one attribute is supported");
  return c.list(sorted(c.m, c.items(), Call::is_set(reverse), Call::is_set(case_sensitive), by));
}

Value run_unique(const Call& c) {
  auto [case_sensitive, attribute] = bind(c.m, c.arguments, c.name, {"case_sensitive", "attribute"});
  Vector<Value> kept, keys;
  for (const Value& item : c.items()) {
    Value key = Call::given(attribute) ? dotted_attribute(c.m, item, *attribute) : item;
    if (key.is(Kind::text) && !Call::is_set(case_sensitive)) key = change_case(c.m, *key.text, Letters::lower);
    bool seen = std::any_of(keys.begin(), keys.end(), [&](const Value& k) { return equal(c.m, k, key); });
    if (seen) continue;
    keys.push_back(key);
    kept.push_back(item);
  }
  return c.generator(kept);
}

Value extreme(const Call& c, int wanted) {
  auto [case_sensitive, attribute] = bind(c.m, c.arguments, c.name, {"case_sensitive", "attribute"});
  Vector<Value> all = sorted(c.m, c.items(), wanted > 0, Call::is_set(case_sensitive), Call::given(attribute));
  return all.empty() ? undefined_value() : all.front();
}
Value run_min(const Call& c) { return extreme(c, -1); }
Value run_max(const Call& c) { return extreme(c, 1); }

Value run_sum(const Call& c) {
  auto [attribute, start] = bind(c.m, c.arguments, c.name, {"attribute", "start"});
  Value sum = start ? *start : integer_value(0);
  for (const Value& item : c.items())
    sum = calculate(c.m, NodeKind::add, sum, Call::given(attribute) ? dotted_attribute(c.m, item, *attribute) : item);
  return sum;
}

Value run_attr(const Call& c) {
  auto [name] = bind(c.m, c.arguments, c.name, {"name"});
  return find_method(c.m, c.self, text_argument(c.m, required(c.m, name, c.name, "name"), c.name).view());
}

// map, select and their kin
Arguments rest_of(const Arguments& all, size_t first) {
  Arguments rest;
  rest.values.assign(all.values.begin() + std::ptrdiff_t(std::min(first, all.values.size())), all.values.end());
  rest.keywords = all.keywords;
  return rest;
}

Value run_map(const Call& c) {
  if (!truth(c.self)) return c.generator({});
  Vector<Value> out;
  if (c.arguments.values.empty()) {
    auto [attribute, otherwise] = bind(c.m, c.arguments, c.name, {"attribute", "default"});
    for (const Value& item : c.items()) {
      Value value = dotted_attribute(c.m, item, required(c.m, attribute, c.name, "attribute"));
      out.push_back(value.is(Kind::undefined) && Call::given(otherwise) ? *otherwise : value);
    }
    return c.generator(out);
  }
  std::string_view filter = text_argument(c.m, c.arguments.values[0], c.name).view();
  Arguments rest = rest_of(c.arguments, 1);
  for (const Value& item : c.items()) out.push_back(run_filter(c.m, filter, item, rest));
  return c.generator(out);
}

Value choose(const Call& c, bool wanted, bool by_attribute) {
  if (!truth(c.self)) return c.generator({});
  size_t first = by_attribute ? 1 : 0;
  if (by_attribute && c.arguments.values.empty()) c.m.bad("{} needs an attribute", c.name);
  bool tests = c.arguments.values.size() > first;
  std::string_view test = tests ? text_argument(c.m, c.arguments.values[first], c.name).view() : "";
  Arguments rest = rest_of(c.arguments, first + 1);
  Vector<Value> out;
  for (const Value& item : c.items()) {
    Value value = by_attribute ? dotted_attribute(c.m, item, c.arguments.values[0]) : item;
    if ((tests ? run_test(c.m, test, value, rest) : truth(value)) == wanted) out.push_back(item);
  }
  return c.generator(out);
}
Value run_select(const Call& c) { return choose(c, true, false); }
Value run_reject(const Call& c) { return choose(c, false, false); }
Value run_selectattr(const Call& c) { return choose(c, true, true); }
Value run_rejectattr(const Call& c) { return choose(c, false, true); }

struct FilterRule {
  std::string_view name;
  Value (*run)(const Call&);
  bool plain = false;  // takes no arguments
};
constexpr FilterRule kFilters[] = {
    {"trim", run_trim},           {"tojson", run_tojson},         {"length", run_length, true},         {"count", run_length, true},
    {"default", run_default},     {"d", run_default},             {"upper", run_upper, true},           {"lower", run_lower, true},
    {"string", run_string, true}, {"join", run_join},             {"items", run_items, true},           {"map", run_map},
    {"safe", run_safe, true},     {"list", run_list, true},       {"first", run_first, true},           {"last", run_last, true},
    {"replace", run_replace},     {"select", run_select},         {"reject", run_reject},               {"selectattr", run_selectattr},
    {"rejectattr", run_rejectattr}, {"dictsort", run_dictsort},   {"indent", run_indent},               {"capitalize", run_capitalize, true},
    {"title", run_title, true},   {"int", run_int},               {"float", run_float},                 {"abs", run_abs, true},
    {"round", run_round},         {"sort", run_sort},             {"unique", run_unique},               {"reverse", run_reverse, true},
    {"min", run_min},             {"max", run_max},               {"sum", run_sum},                     {"attr", run_attr},
    {"format", run_format},       {"escape", run_escape, true},   {"e", run_escape, true},
};

// What jinja2 has besides.
constexpr std::string_view kOthers[] = {"batch", "center", "filesizeformat", "forceescape", "groupby", "pprint", "random", "slice", "striptags",
                                        "truncate", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr"};

}  // namespace

Value run_filter(Machine& m, std::string_view name, const Value& value, const Arguments& arguments) {
  Machine::Deeper deeper(m);
  m.step();
  for (const FilterRule& rule : kFilters) {
    if (rule.name != name) continue;
    if (rule.plain && !(arguments.values.empty() && arguments.keywords.empty())) m.bad("the filter '{}' takes no arguments", name);
    return rule.run({m, value, arguments, name});
  }
  if (std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers))
    fail_template(Status::unsupported, m.line, "the filter '{}' is not among what chat templates may use here", name);
  m.bad("there is no filter '{}'", name);
}

}  // namespace prm::jinja
