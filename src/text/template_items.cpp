// Places, attributes and items of values.
#include <algorithm>

#include "text/template_machine.h"

namespace prm::jinja {

bool is_iterable(const Value& value) {
  return value.is(Kind::undefined) || value.is(Kind::text) || value.is(Kind::sequence) || value.is(Kind::dict);
}

std::optional<size_t> length_of(const Value& value) {
  switch (value.kind) {
    case Kind::undefined: return 0;
    case Kind::text: return count_characters(value.text->view());
    case Kind::dict: return value.dict->size;
    case Kind::sequence:
      if (value.sequence->kind != SequenceKind::generator) return value.sequence->size;
      return {};
    default: return {};
  }
}

namespace {

Vector<Value> characters(Machine& m, const Text& text) {
  Vector<Value> items;
  std::string_view s = text.view();
  for (size_t at = 0, length; at < s.size(); at += length) {
    front_character(s.substr(at), length);
    items.push_back(m.heap.text(text.part(at, length)));
  }
  return items;
}

}  // namespace

Vector<Value> take_items(Machine& m, const Value& value, const char* what) {
  Vector<Value> items;
  switch (value.kind) {
    case Kind::undefined: break;
    case Kind::text: items = characters(m, *value.text); break;
    case Kind::dict:
      for (uint32_t i = 0; i < value.dict->size; ++i) items.push_back(value.dict->entries[i].key);
      break;
    case Kind::sequence: {
      Sequence& s = *value.sequence;
      items.assign(s.items + s.taken, s.items + s.size);
      if (s.kind == SequenceKind::generator) s.taken = s.size;
      break;
    }
    default: m.bad("{} needs something with items, and is given {}", what, type_name(value));
  }
  m.work_items(items.size());
  return items;
}

const Value* find_entry(Machine& m, const Dict& dict, const Value& key) {
  if (key.is(Kind::dict) || (key.is(Kind::sequence) && key.sequence->kind == SequenceKind::list)) m.bad("{} cannot be a key", type_name(key));
  m.work_items(dict.size);
  if (key.is(Kind::text)) {
    // Keys of other sizes are told apart by these.
    size_t same = 0;
    for (uint32_t i = 0; i < dict.size; ++i) same += dict.entries[i].key.is(Kind::text) && dict.entries[i].key.text->size == key.text->size;
    m.work_bytes(same * key.text->size);
    return find_entry(dict, key.text->view());
  }
  for (uint32_t i = 0; i < dict.size; ++i)
    if (!dict.entries[i].key.is(Kind::text) && equal(m, dict.entries[i].key, key)) return &dict.entries[i].value;
  return nullptr;
}

const Value* find_entry(const Dict& dict, std::string_view key) {
  for (uint32_t i = 0; i < dict.size; ++i)
    if (dict.entries[i].key.is(Kind::text) && dict.entries[i].key.text->view() == key) return &dict.entries[i].value;
  return nullptr;
}

namespace {

const Text* missing(Machine& m, std::string_view name) { return m.heap.text(name, false).text; }

// The place of an index in so many items; -1 when there is none.
int64_t place(int64_t index, size_t size) {
  if (index < 0) index += int64_t(size);
  return index < 0 || index >= int64_t(size) ? -1 : index;
}

bool has_places(const Sequence& s) { return s.kind <= SequenceKind::range; }

Value character_at(Machine& m, const Text& text, int64_t index) {
  m.work_bytes(text.size);
  int64_t at = place(index, count_characters(text.view()));
  if (at < 0) return undefined_value();
  size_t begin = byte_at(text.view(), size_t(at)), length;
  front_character(text.view().substr(begin), length);
  return m.heap.text(text.part(begin, length));
}

[[noreturn]] void of_undefined(Machine& m, const Value& object, std::string_view key) {
  if (object.text) m.bad("'{}' is undefined, and has no '{}'", object.text->view().substr(0, 80), key.substr(0, 80));
  m.bad("'{}' is asked of something undefined", key.substr(0, 80));
}

}  // namespace

Value get_item(Machine& m, const Value& object, const Value& key) {
  if (object.is(Kind::undefined)) of_undefined(m, object, key.is(Kind::text) ? key.text->view() : "item");
  auto index = as_integer(key);
  if (object.is(Kind::dict)) {
    if (const Value* found = find_entry(m, *object.dict, key)) return *found;
  } else if (object.is(Kind::sequence) && has_places(*object.sequence) && index) {
    int64_t at = place(*index, object.sequence->size);
    return at < 0 ? undefined_value() : object.sequence->items[at];
  } else if (object.is(Kind::text) && index) {
    return character_at(m, *object.text, *index);
  }
  if (!key.is(Kind::text)) return undefined_value();
  Value method = object.is(Kind::names) ? get_attribute(m, object, key.text->view()) : find_method(m, object, key.text->view());
  return method.is(Kind::undefined) ? undefined_value(key.text) : method;
}

Value get_attribute(Machine& m, const Value& object, std::string_view name) {
  if (object.is(Kind::undefined)) of_undefined(m, object, name);
  if (object.is(Kind::names)) {
    m.work_items(object.names->entries.size());
    for (const Entry& e : object.names->entries)
      if (e.key.text->view() == name) return e.value;
    return undefined_value(missing(m, name));
  }
  Value method = find_method(m, object, name);
  if (!method.is(Kind::undefined)) return method;
  if (object.is(Kind::dict)) {
    m.work_items(object.dict->size);
    if (const Value* found = find_entry(*object.dict, name)) return *found;
  }
  return undefined_value(missing(m, name));
}

namespace {

struct Range {
  int64_t first, step;
  size_t count;
};

int64_t clamp_bound(Machine& m, const Value& bound, int64_t size, int64_t least, int64_t most, int64_t otherwise) {
  if (bound.is(Kind::none)) return otherwise;
  auto i = as_integer(bound);
  if (!i) m.bad("a slice needs integers, and is given {}", type_name(bound));
  return std::clamp(*i < 0 ? *i + size : *i, least, most);
}

Range slice_range(Machine& m, const Value (&bounds)[3], int64_t size) {
  int64_t step = clamp_bound(m, bounds[2], 0, -(int64_t(1) << 40), int64_t(1) << 40, 1);
  if (step == 0) m.bad("a slice's step is 0");
  int64_t least = step < 0 ? -1 : 0, most = step < 0 ? size - 1 : size;
  int64_t first = clamp_bound(m, bounds[0], size, least, most, step < 0 ? most : least);
  int64_t last = clamp_bound(m, bounds[1], size, least, most, step < 0 ? least : most);
  int64_t span = step < 0 ? first - last : last - first, stride = step < 0 ? -step : step;
  return {first, step, span > 0 ? size_t((span + stride - 1) / stride) : 0};
}

}  // namespace

Value get_slice(Machine& m, const Value& object, const Value (&bounds)[3]) {
  if (object.is(Kind::text)) {
    const Text& text = *object.text;
    m.work_bytes(text.size);
    Range range = slice_range(m, bounds, int64_t(count_characters(text.view())));
    if (range.step == 1) {
      size_t begin = byte_at(text.view(), size_t(range.first)), size = byte_at(text.view().substr(begin), range.count);
      return m.heap.text(text.part(begin, size));
    }
    Vector<Value> all = characters(m, text);
    m.work_items(all.size());
    TextBuilder out = m.builder();
    for (size_t i = 0; i < range.count; ++i) out.add(*all[size_t(range.first + int64_t(i) * range.step)].text);
    return out.value(m.heap);
  }
  if (object.is(Kind::undefined)) of_undefined(m, object, "slice");
  if (!object.is(Kind::sequence) || !has_places(*object.sequence)) return undefined_value();
  Range range = slice_range(m, bounds, object.sequence->size);
  m.work_items(range.count);
  Vector<Value> items;
  for (size_t i = 0; i < range.count; ++i) items.push_back(object.sequence->items[range.first + int64_t(i) * range.step]);
  return m.heap.sequence(object.sequence->kind, items);
}

Value dotted_attribute(Machine& m, const Value& object, const Value& path) {
  if (!path.is(Kind::text)) return get_item(m, object, path);
  std::string_view names = path.text->view();
  Value value = object;
  for (size_t begin = 0; begin <= names.size();) {
    size_t end = std::min(names.find('.', begin), names.size());
    std::string_view part = names.substr(begin, end - begin);
    bool number = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
    Value key = m.heap.text(path.text->part(begin, part.size()));
    if (number) {
      int64_t index = 0;
      for (char c : part) index = index * 10 + (c - '0');
      key = integer_value(index);
    }
    value = get_item(m, value, key);
    begin = end + 1;
  }
  return value;
}

namespace {

Value sort_key(Machine& m, const Value& item, bool case_sensitive, const Value* attribute) {
  Value key = attribute ? dotted_attribute(m, item, *attribute) : item;
  return key.is(Kind::text) && !case_sensitive ? change_case(m, *key.text, Letters::lower) : key;
}

}  // namespace

// Merging from below: stable, and no order that contradicts itself can hurt it.
Vector<Value> sorted(Machine& m, Vector<Value> items, bool reverse, bool case_sensitive, const Value* attribute) {
  Vector<Entry> from, to;
  for (const Value& item : items) from.push_back({sort_key(m, item, case_sensitive, attribute), item});
  to.resize(from.size());
  for (size_t width = 1; width < from.size(); width *= 2) {
    for (size_t begin = 0; begin < from.size(); begin += 2 * width) {
      size_t a = begin, middle = std::min(begin + width, from.size()), b = middle, end = std::min(begin + 2 * width, from.size());
      for (size_t i = begin; i < end; ++i) {
        bool second = a == middle || (b < end && (reverse ? order(m, from[a].key, from[b].key, "<") == -1 : order(m, from[b].key, from[a].key, "<") == -1));
        to[i] = second ? from[b++] : from[a++];
      }
    }
    from.swap(to);
  }
  for (size_t i = 0; i < items.size(); ++i) items[i] = from[i].value;
  return items;
}

}  // namespace prm::jinja
