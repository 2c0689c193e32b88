#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "base/json_reader.h"

namespace prm {

namespace {

constexpr uint64_t kMaxHeader = 100 << 20, kMaxTensors = 1 << 20, kMaxExtent = uint64_t(1) << 40;
constexpr size_t kMaxName = 255;

struct TypeName {
  std::string_view name;
  DType type;
};
constexpr TypeName kTypes[] = {{"F32", DType::f32}, {"F16", DType::f16}, {"BF16", DType::bf16}};

struct Header {
  FilePtr file;
  JsonDocument json;
  uint64_t data;  // where the tensors begin

  [[noreturn]] void bad(std::string_view what) const {
    fail_about(Status::bad_file, file->name, "{}: {}", file->name, what);
  }
  uint64_t number(const JsonValue& value, std::string_view tensor, const char* what) const {
    if (value.kind != JsonKind::integer || value.integer < 0)
      bad(format_message("tensor '{}': its {} are not whole numbers", tensor, what));
    return uint64_t(value.integer);
  }
};

Header read_header(FilePtr file, const Limits& bounds) {
  Header header{file, {}, 0};
  uint64_t length = 0, size = file->bytes.size();
  if (size < 8) header.bad("the file ends inside the header's length");
  file->load(0, 8);
  std::memcpy(&length, file->bytes.data(), 8);
  if (length > size - 8)
    header.bad(format_message("the header's length is {}, the file has {} bytes behind it", length, size - 8));
  if (uint64_t most = std::min(kMaxHeader, bounds.metadata_bytes); length > most)
    fail_about(Status::limit, file->name, "{}: the header has {} bytes, the limit is {}", file->name, length, most);
  file->load(0, 8 + length);
  JsonLimits limits{.what = file->name.c_str(),
                    .max_bytes = size_t(kMaxHeader),
                    .max_values = size_t(kMaxTensors) * 12,
                    .max_depth = std::min(size_t(4), size_t(bounds.nesting))};
  header.json = read_json({reinterpret_cast<const char*>(file->bytes.data()) + 8, size_t(length)}, limits);
  header.data = 8 + length;
  if (header.json.root().kind != JsonKind::object) header.bad("the header is no JSON object");
  return header;
}

// The values that a shape has; fills the tensor's extents.
uint64_t read_shape(const Header& h, const JsonValue& shape, NamedTensor& tensor) {
  if (shape.kind != JsonKind::array || shape.size > uint32_t(kMaxRank))
    h.bad(format_message("tensor '{}': its shape is no list of up to {} extents", tensor.name, kMaxRank));
  uint64_t count = 1;
  for (const JsonValue* extent = h.json.first(shape); extent; extent = h.json.next(*extent)) {
    uint64_t n = h.number(*extent, tensor.name, "extents");
    if (n < 1 || n > kMaxExtent || !checked_mul(count, n, count))
      h.bad(format_message("tensor '{}': extent {} is {}", tensor.name, tensor.data.rank, n));
    tensor.data.dim[tensor.data.rank++] = int64_t(n);
  }
  return count;
}

// False where the type is not supported; it is noted then.
bool read_type(const Header& h, const JsonValue& type, NamedTensor& tensor, Vector<String>& unsupported) {
  if (type.kind != JsonKind::string) h.bad(format_message("tensor '{}': its dtype is no text", tensor.name));
  for (const TypeName& known : kTypes)
    if (type.text == known.name) {
      tensor.data.dtype = known.type;
      return true;
    }
  String found(type.text.substr(0, 40));
  bool is_new = unsupported.size() < kMostTypesTold && std::find(unsupported.begin(), unsupported.end(), found) == unsupported.end();
  if (is_new) unsupported.push_back(found);
  return false;
}

void read_tensor(const Header& h, const JsonValue& entry, Vector<NamedTensor>& out, Vector<uint64_t>& ends,
                 Vector<String>& unsupported) {
  NamedTensor tensor;
  if (entry.key.empty() || entry.key.size() > kMaxName)
    h.bad(format_message("a tensor's name has {} bytes, expected 1 to {}", entry.key.size(), kMaxName));
  tensor.name = entry.key;
  const JsonValue *type = h.json.find(entry, "dtype"), *shape = h.json.find(entry, "shape"),
                  *offsets = h.json.find(entry, "data_offsets");
  if (!type || !shape || !offsets || offsets->kind != JsonKind::array || offsets->size != 2)
    h.bad(format_message("tensor '{}' lacks dtype, shape or data_offsets", tensor.name));
  const JsonValue& first = *h.json.first(*offsets);
  uint64_t begin = h.number(first, tensor.name, "offsets"), end = h.number(*h.json.next(first), tensor.name, "offsets"),
           bytes = 0;
  if (begin > end || end > h.file->bytes.size() - h.data)
    h.bad(format_message("tensor '{}' lies from {} to {}, behind the header come {} bytes", tensor.name, begin, end,
                         h.file->bytes.size() - h.data));
  bool known = read_type(h, *type, tensor, unsupported);
  uint64_t count = read_shape(h, *shape, tensor);
  if (known && (!checked_mul(count, uint64_t(info(tensor.data.dtype).bytes), bytes) || bytes != end - begin))
    h.bad(format_message("tensor '{}' has {} values of {}, in {} bytes", tensor.name, count, type->text, end - begin));
  tensor.file = h.file;
  tensor.offset = h.data + begin;
  ends.push_back(h.data + end);
  out.push_back(std::move(tensor));
}

// One tensor behind the other, from the header to the end of the file.
void check_cover(const Header& h, const Vector<NamedTensor>& tensors, const Vector<uint64_t>& ends) {
  Vector<size_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return tensors[a].offset < tensors[b].offset; });
  uint64_t at = h.data;
  for (size_t i = 0; i < order.size(); ++i) {
    const NamedTensor& tensor = tensors[order[i]];
    if (tensor.offset < at)
      h.bad(format_message("tensors '{}' and '{}' overlap", tensors[order[i - 1]].name, tensor.name));
    if (tensor.offset > at)
      h.bad(format_message("{} bytes in front of tensor '{}' belong to none", tensor.offset - at, tensor.name));
    at = ends[order[i]];
  }
  if (at != h.file->bytes.size())
    h.bad(format_message("{} bytes at the end of the file belong to no tensor", h.file->bytes.size() - at));
}

}  // namespace

bool is_safetensors(const FileBytes& file) {
  file.load(0, std::min<size_t>(file.bytes.size(), 9));
  return file.bytes.size() > 9 && char(file.bytes[8]) == '{' && char(file.bytes[7]) == 0 && char(file.bytes[6]) == 0;
}

Vector<NamedTensor> read_safetensors(FilePtr file, const Control& control, const Limits& limits) {
  Header h = read_header(std::move(file), limits);
  Listener listener(control);
  Vector<NamedTensor> tensors;
  Vector<uint64_t> ends;
  Vector<String> unsupported;
  Set<std::string_view> names;
  for (const JsonValue* entry = h.json.first(h.json.root()); entry; entry = h.json.next(*entry)) {
    listener.turn();
    if (!names.insert(entry->key).second)
      h.bad(format_message("tensor '{}' stands twice", entry->key.substr(0, kMaxName)));
    if (entry->key == "__metadata__") continue;
    if (uint64_t most = std::min(kMaxTensors, limits.tensors); tensors.size() >= most)
      fail_about(Status::limit, h.file->name, "{}: the header has more than {} tensors", h.file->name, most);
    read_tensor(h, *entry, tensors, ends, unsupported);
  }
  if (!unsupported.empty()) {
    String list;
    for (const String& one : unsupported) list += (list.empty() ? "" : ", ") + one;
    fail_about(Status::unsupported, h.file->name, "{}: tensor types not supported: {}; F32, F16 and BF16 are",
               h.file->name, list);
  }
  check_cover(h, tensors, ends);
  return tensors;
}

}  // namespace prm
