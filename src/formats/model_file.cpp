#include "formats/model_file.h"

#include <cstring>

#include "base/error.h"

namespace prm {

void ModelFile::bad(std::string_view what) const { fail_about(Status::bad_file, file->name, "{}: {}", file->name, what); }

const NamedTensor* ModelFile::find_tensor(std::string_view name) const {
  for (const NamedTensor& tensor : tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

void ModelFile::read_tensor(const NamedTensor& tensor, std::byte* to) const {
  file->read(uint64_t(tensor.data.data - file->bytes.data()), tensor.data.bytes(), to);
}

const MetaValue* ModelFile::find(std::string_view key) const {
  auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

namespace {
const MetaValue& must_find(const ModelFile& file, std::string_view key) {
  const MetaValue* value = file.find(key);
  if (!value) file.bad(format_message("metadata '{}' is missing", key));
  return *value;
}

const MetaValue& typed_array(const ModelFile& file, std::string_view key, MetaType element, int element_bytes) {
  const MetaValue& value = must_find(file, key);
  if (value.type != MetaType::array || value.element != element || value.element_bytes != element_bytes)
    file.bad(format_message("metadata '{}' is not an array of the expected type", key));
  return value;
}
}  // namespace

int64_t ModelFile::integer(std::string_view key, int64_t least, int64_t most) const {
  const MetaValue& value = must_find(*this, key);
  bool whole = value.type == MetaType::unsigned_int || value.type == MetaType::signed_int;
  if (!whole) bad(format_message("metadata '{}' is not an integer", key));
  if (value.type == MetaType::unsigned_int ? value.unsigned_int > uint64_t(most) || (least > 0 && value.unsigned_int < uint64_t(least))
                                           : value.signed_int < least || value.signed_int > most) {
    std::string shown = value.type == MetaType::unsigned_int ? format_message("{}", value.unsigned_int) : format_message("{}", value.signed_int);
    bad(format_message("metadata '{}' is {}, expected {} to {}", key, shown, least, most));
  }
  return value.type == MetaType::unsigned_int ? int64_t(value.unsigned_int) : value.signed_int;
}

int64_t ModelFile::integer_or(std::string_view key, int64_t least, int64_t most, int64_t fallback) const {
  return find(key) ? integer(key, least, most) : fallback;
}

double ModelFile::real(std::string_view key) const {
  const MetaValue& value = must_find(*this, key);
  if (value.type != MetaType::real) bad(format_message("metadata '{}' is not a float", key));
  return value.real;
}

double ModelFile::real_or(std::string_view key, double fallback) const { return find(key) ? real(key) : fallback; }

bool ModelFile::boolean_or(std::string_view key, bool fallback) const {
  const MetaValue* value = find(key);
  if (!value) return fallback;
  if (value->type != MetaType::boolean) bad(format_message("metadata '{}' is not a bool", key));
  return value->boolean;
}

std::string_view ModelFile::text(std::string_view key) const {
  const MetaValue& value = must_find(*this, key);
  if (value.type != MetaType::text) bad(format_message("metadata '{}' is not a text", key));
  return value.text;
}

std::string_view ModelFile::text_or(std::string_view key, std::string_view fallback) const { return find(key) ? text(key) : fallback; }

Vector<std::string_view> ModelFile::texts(std::string_view key) const {
  const MetaValue& value = typed_array(*this, key, MetaType::text, 0);
  Vector<std::string_view> all;
  all.reserve(size_t(value.count));  // bounded: the reader has walked the array
  const std::byte* at = value.raw.data();
  for (uint64_t i = 0; i < value.count; ++i) {
    uint64_t length;
    std::memcpy(&length, at, 8);
    all.emplace_back(reinterpret_cast<const char*>(at + 8), size_t(length));
    at += 8 + length;
  }
  return all;
}

Vector<float> ModelFile::reals(std::string_view key) const {
  const MetaValue& value = typed_array(*this, key, MetaType::real, 4);
  Vector<float> all(size_t(value.count));
  if (!all.empty()) std::memcpy(all.data(), value.raw.data(), all.size() * 4);
  return all;
}

Vector<int32_t> ModelFile::integers(std::string_view key) const {
  const MetaValue& value = must_find(*this, key);
  bool whole = value.element == MetaType::signed_int || value.element == MetaType::unsigned_int;
  if (value.type != MetaType::array || !whole || value.element_bytes != 4) bad(format_message("metadata '{}' is not an array of 32-bit integers", key));
  Vector<int32_t> all(size_t(value.count));
  if (!all.empty()) std::memcpy(all.data(), value.raw.data(), all.size() * 4);
  return all;
}

}  // namespace prm
