#include "formats/gguf.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"

namespace prm {

namespace {

constexpr uint64_t kMaxPairs = 65536, kMaxTensors = 65536, kMaxText = 16u << 20, kMaxKey = 65535, kMaxTensorName = 255,
                   kMaxElements = 1u << 24, kMaxExtent = uint64_t(1) << 40, kReadAhead = 128 << 10;

// GGUF's value types: 0 u8, 1 i8, 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 bool, 8 text, 9 array, 10 u64, 11 i64, 12 f64.
struct ScalarType {
  MetaType type;
  int bytes;
};
constexpr ScalarType kScalars[] = {
    {MetaType::unsigned_int, 1}, {MetaType::signed_int, 1}, {MetaType::unsigned_int, 2}, {MetaType::signed_int, 2},
    {MetaType::unsigned_int, 4}, {MetaType::signed_int, 4}, {MetaType::real, 4},         {MetaType::boolean, 1},
    {MetaType::text, 0},         {MetaType::array, 0},      {MetaType::unsigned_int, 8}, {MetaType::signed_int, 8},
    {MetaType::real, 8},
};
constexpr uint32_t kScalarCount = 13;

struct Reader {
  const FileBytes& file;
  Listener& listener;
  const Limits& limits;
  uint64_t at = 0, loaded = 0;

  uint64_t left() const { return file.bytes.size() - at; }
  [[noreturn]] void bad(std::string_view what) const {
    Error error(Status::bad_file, format_message("{}: offset {}: {}", file.name, at, what), file.name);
    error.file_offset = at;
    throw error;
  }
  [[noreturn]] void over(const char* what, uint64_t found, uint64_t most) const {
    fail_about(Status::limit, file.name, "{}: {} is {}, the limit is {}", file.name, what, found, most);
  }
  // The header is read ahead in pieces; what it needs stays readable.
  void load(uint64_t n) {
    if (at + n > limits.metadata_bytes) over("what stands in front of the tensors (metadata_bytes)", at + n, limits.metadata_bytes);
    if (at + n <= loaded) return;
    uint64_t end = std::min<uint64_t>(file.bytes.size(), at + n + kReadAhead);
    file.load(loaded, end - loaded);
    loaded = end;
  }
  std::span<const std::byte> take(uint64_t n, const char* what) {
    if (n > left()) bad(format_message("the file ends inside {}", what));
    load(n);
    auto part = file.bytes.subspan(size_t(at), size_t(n));
    at += n;
    return part;
  }
  template <class T>
  T number(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  std::string_view text(uint64_t most, const char* what) {
    listener.turn();
    uint64_t n = number<uint64_t>(what);
    if (n > left()) bad(format_message("the file ends inside {}", what));
    if (n > most) over(what, n, most);
    auto part = take(n, what);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
};

uint64_t unsigned_at(const std::byte* data, int bytes) {
  uint64_t value = 0;
  std::memcpy(&value, data, size_t(bytes));  // little-endian machines only; see base/file.h
  return value;
}

MetaValue read_scalar(Reader& r, ScalarType scalar, const String& key) {
  MetaValue value;
  value.type = scalar.type;
  if (scalar.type == MetaType::text) {
    value.text = r.text(kMaxText, "a metadata text");
    return value;
  }
  auto raw = r.take(uint64_t(scalar.bytes), "a metadata value");
  uint64_t bits = unsigned_at(raw.data(), scalar.bytes);
  switch (scalar.type) {
    case MetaType::unsigned_int: value.unsigned_int = bits; break;
    case MetaType::signed_int: {
      int shift = 64 - 8 * scalar.bytes;
      value.signed_int = int64_t(bits << shift) >> shift;
      break;
    }
    case MetaType::boolean:
      if (bits > 1) r.bad(format_message("metadata '{}' is a bool of value {}", key, bits));
      value.boolean = bits;
      break;
    default:
      if (scalar.bytes == 4) {
        float f;
        std::memcpy(&f, raw.data(), 4);
        value.real = double(f);
      } else {
        std::memcpy(&value.real, raw.data(), 8);
      }
  }
  return value;
}

MetaValue read_array(Reader& r, const String& key) {
  uint32_t type = r.number<uint32_t>("an array's type");
  if (type >= kScalarCount || kScalars[type].type == MetaType::array) r.bad(format_message("metadata '{}': array of type {} is not known", key, type));
  MetaValue value;
  value.type = MetaType::array;
  value.element = kScalars[type].type;
  value.element_bytes = kScalars[type].bytes;
  value.count = r.number<uint64_t>("an array's length");
  uint64_t least = uint64_t(value.element_bytes ? value.element_bytes : 8), bytes;
  if (!checked_mul(value.count, least, bytes) || bytes > r.left()) r.bad(format_message("metadata '{}': {} elements do not fit the file", key, value.count));
  if (value.count > kMaxElements) r.over("an array's length", value.count, kMaxElements);
  uint64_t begin = r.at;
  if (value.element != MetaType::text) r.take(bytes, "an array");
  else
    for (uint64_t i = 0; i < value.count; ++i) r.text(kMaxText, "a text of an array");
  value.raw = r.file.bytes.subspan(size_t(begin), size_t(r.at - begin));
  return value;
}

void read_metadata(Reader& r, uint64_t pairs, ModelFile& out) {
  for (uint64_t i = 0; i < pairs; ++i) {
    String key(r.text(kMaxKey, "a metadata key"));
    if (key.empty()) r.bad("a metadata key is empty");
    uint32_t type = r.number<uint32_t>("a metadata type");
    if (type >= kScalarCount) r.bad(format_message("metadata '{}' has unknown type {}", key, type));
    MetaValue value = kScalars[type].type == MetaType::array ? read_array(r, key) : read_scalar(r, kScalars[type], key);
    if (!out.metadata.emplace(key, value).second) r.bad(format_message("metadata '{}' stands twice", key));
  }
}

const DTypeInfo* dtype_of_gguf(uint32_t number, DType& type) {
  for (int i = 0; i < kDTypeCount; ++i)
    if (kDTypes[i].gguf >= 0 && uint32_t(kDTypes[i].gguf) == number) {
      type = DType(i);
      return &kDTypes[i];
    }
  return nullptr;
}

// Every type that GGUF files had so far, by number, for a message that helps.
const char* gguf_type_name(uint32_t number) {
  static constexpr const char* kNames[] = {
      "F32",      "F16",      "Q4_0",     "Q4_1",  "Q4_2",  "Q4_3",  "Q5_0",       "Q5_1",       "Q8_0",       "Q8_1",  "Q2_K",
      "Q3_K",     "Q4_K",     "Q5_K",     "Q6_K",  "Q8_K",  "IQ2_XXS", "IQ2_XS",   "IQ3_XXS",    "IQ1_S",      "IQ4_NL", "IQ3_S",
      "IQ2_S",    "IQ4_XS",   "I8",       "I16",   "I32",   "I64",   "F64",        "IQ1_M",      "BF16",       "Q4_0_4_4", "Q4_0_4_8",
      "Q4_0_8_8", "TQ1_0",    "TQ2_0",    "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4", "NVFP4", "Q1_0",  "Q2_0"};
  return number < sizeof kNames / sizeof kNames[0] ? kNames[number] : "unknown";
}

// Reads one line of the tensor table. `bytes` is the tensor's size; a type without support is noted and skipped.
bool read_tensor(Reader& r, NamedTensor& tensor, uint64_t& bytes, Vector<String>& unsupported) {
  tensor.name = String(r.text(kMaxTensorName, "a tensor's name"));
  if (tensor.name.empty()) r.bad("a tensor's name is empty");
  uint32_t rank = r.number<uint32_t>("a tensor's rank");
  if (rank < 1 || rank > 4) r.bad(format_message("tensor '{}' has rank {}, expected 1 to 4", tensor.name, rank));
  uint64_t extents[4], count = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    extents[i] = r.number<uint64_t>("a tensor's extents");
    if (extents[i] < 1 || extents[i] > kMaxExtent || !checked_mul(count, extents[i], count))
      r.bad(format_message("tensor '{}': extent {} is {}", tensor.name, i, extents[i]));
  }
  uint32_t number = r.number<uint32_t>("a tensor's type");
  tensor.offset = r.number<uint64_t>("a tensor's offset");
  const DTypeInfo* type = dtype_of_gguf(number, tensor.data.dtype);
  if (!type) {
    String found = format_text("{} (type {}, first in '{}')", gguf_type_name(number), number, tensor.name);
    size_t same = found.find(", first");
    bool is_new = unsupported.size() < kMostTypesTold && std::none_of(unsupported.begin(), unsupported.end(), [&](const String& one) { return one.compare(0, same, found, 0, same) == 0; });
    if (is_new) unsupported.push_back(std::move(found));
    return false;
  }
  if (extents[0] % uint64_t(type->block)) r.bad(format_message("tensor '{}': rows of {} values do not hold blocks of {}", tensor.name, extents[0], type->block));
  if (!checked_mul(count / uint64_t(type->block), uint64_t(type->bytes), bytes)) r.bad(format_message("tensor '{}' is too large", tensor.name));
  tensor.data.rank = uint8_t(rank);
  for (uint32_t i = 0; i < rank; ++i) tensor.data.dim[i] = int64_t(extents[rank - 1 - i]);  // the file's first index is the fastest
  return true;
}

uint64_t alignment_of(const ModelFile& file) {
  uint64_t alignment = uint64_t(file.integer_or("general.alignment", 8, 1 << 20, 32));
  if (alignment & (alignment - 1)) file.bad(format_message("metadata 'general.alignment' is {}, not a power of two", alignment));
  return alignment;
}

// Places the tensors in the file: aligned, inside, not overlapping.
void place_tensors(Reader& r, ModelFile& out, const Vector<uint64_t>& sizes) {
  uint64_t alignment = alignment_of(out), data = round_up(size_t(r.at), size_t(alignment)), size = r.file.bytes.size();
  Vector<std::pair<uint64_t, size_t>> order;
  for (size_t i = 0; i < out.tensors.size(); ++i) {
    NamedTensor& tensor = out.tensors[i];
    uint64_t begin, end;
    if (tensor.offset % alignment) r.bad(format_message("tensor '{}': offset {} is not a multiple of {}", tensor.name, tensor.offset, alignment));
    if (!checked_add(data, tensor.offset, begin) || !checked_add(begin, sizes[i], end) || end > size)
      r.bad(format_message("tensor '{}' ends past the end of the file: it is truncated or malformed", tensor.name));
    tensor.file = out.file;
    tensor.offset = begin;
    tensor.data.data = const_cast<std::byte*>(r.file.bytes.data()) + begin;
    order.push_back({begin, i});
  }
  std::sort(order.begin(), order.end());
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1].first + sizes[order[i - 1].second] > order[i].first)
      r.bad(format_message("tensors '{}' and '{}' overlap", out.tensors[order[i - 1].second].name, out.tensors[order[i].second].name));
}

}  // namespace

bool is_gguf(const FileBytes& file) {
  file.load(0, std::min<size_t>(file.bytes.size(), 4));
  return file.bytes.size() >= 4 && !std::memcmp(file.bytes.data(), "GGUF", 4);
}

ModelFile read_gguf(FilePtr file, const Control& control, const Limits& limits) {
  ModelFile out;
  out.file = file;
  out.kind = "gguf";
  out.sources.push_back({file->name, file->bytes.size(), file});
  Listener listener(control);
  Reader r{*file, listener, limits};
  if (!is_gguf(*file)) r.bad("this is no GGUF file: it does not begin with 'GGUF'");
  r.at = 4;
  uint32_t version = r.number<uint32_t>("the version");
  if (version != 2 && version != 3)
    fail_about(Status::unsupported, file->name, "{}: GGUF version {} is not supported, versions 2 and 3 are{}", file->name, version,
               version & 0xffff ? "" : " (the file is big-endian)");
  uint64_t tensors = r.number<uint64_t>("the tensor count"), pairs = r.number<uint64_t>("the metadata count");
  if (pairs > r.left() / 13) r.bad(format_message("{} metadata entries do not fit the file", pairs));
  if (tensors > r.left() / 33) r.bad(format_message("{} tensors do not fit the file", tensors));
  if (pairs > kMaxPairs) r.over("the metadata count", pairs, kMaxPairs);
  if (uint64_t most = std::min(kMaxTensors, limits.tensors); tensors > most) r.over("the tensor count", tensors, most);
  read_metadata(r, pairs, out);
  Vector<String> unsupported;
  Map<String, bool> names;
  Vector<uint64_t> sizes;
  for (uint64_t i = 0; i < tensors; ++i) {
    NamedTensor tensor;
    uint64_t bytes = 0;
    bool known = read_tensor(r, tensor, bytes, unsupported);
    if (!names.emplace(tensor.name, known).second) r.bad(format_message("tensor '{}' stands twice", tensor.name));
    if (!known) continue;
    sizes.push_back(bytes);
    out.tensors.push_back(std::move(tensor));
  }
  if (!unsupported.empty()) {
    String list;
    for (const String& one : unsupported) list += (list.empty() ? "" : ", ") + one;
    fail_about(Status::unsupported, file->name, "{}: tensor types not supported: {}", file->name, list);
  }
  place_tensors(r, out, sizes);
  return out;
}

}  // namespace prm
