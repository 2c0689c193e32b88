// The one JSON writer. Output is always valid: strings are escaped, bytes that are not UTF-8 become U+FFFD, numbers that
// JSON cannot hold become null.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/containers.h"

namespace prm {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(int64_t number);
  JsonWriter& value(uint64_t number);
  JsonWriter& value(int number) { return value(int64_t(number)); }
  JsonWriter& value(double number);
  JsonWriter& value(bool truth);
  template <class T>
  JsonWriter& pair(std::string_view name, const T& what) {
    key(name);
    return value(what);
  }
  const String& text() const { return text_; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void quote(std::string_view text);
  String text_;
  bool first_ = true;
};

}  // namespace prm
