// Methods of strings, dicts and lists.
#include "base/utf8.h"
#include "text/template_machine.h"
#include "text/unicode_table.h"

namespace prm::jinja {

namespace {

struct Call : CallSite {
  const Text& text() const { return *self.text; }
  void none() const {
    if (!arguments.values.empty() || !arguments.keywords.empty()) m.bad("{} takes no arguments", name);
  }
};

Value strip_side(const Call& c, Side side) {
  auto [chars] = bind(c.m, c.arguments, c.name, {"chars"});
  c.m.work_bytes(c.text().size);
  if (!Call::given(chars)) return c.m.heap.text(strip(c.text(), side, nullptr));
  std::string_view among = text_argument(c.m, *chars, c.name).view();
  c.m.work_search(c.text(), among.size());
  return c.m.heap.text(strip(c.text(), side, &among));
}
Value call_strip(const Call& c) { return strip_side(c, Side::both); }
Value call_lstrip(const Call& c) { return strip_side(c, Side::left); }
Value call_rstrip(const Call& c) { return strip_side(c, Side::right); }

Value split_from(const Call& c, bool from_right) {
  auto [sep, most] = bind(c.m, c.arguments, c.name, {"sep", "maxsplit"});
  int64_t count = most ? integer_argument(c.m, *most, c.name) : -1;
  if (!Call::given(sep)) return split(c.m, c.text(), nullptr, count, from_right);
  Text separator = text_argument(c.m, *sep, c.name);
  return split(c.m, c.text(), &separator, count, from_right);
}
Value call_split(const Call& c) { return split_from(c, false); }
Value call_rsplit(const Call& c) { return split_from(c, true); }

Value partition_from(const Call& c, bool from_right) {
  auto [sep] = bind(c.m, c.arguments, c.name, {"sep"});
  Text by = text_argument(c.m, required(c.m, sep, c.name, "sep"), c.name);
  if (!by.size) c.m.bad("{}: the separator is empty", c.name);
  const Text& s = c.text();
  c.m.work_search(s, by.size);
  size_t at = from_right ? s.view().rfind(by.view()) : s.view().find(by.view());
  Text parts[3] = {s, s.part(0, 0), s.part(0, 0)};
  if (at != std::string_view::npos) parts[0] = s.part(0, at), parts[1] = by, parts[2] = s.part(at + by.size, s.size - at - by.size);
  else if (from_right) std::swap(parts[0], parts[2]);
  Vector<Value> items;
  for (const Text& part : parts) items.push_back(c.m.heap.text(part));
  return c.m.heap.sequence(SequenceKind::tuple, items);
}
Value call_partition(const Call& c) { return partition_from(c, false); }
Value call_rpartition(const Call& c) { return partition_from(c, true); }

// The part of a text that optional indices `start` and `end` name; false: none, not even an empty one.
bool part_of(const Call& c, const Value* start, const Value* end, Text& part, int64_t& first) {
  const Text& s = c.text();
  int64_t size = int64_t(count_characters(s.view())), last = size;
  auto bound = [&](const Value* v, int64_t otherwise) {
    if (!Call::given(v)) return otherwise;
    int64_t i = integer_argument(c.m, *v, c.name);
    return i < 0 ? std::max<int64_t>(i + size, 0) : i;
  };
  first = bound(start, 0);
  last = std::min(bound(end, size), size);
  c.m.work_bytes(s.size);
  if (first > last) return false;
  size_t begin = byte_at(s.view(), size_t(first));
  part = s.part(begin, byte_at(s.view().substr(begin), size_t(last - first)));
  return true;
}

Value affix(const Call& c, bool front) {
  auto [wanted, start, end] = bind(c.m, c.arguments, c.name, {"prefix", "start", "end"});
  const Value& one = required(c.m, wanted, c.name, "prefix");
  Text s;
  int64_t first;
  bool any = part_of(c, start, end, s, first);
  auto fits = [&](const Value& v) {
    std::string_view t = text_argument(c.m, v, c.name).view();
    c.m.step();
    c.m.work_bytes(std::min(t.size(), size_t(s.size)));
    return any && (front ? s.view().starts_with(t) : s.view().ends_with(t));
  };
  if (!one.is(Kind::sequence) || one.sequence->kind != SequenceKind::tuple) return boolean_value(fits(one));
  for (uint32_t i = 0; i < one.sequence->size; ++i)
    if (fits(one.sequence->items[i])) return boolean_value(true);
  return boolean_value(false);
}
Value call_startswith(const Call& c) { return affix(c, true); }
Value call_endswith(const Call& c) { return affix(c, false); }

int64_t find_in(const Call& c, bool from_right) {
  auto [wanted, start, end] = bind(c.m, c.arguments, c.name, {"sub", "start", "end"});
  std::string_view sub = text_argument(c.m, required(c.m, wanted, c.name, "sub"), c.name).view();
  Text s;
  int64_t first;
  if (!part_of(c, start, end, s, first)) return -1;
  c.m.work_search(s, sub.size());
  size_t at = from_right ? s.view().rfind(sub) : s.view().find(sub);
  return at == std::string_view::npos ? -1 : first + int64_t(count_characters(s.view().substr(0, at)));
}
Value call_find(const Call& c) { return integer_value(find_in(c, false)); }
Value call_rfind(const Call& c) { return integer_value(find_in(c, true)); }
Value call_index(const Call& c) {
  int64_t at = find_in(c, false);
  if (at < 0) c.m.bad("index: there is no such part in the string");
  return integer_value(at);
}

Value call_count(const Call& c) {
  auto [wanted] = bind(c.m, c.arguments, c.name, {"sub"});
  std::string_view s = c.text().view(), sub = text_argument(c.m, required(c.m, wanted, c.name, "sub"), c.name).view();
  c.m.work_search(c.text(), sub.size());
  if (sub.empty()) return integer_value(int64_t(count_characters(s)) + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = s.find(sub, at)) != s.npos; at += sub.size()) ++count;
  return integer_value(count);
}

Value call_replace(const Call& c) {
  auto [old, by, count] = bind(c.m, c.arguments, c.name, {"old", "new", "count"});
  Text from = text_argument(c.m, required(c.m, old, c.name, "old"), c.name), to = text_argument(c.m, required(c.m, by, c.name, "new"), c.name);
  return replace(c.m, c.text(), from, to, count ? integer_argument(c.m, *count, c.name) : -1);
}

Value cased(const Call& c, Letters how) {
  c.none();
  return change_case(c.m, c.text(), how);
}
Value call_upper(const Call& c) { return cased(c, Letters::upper); }
Value call_lower(const Call& c) { return cased(c, Letters::lower); }
Value call_title(const Call& c) { return cased(c, Letters::title); }
Value call_capitalize(const Call& c) { return cased(c, Letters::capital); }

Value call_join(const Call& c) {
  auto [all] = bind(c.m, c.arguments, c.name, {"iterable"});
  TextBuilder out = c.m.builder();
  bool first = true;
  for (const Value& item : take_items(c.m, required(c.m, all, c.name, "iterable"), "join")) {
    if (!std::exchange(first, false)) out.add(c.text());
    out.add(text_argument(c.m, item, c.name));
  }
  return out.value(c.m.heap);
}

Value call_splitlines(const Call& c) {
  auto [keep] = bind(c.m, c.arguments, c.name, {"keepends"});
  return split_lines(c.m, c.text(), keep && truth(*keep));
}

Value remove_affix(const Call& c, bool front) {
  auto [wanted] = bind(c.m, c.arguments, c.name, {"prefix"});
  std::string_view t = text_argument(c.m, required(c.m, wanted, c.name, "prefix"), c.name).view();
  const Text& s = c.text();
  c.m.work_bytes(std::min(t.size(), size_t(s.size)));
  if (front) return c.m.heap.text(s.view().starts_with(t) ? s.part(t.size(), s.size - t.size()) : s);
  return c.m.heap.text(s.view().ends_with(t) ? s.part(0, s.size - t.size()) : s);
}
Value call_removeprefix(const Call& c) { return remove_affix(c, true); }
Value call_removesuffix(const Call& c) { return remove_affix(c, false); }

Value all_are(const Call& c, bool (*is)(uint32_t)) {
  c.none();
  c.m.work_bytes(c.text().size);
  return boolean_value(all_characters(c.text().view(), is));
}
bool is_letter(uint32_t code) { return kind_of(code) == CodeKind::letter; }
bool is_decimal(uint32_t code) { return code < 0x80 ? code >= '0' && code <= '9' : kind_of(code) == CodeKind::number; }
bool is_letter_or_digit(uint32_t code) { return is_letter(code) || kind_of(code) == CodeKind::number; }
Value call_isspace(const Call& c) { return all_are(c, is_space); }
Value call_isdigit(const Call& c) { return all_are(c, is_decimal); }
Value call_isalpha(const Call& c) { return all_are(c, is_letter); }
Value call_isalnum(const Call& c) { return all_are(c, is_letter_or_digit); }

// Some letter has a case, and none another than this one.
Value has_case(const Call& c, Letters how) {
  c.none();
  Value same = change_case(c.m, c.text(), how), other = change_case(c.m, c.text(), how == Letters::upper ? Letters::lower : Letters::upper);
  return boolean_value(same.text->view() == c.text().view() && other.text->view() != c.text().view());
}
Value call_isupper(const Call& c) { return has_case(c, Letters::upper); }
Value call_islower(const Call& c) { return has_case(c, Letters::lower); }

Value call_format(const Call& c) { return format_braces(c.m, c.text(), c.arguments); }

// dicts
Value view_of(const Call& c, SequenceKind kind) {
  c.none();
  const Dict& d = *c.self.dict;
  c.m.work_items(d.size);
  Vector<Value> items;
  for (uint32_t i = 0; i < d.size; ++i) {
    const Entry& e = d.entries[i];
    items.push_back(kind == SequenceKind::keys ? e.key : kind == SequenceKind::values ? e.value : c.m.heap.sequence(SequenceKind::tuple, {e.key, e.value}));
  }
  return c.m.heap.sequence(kind, items);
}
Value call_items(const Call& c) { return view_of(c, SequenceKind::items); }
Value call_keys(const Call& c) { return view_of(c, SequenceKind::keys); }
Value call_values(const Call& c) { return view_of(c, SequenceKind::values); }

Value call_get(const Call& c) {
  auto [key, otherwise] = bind(c.m, c.arguments, c.name, {"key", "default"});
  if (const Value* found = find_entry(c.m, *c.self.dict, required(c.m, key, c.name, "key"))) return *found;
  return otherwise ? *otherwise : none_value();
}

Value call_copy(const Call& c) {
  c.none();
  return c.self;
}

// lists
Value call_list_count(const Call& c) {
  auto [wanted] = bind(c.m, c.arguments, c.name, {"value"});
  int64_t count = 0;
  for (uint32_t i = 0; i < c.self.sequence->size; ++i) count += equal(c.m, c.self.sequence->items[i], required(c.m, wanted, c.name, "value"));
  return integer_value(count);
}
Value call_list_index(const Call& c) {
  auto [wanted] = bind(c.m, c.arguments, c.name, {"value"});
  for (uint32_t i = 0; i < c.self.sequence->size; ++i)
    if (equal(c.m, c.self.sequence->items[i], required(c.m, wanted, c.name, "value"))) return integer_value(i);
  c.m.bad("index: there is no such item in the list");
}

Value call_change(const Call& c) { c.m.bad("'{}' would change a value: templates may not, as in transformers' sandbox", c.name); }

struct MethodRule {
  Kind of;
  std::string_view name;
  Value (*call)(const Call&);
};
constexpr MethodRule kMethods[] = {
    {Kind::text, "strip", call_strip},           {Kind::text, "lstrip", call_lstrip},         {Kind::text, "rstrip", call_rstrip},
    {Kind::text, "split", call_split},           {Kind::text, "rsplit", call_rsplit},         {Kind::text, "splitlines", call_splitlines},
    {Kind::text, "startswith", call_startswith}, {Kind::text, "endswith", call_endswith},     {Kind::text, "replace", call_replace},
    {Kind::text, "upper", call_upper},           {Kind::text, "lower", call_lower},           {Kind::text, "title", call_title},
    {Kind::text, "capitalize", call_capitalize}, {Kind::text, "join", call_join},             {Kind::text, "find", call_find},
    {Kind::text, "rfind", call_rfind},           {Kind::text, "index", call_index},           {Kind::text, "count", call_count},
    {Kind::text, "partition", call_partition},   {Kind::text, "rpartition", call_rpartition}, {Kind::text, "removeprefix", call_removeprefix},
    {Kind::text, "removesuffix", call_removesuffix}, {Kind::text, "isspace", call_isspace},   {Kind::text, "isdigit", call_isdigit},
    {Kind::text, "isalpha", call_isalpha},       {Kind::text, "isalnum", call_isalnum},       {Kind::text, "isupper", call_isupper},
    {Kind::text, "islower", call_islower},       {Kind::text, "format", call_format},         {Kind::dict, "get", call_get},
    {Kind::dict, "items", call_items},           {Kind::dict, "keys", call_keys},             {Kind::dict, "values", call_values},
    {Kind::dict, "copy", call_copy},             {Kind::dict, "pop", call_change},            {Kind::dict, "update", call_change},
    {Kind::dict, "setdefault", call_change},     {Kind::dict, "clear", call_change},          {Kind::dict, "popitem", call_change},
    {Kind::sequence, "count", call_list_count},  {Kind::sequence, "index", call_list_index},  {Kind::sequence, "append", call_change},
    {Kind::sequence, "pop", call_change},        {Kind::sequence, "extend", call_change},     {Kind::sequence, "insert", call_change},
    {Kind::sequence, "remove", call_change},     {Kind::sequence, "reverse", call_change},    {Kind::sequence, "sort", call_change},
    {Kind::sequence, "clear", call_change},
};

}  // namespace

Value find_method(Machine& m, const Value& object, std::string_view name) {
  if (!object.is(Kind::text) && !object.is(Kind::dict) && !object.is(Kind::sequence)) return undefined_value();
  if (object.is(Kind::sequence) && object.sequence->kind > SequenceKind::tuple) return undefined_value();
  for (const MethodRule& rule : kMethods)
    if (rule.of == object.kind && rule.name == name) return {.kind = Kind::method, .method = m.heap.make(Method{object, int(&rule - kMethods)})};
  return undefined_value();
}

Value call_method(Machine& m, const Method& method, const Arguments& arguments) {
  const MethodRule& rule = kMethods[method.id];
  return rule.call({m, method.object, arguments, rule.name});
}

}  // namespace prm::jinja
