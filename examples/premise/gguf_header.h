// The head of a GGUF file (version 3): settings, then a line for each tensor.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

class GgufHeader {
 public:
  static constexpr uint64_t kAlignment = 32;  // of tensors, counted from the end of the head
  static uint64_t aligned(uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

  void u32(std::string_view key, uint32_t value) { begin_pair(key, 4), put(settings_, value); }
  void f32(std::string_view key, float value) { begin_pair(key, 6), put(settings_, value); }
  void boolean(std::string_view key, bool value) { begin_pair(key, 7), put(settings_, uint8_t(value)); }
  void text(std::string_view key, std::string_view value) { begin_pair(key, 8), put_text(settings_, value); }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    begin_array(key, 8, values.size());
    for (const std::string& value : values) put_text(settings_, value);
  }
  void integers(std::string_view key, const std::vector<int32_t>& values) {
    begin_array(key, 5, values.size());
    for (int32_t value : values) put(settings_, value);
  }
  // Extents with the fastest first, as the format has them.
  void tensor(std::string_view name, const std::vector<uint64_t>& extents, uint32_t type, uint64_t offset) {
    put_text(tensors_, name);
    put(tensors_, uint32_t(extents.size()));
    for (uint64_t extent : extents) put(tensors_, extent);
    put(tensors_, type);
    put(tensors_, offset);
    ++tensor_count_;
  }
  std::string finish() const {
    std::string out = "GGUF";
    put(out, uint32_t(3));
    put(out, tensor_count_);
    put(out, pair_count_);
    out += settings_ + tensors_;
    out.resize(aligned(out.size()));
    return out;
  }

 private:
  template <class T>
  static void put(std::string& to, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    to.append(bytes, sizeof value);
  }
  static void put_text(std::string& to, std::string_view text) {
    put(to, uint64_t(text.size()));
    to += text;
  }
  void begin_pair(std::string_view key, uint32_t type) {
    put_text(settings_, key);
    put(settings_, type);
    ++pair_count_;
  }
  void begin_array(std::string_view key, uint32_t type, uint64_t count) {
    begin_pair(key, 9);
    put(settings_, type);
    put(settings_, count);
  }
  std::string settings_, tensors_;
  uint64_t pair_count_ = 0, tensor_count_ = 0;
};
