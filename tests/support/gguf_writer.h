// Writes GGUF files in memory for tests: metadata and tensors in the order given.
#pragma once
#include <cstring>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace prm::test {

class GgufWriter {
 public:
  std::string bytes;  // of metadata entries so far
  uint64_t pairs = 0;
  uint32_t version = 3;
  uint32_t alignment = 32;

  template <class T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static void put_text(std::string& to, std::string_view text) {
    put<uint64_t>(to, text.size());
    to.append(text);
  }
  template <class T>
  GgufWriter& scalar(std::string_view key, uint32_t type, T value) {
    put_text(bytes, key);
    put(bytes, type);
    put(bytes, value);
    ++pairs;
    return *this;
  }
  GgufWriter& u32(std::string_view key, uint32_t value) { return scalar(key, 4, value); }
  GgufWriter& f32(std::string_view key, float value) { return scalar(key, 6, value); }
  GgufWriter& boolean(std::string_view key, bool value) { return scalar<uint8_t>(key, 7, value); }
  GgufWriter& text(std::string_view key, std::string_view value) {
    put_text(bytes, key);
    put<uint32_t>(bytes, 8);
    put_text(bytes, value);
    ++pairs;
    return *this;
  }
  GgufWriter& texts(std::string_view key, const std::vector<std::string>& values) {
    begin_array(key, 8, values.size());
    for (const std::string& value : values) put_text(bytes, value);
    return *this;
  }
  template <class T>
  GgufWriter& array(std::string_view key, uint32_t type, const std::vector<T>& values) {
    begin_array(key, type, values.size());
    for (T value : values) put(bytes, value);
    return *this;
  }
  // Extents as the tree writes them: row-major, last fastest.
  GgufWriter& tensor(const std::string& name, DType type, std::vector<int64_t> shape, std::vector<std::byte> data) {
    tensors_.push_back({name, type, std::move(shape), std::move(data)});
    return *this;
  }
  std::string finish() const {
    std::string out = "GGUF", data;
    put(out, version);
    put<uint64_t>(out, tensors_.size());
    put(out, pairs);
    out += bytes;
    for (const Entry& t : tensors_) {
      put_text(out, t.name);
      put<uint32_t>(out, uint32_t(t.shape.size()));
      for (size_t i = t.shape.size(); i-- > 0;) put<uint64_t>(out, uint64_t(t.shape[i]));
      put<uint32_t>(out, uint32_t(info(t.type).gguf));
      put<uint64_t>(out, data.size());
      data.append(reinterpret_cast<const char*>(t.data.data()), t.data.size());
      data.resize((data.size() + alignment - 1) / alignment * alignment);
    }
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + data;
  }

 private:
  struct Entry {
    std::string name;
    DType type;
    std::vector<int64_t> shape;
    std::vector<std::byte> data;
  };
  void begin_array(std::string_view key, uint32_t type, uint64_t count) {
    put_text(bytes, key);
    put<uint32_t>(bytes, 9);
    put(bytes, type);
    put(bytes, count);
    ++pairs;
  }
  std::vector<Entry> tensors_;
};

}  // namespace prm::test
