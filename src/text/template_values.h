// Values of a template: small, immutable but for namespaces, and all in one heap that goes when the rendering ends.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/containers.h"
#include "base/json_reader.h"

namespace prm::jinja {

enum class Kind : uint8_t { undefined, none, boolean, integer, big_integer, real, text, sequence, dict, names, macro, function, method, loop };

// A string. `marks`, where there are some, tell for each byte whether it is content (came from outside of the template);
// otherwise `content` tells it of all. Parts of a text share its bytes.
struct Text {
  const char* data = nullptr;
  const uint8_t* marks = nullptr;
  uint32_t size = 0;
  bool content = false;
  bool safe = false;  // of the filter `safe`: what is added to it is escaped for HTML, as jinja2 does

  std::string_view view() const { return {data, size}; }
  Text part(size_t begin, size_t count) const { return {data + begin, marks ? marks + begin : nullptr, uint32_t(count), content, safe}; }
};

struct Sequence;
struct Dict;
struct Names;
struct Macro;
struct Method;
struct Loop;
enum class Function : uint8_t { range, dict, names, raise, date };

struct Value {
  Kind kind = Kind::undefined;
  union {
    bool boolean;
    int64_t integer;
    double real;
    const Text* text = nullptr;  // of undefined: what is missing, or null; of a big integer: its digits
    Sequence* sequence;
    const Dict* dict;
    Names* names;
    const Macro* macro;
    const Method* method;
    Loop* loop;
    Function function;
  };
  bool is(Kind k) const { return kind == k; }
};

// What iterates. Generators give each of their items once, views of dicts have no places.
enum class SequenceKind : uint8_t { list, tuple, range, keys, values, items, generator };
struct Sequence {
  SequenceKind kind;
  uint8_t depth;      // of values inside of each other
  uint32_t size;
  uint32_t taken = 0;  // of a generator
  const Value* items;
};

struct Entry {
  Value key, value;
};
struct Dict {
  uint32_t size;
  uint8_t depth;
  const Entry* entries;
};

struct Names {  // a namespace
  Vector<Entry> entries;
};

// Where all of it lies. Nothing is given back before the end, and the sum is bounded.
class Heap {
 public:
  explicit Heap(size_t limit) : limit_(limit) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  ~Heap();

  void* allocate(size_t bytes);  // 16-byte aligned; fails with limit
  template <class T>
  T* make(T value) {
    return new (allocate(sizeof(T))) T(value);
  }
  template <class T>
  T* array(size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T)));
  }

  // `text` is copied.
  Value text(std::string_view text, bool content);
  Value text(const Text& part);  // shares the bytes
  // `items` are copied. Fails with limit when values lie too deep inside of each other.
  Value sequence(SequenceKind kind, const Vector<Value>& items);
  Value dict(const Vector<Entry>& entries);
  Value names();

 private:
  struct Block {
    Block* next;
  };
  struct NamesLink {
    Names names;
    NamesLink* next;
  };
  size_t limit_, used_ = 0;
  std::byte *next_ = nullptr, *end_ = nullptr;
  Block* blocks_ = nullptr;
  NamesLink* names_ = nullptr;
};

inline constexpr uint8_t kMaxValueDepth = 100;

inline Value none_value() { return {.kind = Kind::none, .text = nullptr}; }
inline Value boolean_value(bool b) {
  Value v{.kind = Kind::boolean, .text = nullptr};
  v.boolean = b;
  return v;
}
inline Value integer_value(int64_t i) { return {.kind = Kind::integer, .integer = i}; }
inline Value real_value(double r) { return {.kind = Kind::real, .real = r}; }
inline Value undefined_value(const Text* about = nullptr) { return {.kind = Kind::undefined, .text = about}; }

// A value that somebody else wrote: all of its strings are content.
Value json_value(Heap& heap, const JsonDocument& document, const JsonValue& from);

// Text that grows and remembers what of it is content.
class TextBuilder {
 public:
  // `together`: bytes that builders of one rendering hold at the same time, which the limit is for.
  explicit TextBuilder(size_t limit, size_t* together = nullptr) : limit_(limit), together_(together ? together : &own_) {}
  ~TextBuilder() { *together_ -= text_.size(); }
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;
  void add(std::string_view text, bool content);
  void add(const Text& text);
  size_t size() const { return text_.size(); }
  Value value(Heap& heap) const;
  const Vector<size_t>& borders() const { return borders_; }  // where content begins and ends, by turns
  String take() {
    *together_ -= text_.size();
    return std::exchange(text_, {});
  }

 private:
  String text_;
  Vector<size_t> borders_;
  size_t limit_, own_ = 0;
  size_t* together_;
};

}  // namespace prm::jinja
