// What every file format yields: metadata and named tensors, as views into the file. Bytes, no meaning.
#pragma once
#include <string_view>

#include "base/file.h"
#include "tensor/tensor.h"

namespace prm {

enum class MetaType : uint8_t { unsigned_int, signed_int, real, boolean, text, array };

struct MetaValue {
  MetaType type = MetaType::unsigned_int;
  uint64_t unsigned_int = 0;
  int64_t signed_int = 0;
  double real = 0;
  bool boolean = false;
  std::string_view text;
  // Arrays: elements of one type, packed as in the file; texts as 64-bit length + bytes.
  MetaType element = MetaType::unsigned_int;
  int element_bytes = 0;  // 0 for text
  uint64_t count = 0;
  std::span<const std::byte> raw;
};

struct NamedTensor {
  String name;
  Tensor data;   // [rows.., cols], row-major, last index fastest; read-only; its addresses lie in ModelFile::file
  FilePtr file;  // that it lies in, for messages and reports: the model's, or a part of it
  uint64_t offset = 0;  // in that file
};

inline constexpr size_t kMostTypesTold = 16;  // unsupported ones, in the text of an error

// A file that a model was read from.
struct SourceFile {
  String path;
  uint64_t bytes = 0;
  FilePtr file;  // where weights lie; null for what was read whole and closed
};

struct ModelFile {
  FilePtr file;  // of more than one: all of them joined
  String kind;   // "gguf", "safetensors"
  Map<String, MetaValue, std::less<>> metadata;
  std::shared_ptr<const void> storage;  // behind metadata that lies in no file
  Vector<NamedTensor> tensors;  // in the file's order

  Vector<SourceFile> sources;   // in a fixed order: parts and shards, and the JSON beside them
  Vector<NamedTensor> stored;   // as they lie in those files, where `tensors` are made of them; else empty

  const Vector<NamedTensor>& stored_tensors() const { return stored.empty() ? tensors : stored; }
  const NamedTensor* find_tensor(std::string_view name) const;
  void read_tensor(const NamedTensor& tensor, std::byte* to) const;  // its bytes
  const MetaValue* find(std::string_view key) const;
  // Values by key; a missing or mistyped one fails with bad_file naming the file and the key. `fallback` serves absence.
  int64_t integer(std::string_view key, int64_t least, int64_t most) const;
  int64_t integer_or(std::string_view key, int64_t least, int64_t most, int64_t fallback) const;
  double real_or(std::string_view key, double fallback) const;
  double real(std::string_view key) const;
  bool boolean_or(std::string_view key, bool fallback) const;
  std::string_view text(std::string_view key) const;
  std::string_view text_or(std::string_view key, std::string_view fallback) const;
  Vector<std::string_view> texts(std::string_view key) const;
  Vector<float> reals(std::string_view key) const;      // float32 arrays
  Vector<int32_t> integers(std::string_view key) const;  // 32-bit arrays
  [[noreturn]] void bad(std::string_view what) const;         // fails with bad_file: "<file>: <what>"
};

}  // namespace prm
