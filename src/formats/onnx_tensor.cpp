// TensorProto: dims, type, and where the values lie.
#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_types.h"

namespace prm {

const char* onnx_type_name(OnnxType type) { return kOnnxTypes[int(type)].name; }
int onnx_type_bits(OnnxType type) { return kOnnxTypes[int(type)].bits; }

namespace {

constexpr int64_t kMaxExtent = int64_t(1) << 40;
constexpr size_t kMaxRank = 8;

const OnnxTypeInfo& info(OnnxType type) { return kOnnxTypes[int(type)]; }

struct TensorFields {
  OnnxTensor tensor;
  std::optional<WireSpan> raw;
  uint32_t typed = 0;      // the field with values by its number; 0: none
  uint64_t chunks = 0;     // how often it stands
  WireSpan chunk;          // the last one, where it is packed
  bool is_external = false;
  Vector<OnnxEntry> entries;  // of external_data
};

void note_typed(const WireMessage& from, TensorFields& out) {
  if (out.typed && out.typed != from.field()) from.bad(nullptr, "a tensor's values stand in two fields");
  out.typed = from.field();
  ++out.chunks;
  if (from.is_packed()) out.chunk = from.bytes("values");
}

void read_dims(const WireMessage& from, OnnxTensor& tensor) {
  from.each_integer("dims", [&](int64_t extent) {
    if (tensor.dims.size() >= kMaxRank) from.fail_at(Status::limit, "dims", format_message("tensor '{}' has more than {} dims", tensor.name, kMaxRank));
    tensor.dims.push_back(extent);
  });
}

// Everything but values that must be decoded.
TensorFields read_fields(WireMessage from) {
  TensorFields out;
  while (from.next()) {
    switch (from.field()) {
      case 1: read_dims(from, out.tensor); break;
      case 2: out.tensor.type = read_onnx_type(from, "data_type"); break;
      case 3: from.fail_at(Status::unsupported, "segment", "tensors in segments are not supported");
      case 8: out.tensor.name = from.text("name"); break;
      case kRawData: out.raw = from.bytes("raw_data"); break;
      case kFloatData:
      case kInt32Data:
      case kStringData:
      case kInt64Data:
      case kDoubleData:
      case kUint64Data: note_typed(from, out); break;
      case 13: out.entries.push_back(read_onnx_entry(from.message("external_data", "StringStringEntryProto"))); break;
      case 14: {
        int64_t location = from.integer("data_location");
        if (location != 0 && location != 1) from.bad("data_location", format_message("{}, expected 0 or 1", location));
        out.is_external = location == 1;
        break;
      }
    }
  }
  return out;
}

// Appends the values of fields of one number as the tensor's type has them.
class ValueDecoder {
 public:
  ValueDecoder(OnnxReader& reader, const OnnxTensor& tensor) : out_(reader.own->values), tensor_(tensor), info_(info(tensor.type)) {
    bool wide = info_.field == kDoubleData || info_.field == kInt64Data;
    width_ = info_.field == kFloatData ? 4 : wide ? 8 : size_t(std::max(info_.bits, 8) / 8);
    begin_ = out_.size();
  }
  void read(WireMessage from) {
    while (from.next()) {
      if (from.field() != info_.field) continue;
      if (info_.field == kFloatData) from.each_real<float>("float_data", [&](float value) { append(from, &value); });
      else if (info_.field == kDoubleData) from.each_real<double>("double_data", [&](double value) { append(from, &value); });
      else from.each_integer("values", [&](int64_t value) { append_integer(from, value); });
    }
    bool few = info_.bits == 6 && sixths_ != tensor_.count();
    if (out_.size() - begin_ != tensor_.bytes || few) wrong_count(from.whole());
  }

 private:
  void append(const WireMessage& from, const void* value) {
    if (out_.size() - begin_ >= tensor_.bytes) wrong_count(from);
    auto* bytes = static_cast<const std::byte*>(value);
    out_.insert(out_.end(), bytes, bytes + width_);
  }
  void append_integer(const WireMessage& from, int64_t value) {
    if (info_.least != info_.most && (value < info_.least || value > info_.most))
      from.bad("values", format_message("tensor '{}' of {} has a value {}", tensor_.name, info_.name, value));
    if (info_.bits == 6) append_sixth(from, uint32_t(value));
    else append(from, &value);
  }
  // Values of 6 bits stand one in a number, unlike those of 4 and 2, which are packed there as well.
  void append_sixth(const WireMessage& from, uint32_t value) {
    uint64_t bit = 6 * sixths_++, end = begin_ + (bit + 6 + 7) / 8;
    if (end - begin_ > tensor_.bytes) wrong_count(from);
    out_.resize(size_t(end));
    for (uint32_t i = 0; i < 6; ++i, ++bit) out_[size_t(begin_ + bit / 8)] |= std::byte((value >> i & 1) << bit % 8);
  }
  [[noreturn]] void wrong_count(const WireMessage& from) {
    from.bad(nullptr, format_message("tensor '{}': its dims ask for {} bytes of {}, which is not what it holds", tensor_.name, tensor_.bytes, info_.name));
  }

  Vector<std::byte>& out_;
  const OnnxTensor& tensor_;
  const OnnxTypeInfo& info_;
  size_t width_ = 0, begin_ = 0;
  uint64_t sixths_ = 0;
};

void read_texts(WireMessage from, uint64_t count, OnnxTensor& tensor) {
  while (from.next()) {
    if (from.field() != kStringData) continue;
    tensor.texts.push_back(from.utf8("string_data"));
  }
  if (tensor.texts.size() != count) from.whole().bad("string_data", format_message("tensor '{}': its dims ask for {} texts, it has {}", tensor.name, count, tensor.texts.size()));
}

void place_typed(OnnxReader& reader, const WireMessage& from, const TensorFields& fields, OnnxTensor& tensor) {
  const OnnxTypeInfo& type = info(tensor.type);
  if (fields.typed != type.field) from.bad(nullptr, format_message("tensor '{}' of {} has its values in field {}, expected {}", tensor.name, type.name, fields.typed, uint32_t(type.field)));
  bool as_raw = (type.field == kFloatData || type.field == kDoubleData) && fields.chunks == 1 && fields.chunk.size() == tensor.bytes;
  tensor.file = as_raw ? reader.file : FilePtr(reader.own);
  tensor.offset = as_raw ? fields.chunk.begin : reader.own->values.size();
  if (!as_raw) ValueDecoder(reader, tensor).read(from);
}

void place_values(OnnxReader& reader, const WireMessage& from, const TensorFields& fields, OnnxTensor& tensor) {
  if (fields.is_external) {
    if (fields.raw || fields.typed) from.bad(nullptr, format_message("tensor '{}' has data here and in another file", tensor.name));
    return place_onnx_external(reader, from, fields.entries, tensor);
  }
  if (!fields.entries.empty()) from.bad("external_data", format_message("tensor '{}' names another file, but its data_location does not", tensor.name));
  if (fields.raw && fields.typed) from.bad("raw_data", format_message("tensor '{}' has raw_data and values in field {} as well", tensor.name, fields.typed));
  if (fields.typed) return place_typed(reader, from, fields, tensor);
  uint64_t held = fields.raw ? fields.raw->size() : 0;
  if (held != tensor.bytes) from.bad("raw_data", format_message("tensor '{}': its dims ask for {} bytes of {}, it holds {}", tensor.name, tensor.bytes, info(tensor.type).name, held));
  tensor.file = reader.file;
  tensor.offset = fields.raw ? fields.raw->begin : from.span().begin;
}

}  // namespace

OnnxType read_onnx_type(const WireMessage& from, const char* name) {
  int64_t number = from.integer(name);
  if (number < 0 || number >= kOnnxTypeCount) from.bad(name, format_message("type {} is not known, those up to {} are", number, kOnnxTypeCount - 1));
  return OnnxType(number);
}

OnnxEntry read_onnx_entry(WireMessage from) {
  OnnxEntry entry;
  while (from.next()) {
    if (from.field() == 1) entry.key = from.text("key");
    else if (from.field() == 2) entry.value = from.text("value");
  }
  return entry;
}

// `product`: of the extents so far.
void check_onnx_dim(const WireMessage& from, const char* name, int64_t extent, size_t rank, uint64_t& product) {
  if (rank > kMaxRank) from.fail_at(Status::limit, name, format_message("more than {} dims, which is the limit", kMaxRank));
  if (extent < 0 || extent > kMaxExtent || !checked_mul(product, uint64_t(extent), product))
    from.bad(name, format_message("dim {} is {}", rank - 1, extent));
}

uint64_t onnx_tensor_bytes(const WireMessage& from, const OnnxTensor& tensor) {
  uint64_t count = 1, bits;
  for (size_t i = 0; i < tensor.dims.size(); ++i) check_onnx_dim(from, "dims", tensor.dims[i], i + 1, count);
  if (tensor.type == OnnxType::text) return count;
  if (!checked_mul(count, uint64_t(info(tensor.type).bits), bits) || !checked_add(bits, 7, bits))
    from.bad("dims", format_message("tensor '{}' of {} values is too large", tensor.name, count));
  return bits / 8;
}

OnnxTensor read_onnx_tensor(OnnxReader& reader, WireMessage from) {
  reader.count(reader.tensors, reader.limits.host.tensors, "tensors");
  TensorFields fields = read_fields(from);
  OnnxTensor& tensor = fields.tensor;
  if (tensor.type == OnnxType::undefined) from.bad("data_type", format_message("tensor '{}' has no type", tensor.name));
  tensor.bytes = onnx_tensor_bytes(from, tensor);
  if (tensor.type != OnnxType::text) {
    place_values(reader, from, fields, tensor);
    return std::move(tensor);
  }
  uint64_t count = std::exchange(tensor.bytes, 0);
  if (fields.is_external || fields.raw || (fields.typed && fields.typed != kStringData))
    from.bad(nullptr, format_message("tensor '{}' of texts has values that are no string_data", tensor.name));
  read_texts(from, count, tensor);
  return std::move(tensor);
}

}  // namespace prm
