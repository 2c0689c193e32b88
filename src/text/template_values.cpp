#include "text/template_values.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace prm::jinja {

namespace {

constexpr size_t kBlockBytes = 64 << 10;

[[noreturn]] void fail_memory(size_t limit) {
  fail(Status::limit, "chat template: its values take more than {} bytes", limit);
}

uint8_t depth_of(const Value& value) {
  return value.is(Kind::sequence) ? value.sequence->depth : value.is(Kind::dict) ? value.dict->depth : 0;
}

uint8_t deeper(uint8_t depth) {
  if (depth >= kMaxValueDepth) fail(Status::limit, "chat template: values lie more than {} deep in each other", kMaxValueDepth);
  return uint8_t(depth + 1);
}

}  // namespace

Heap::~Heap() {
  for (NamesLink* link = names_; link; link = link->next) link->names.~Names();
  while (blocks_) {
    Block* block = blocks_;
    blocks_ = block->next;
    release_object(block);
  }
}

void* Heap::allocate(size_t bytes) {
  if (bytes > limit_) fail_memory(limit_);
  bytes = (bytes + 15) / 16 * 16;
  if (bytes > size_t(end_ - next_)) {
    size_t whole = std::max(bytes, kBlockBytes) + 16;
    if (used_ + whole > limit_) fail_memory(limit_);
    auto* block = static_cast<Block*>(allocate_object(whole));
    used_ += whole;
    block->next = blocks_;
    blocks_ = block;
    std::byte* begin = reinterpret_cast<std::byte*>(block) + 16;
    if (bytes > kBlockBytes / 4) return begin;  // a block of its own: the rest of the last one stays in use
    next_ = begin;
    end_ = begin + (whole - 16);
  }
  void* place = next_;
  next_ += bytes;
  return place;
}

Value Heap::text(const Text& part) { return {.kind = Kind::text, .text = make(part)}; }

Value Heap::text(std::string_view text, bool content) {
  char* data = array<char>(text.size());
  if (!text.empty()) std::memcpy(data, text.data(), text.size());
  return this->text(Text{data, nullptr, uint32_t(text.size()), content});
}

Value Heap::sequence(SequenceKind kind, const Vector<Value>& items) {
  uint8_t depth = 0;
  for (const Value& item : items) depth = std::max(depth, depth_of(item));
  depth = deeper(depth);
  Value* copy = array<Value>(items.size());
  std::copy(items.begin(), items.end(), copy);
  return {.kind = Kind::sequence, .sequence = make(Sequence{kind, depth, uint32_t(items.size()), 0, copy})};
}

Value Heap::dict(const Vector<Entry>& entries) {
  uint8_t depth = 0;
  for (const Entry& e : entries) depth = std::max({depth, depth_of(e.key), depth_of(e.value)});
  depth = deeper(depth);
  Entry* copy = array<Entry>(entries.size());
  std::copy(entries.begin(), entries.end(), copy);
  return {.kind = Kind::dict, .dict = make(Dict{uint32_t(entries.size()), depth, copy})};
}

Value Heap::names() {
  auto* link = new (allocate(sizeof(NamesLink))) NamesLink{{}, names_};
  names_ = link;
  return {.kind = Kind::names, .names = &link->names};
}

namespace {

Value json_number(Heap& heap, const JsonValue& from) {
  if (from.kind == JsonKind::integer) return integer_value(from.integer);
  if (from.text.find_first_of(".eE") != from.text.npos) return real_value(from.real);
  Value value = heap.text(from.text, true);
  value.kind = Kind::big_integer;
  return value;
}

}  // namespace

Value json_value(Heap& heap, const JsonDocument& document, const JsonValue& from) {
  switch (from.kind) {
    case JsonKind::null: return none_value();
    case JsonKind::boolean: return boolean_value(from.boolean);
    case JsonKind::integer:
    case JsonKind::real: return json_number(heap, from);
    case JsonKind::string: return heap.text(from.text, true);
    case JsonKind::array: {
      Vector<Value> items;
      for (const JsonValue* item = document.first(from); item; item = document.next(*item)) items.push_back(json_value(heap, document, *item));
      return heap.sequence(SequenceKind::list, items);
    }
    case JsonKind::object: break;
  }
  Vector<Entry> entries;
  Map<std::string_view, size_t> places;  // of equal keys the first gives the place, the last the value
  for (const JsonValue* item = document.first(from); item; item = document.next(*item)) {
    Value value = json_value(heap, document, *item);
    auto [place, is_new] = places.emplace(item->key, entries.size());
    if (is_new) entries.push_back({heap.text(item->key, true), value});
    else entries[place->second].value = value;
  }
  return heap.dict(entries);
}

void TextBuilder::add(std::string_view text, bool content) {
  if (text.empty()) return;
  if (text.size() > limit_ - *together_) fail(Status::limit, "chat template: it writes more than {} bytes", limit_);
  if ((borders_.size() % 2 == 1) != content) {
    if (!borders_.empty() && borders_.back() == text_.size()) borders_.pop_back();
    else borders_.push_back(text_.size());
  }
  text_ += text;
  *together_ += text.size();
}

void TextBuilder::add(const Text& text) {
  if (!text.marks) return add(text.view(), text.content);
  for (size_t begin = 0, end; begin < text.size; begin = end) {
    for (end = begin + 1; end < text.size && text.marks[end] == text.marks[begin];) ++end;
    add(text.view().substr(begin, end - begin), text.marks[begin]);
  }
}

Value TextBuilder::value(Heap& heap) const {
  char* data = heap.array<char>(text_.size());
  std::copy(text_.begin(), text_.end(), data);
  Text text{data, nullptr, uint32_t(text_.size()), !borders_.empty()};
  bool mixed = borders_.size() > 1 || (borders_.size() == 1 && borders_[0] > 0);
  if (mixed) {
    auto* marks = heap.array<uint8_t>(text_.size());
    for (size_t i = 0, border = 0; i < text_.size(); ++i) {
      while (border < borders_.size() && borders_[border] <= i) ++border;
      marks[i] = border % 2;
    }
    text.marks = marks;
  }
  return heap.text(text);
}

}  // namespace prm::jinja
