// The one JSON reader, for text that others wrote: RFC 8259 to the letter, as Python's json reads it, without its NaN and
// Infinity. What is malformed, lone surrogates and bytes that are not UTF-8 among it, is refused with the place; of equal
// keys the last one holds. Reading takes no stack for nesting; size, depth and number of values are bounded.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/containers.h"

namespace prm {

enum class JsonKind : uint8_t { null, boolean, integer, real, string, array, object };

struct JsonValue {
  std::string_view key;        // of a member of an object
  std::string_view text;       // of a string: its content; of a number: its spelling
  union {
    int64_t integer = 0;       // a number without fraction and exponent that fits
    double real;               // any other number
  };
  uint32_t size = 0;           // children
  uint32_t after = 0;          // where the value behind all of this one stands
  JsonKind kind = JsonKind::null;
  bool boolean = false;
  bool last = true;            // no sibling follows
};

struct JsonLimits {
  const char* what;                    // what the text is, in errors: "tools_json"
  Status status = Status::bad_file;    // of a malformed text; one beyond the bounds is LIMIT
  size_t max_bytes = size_t(64) << 20;
  size_t max_values = size_t(4) << 20;
  size_t max_depth = 64;
};

// A text as a tree. Borrows the text that was read.
class JsonDocument {
 public:
  const JsonValue& root() const { return values_[0]; }
  // The children of an array or object in order; nullptr at the end, and for what has none.
  const JsonValue* first(const JsonValue& parent) const { return parent.size ? &parent + 1 : nullptr; }
  const JsonValue* next(const JsonValue& child) const { return child.last ? nullptr : &values_[child.after]; }
  // A member of an object, nullptr when there is none or `parent` is no object. Takes time for each member.
  const JsonValue* find(const JsonValue& parent, std::string_view key) const;

 private:
  friend class JsonParser;
  Vector<JsonValue> values_;   // each container before its children
  Vector<String> unescaped_;   // where strings with escapes lie: blocks that never grow beyond what was reserved
};

JsonDocument read_json(std::string_view text, const JsonLimits& limits);

}  // namespace prm
