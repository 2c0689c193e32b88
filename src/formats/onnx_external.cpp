// Data of tensors in other files. Where a model may point was got wrong by many readers: the path is plain or refused as a whole,
// never cleaned and used; and what it leads to is opened folder by folder without following a link (base/file.h).
#include <charconv>

#include "base/checked.h"
#include "base/error.h"
#include "formats/onnx_reader.h"

namespace prm {

namespace {

constexpr std::string_view kAddressMarker = "_ORT_MEM_ADDR_";  // by which a running program marks pointers of its own

struct Place {
  std::string_view location;
  std::optional<uint64_t> offset, length;
};

uint64_t number(const WireMessage& from, const OnnxTensor& tensor, const OnnxEntry& entry) {
  uint64_t value = 0;
  const char *begin = entry.value.data(), *end = begin + entry.value.size();
  auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end)
    from.bad("external_data", format_message("tensor '{}': {} '{}' is no whole number of 64 bits", tensor.name, entry.key, entry.value.substr(0, 40)));
  return value;
}

Place read_place(const WireMessage& from, const Vector<OnnxEntry>& entries, const OnnxTensor& tensor) {
  Place place;
  bool has_location = false, has_checksum = false;
  auto once = [&](bool before, const OnnxEntry& entry) {
    if (before) from.bad("external_data", format_message("tensor '{}': key '{}' stands twice", tensor.name, entry.key));
  };
  for (const OnnxEntry& entry : entries) {
    if (entry.key == "location") {
      once(std::exchange(has_location, true), entry);
      place.location = entry.value;
    } else if (entry.key == "offset") {
      once(place.offset.has_value(), entry);
      place.offset = number(from, tensor, entry);
    } else if (entry.key == "length") {
      once(place.length.has_value(), entry);
      place.length = number(from, tensor, entry);
    } else if (entry.key == "checksum") {  // of the whole file, by SHA-1: not read
      once(std::exchange(has_checksum, true), entry);
    } else {
      from.bad("external_data", format_message("tensor '{}': key '{}' is not known; location, offset, length and checksum are", tensor.name, entry.key.substr(0, 80)));
    }
  }
  if (!has_location) from.bad("external_data", format_message("tensor '{}': there is no location", tensor.name));
  return place;
}

const FilePtr& open_external(OnnxReader& reader, const WireMessage& from, const OnnxTensor& tensor, std::string_view location) {
  if (auto known = reader.external.find(location); known != reader.external.end()) return known->second;
  if (location.find(kAddressMarker) != location.npos)
    from.bad("external_data", format_message("tensor '{}' lies at an address of some program's memory, which no file may name", tensor.name));
  if (!is_plain_path(location))
    from.bad("external_data", format_message("tensor '{}' lies in '{}', which is no plain path inside the model's folder", tensor.name, location.substr(0, 200)));
  if (reader.folder.empty())
    from.fail_at(Status::unsupported, "external_data",
                 format_message("tensor '{}' lies in the file '{}', which a model that is given in memory cannot reach: give its path", tensor.name, location));
  if (reader.external.size() >= reader.limits.external_files)
    from.fail_at(Status::limit, "external_data", format_message("more than {} other files, which is the limit", reader.limits.external_files));
  FilePtr file = open_file_inside(reader.service, reader.folder, location, reader.account, reader.limits.host);
  return reader.external.emplace(location, std::move(file)).first->second;
}

}  // namespace

void place_onnx_external(OnnxReader& reader, const WireMessage& from, const Vector<OnnxEntry>& entries, OnnxTensor& tensor) {
  Place place = read_place(from, entries, tensor);
  tensor.file = open_external(reader, from, tensor, place.location);
  tensor.offset = place.offset.value_or(0);
  uint64_t size = tensor.file->bytes.size(), end;
  if (place.length && *place.length != tensor.bytes)
    from.bad("external_data", format_message("tensor '{}': its dims ask for {} bytes of {}, its length is {}", tensor.name, tensor.bytes, onnx_type_name(tensor.type), *place.length));
  if (!checked_add(tensor.offset, tensor.bytes, end) || end > size)
    from.bad("external_data", format_message("tensor '{}' lies at {} with {} bytes, and '{}' has {}", tensor.name, tensor.offset, tensor.bytes, place.location, size));
}

}  // namespace prm
