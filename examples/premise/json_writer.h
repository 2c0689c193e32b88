// JSON out, always valid: bytes that are not UTF-8 become U+FFFD, numbers that JSON cannot hold become null.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

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
  JsonWriter& value(int32_t number) { return value(int64_t(number)); }
  JsonWriter& value(double number);
  JsonWriter& value(bool truth);
  JsonWriter& null();
  template <class T> JsonWriter& pair(std::string_view name, const T& what) { return key(name).value(what); }
  // A measurement, or null where there is none (negative).
  JsonWriter& measured(std::string_view name, double what) {
    return what < 0 ? key(name).null() : key(name).value(what);
  }
  template <class Items> JsonWriter& list(const Items& items) {
    begin_array();
    for (const auto& item : items) value(item);
    return end_array();
  }
  const std::string& text() const { return text_; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& plain(std::string_view token);
  void separate();
  void quote(std::string_view text);
  std::string text_;
  bool first_ = true;
};
