#include "formats/manifest.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "base/json_reader.h"
#include "base/sha256.h"

namespace prm {

namespace {

constexpr const char* kWhat = "manifest_json";
constexpr int64_t kVersion = 1;

std::string_view base_name(std::string_view path) {
  size_t slash = path.find_last_of("/\\");
  return slash == path.npos ? path : path.substr(slash + 1);
}

[[noreturn]] void bad(std::string_view what) { fail_about(Status::bad_file, kWhat, "{}: {}", kWhat, what); }

class ManifestReader {
 public:
  explicit ManifestReader(std::string_view text)
      : document_(read_json(text, {.what = kWhat, .max_values = size_t(8) << 20, .max_depth = 4})) {}

  Manifest read() const {
    const JsonValue& root = document_.root();
    if (root.kind != JsonKind::object || number(root, "premise_manifest") != kVersion)
      bad(format_message("no manifest of version {}", kVersion));
    Manifest manifest;
    each(root, "files", [&](const JsonValue& file) {
      manifest.files.push_back({text(file, "name"), number(file, "bytes"), checksum(file, "rest_crc32c"), digest(file)});
    });
    each(root, "tensors", [&](const JsonValue& tensor) {
      manifest.tensors.push_back({text(tensor, "name"), number(tensor, "file"), number(tensor, "offset"),
                                  number(tensor, "bytes"), checksum(tensor, "crc32c")});
    });
    return manifest;
  }

 private:
  const JsonValue& member(const JsonValue& parent, const char* key, JsonKind kind) const {
    const JsonValue* value = document_.find(parent, key);
    if (!value || value->kind != kind) bad(format_message("a '{}' is missing, or of another kind", key));
    return *value;
  }
  template <class Take>
  void each(const JsonValue& parent, const char* key, Take take) const {
    const JsonValue& list = member(parent, key, JsonKind::array);
    for (const JsonValue* one = document_.first(list); one; one = document_.next(*one)) take(*one);
  }
  String text(const JsonValue& parent, const char* key) const { return String(member(parent, key, JsonKind::string).text); }
  uint64_t number(const JsonValue& parent, const char* key) const {
    const JsonValue& value = member(parent, key, JsonKind::integer);
    if (value.integer < 0) bad(format_message("a '{}' is {}", key, value.integer));
    return uint64_t(value.integer);
  }
  uint32_t checksum(const JsonValue& parent, const char* key) const {
    std::string_view hex = member(parent, key, JsonKind::string).text;
    uint32_t sum = 0;
    auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), sum, 16);
    if (hex.size() != 8 || error != std::errc() || end != hex.data() + 8)
      bad(format_message("a '{}' is '{}', expected 8 hexadecimal digits", key, hex.substr(0, 40)));
    return sum;
  }
  String digest(const JsonValue& file) const {
    String hex = text(file, "sha256");
    if (hex.size() != kSha256HexSize) bad(format_message("a 'sha256' has {} digits, expected {}", hex.size(), kSha256HexSize));
    return hex;
  }
  JsonDocument document_;
};

}  // namespace

std::span<const ManifestTensor> Manifest::tensors_of(size_t file) const {
  auto first = std::lower_bound(tensors.begin(), tensors.end(), file, [](const ManifestTensor& tensor, size_t wanted) { return tensor.file < wanted; });
  auto last = std::upper_bound(first, tensors.end(), file, [](size_t wanted, const ManifestTensor& tensor) { return wanted < tensor.file; });
  return {tensors.data() + (first - tensors.begin()), size_t(last - first)};
}

Manifest list_model(const ModelFile& model) {
  Manifest manifest;
  for (const SourceFile& source : model.sources)
    manifest.files.push_back({String(base_name(source.path)), source.bytes, 0, String(kSha256HexSize, '0')});
  for (const NamedTensor& tensor : model.stored_tensors()) {
    auto is_source = [&](const SourceFile& source) { return source.file == tensor.file; };
    auto file = std::find_if(model.sources.begin(), model.sources.end(), is_source) - model.sources.begin();
    manifest.tensors.push_back({tensor.name, uint64_t(file), tensor.offset, tensor.data.bytes(), 0});
  }
  std::sort(manifest.tensors.begin(), manifest.tensors.end(), [](const ManifestTensor& a, const ManifestTensor& b) {
    return std::pair(a.file, a.offset) < std::pair(b.file, b.offset);
  });
  return manifest;
}

String manifest_json(const Manifest& manifest) {
  JsonWriter json;
  auto checksum = [&](const char* key, uint32_t sum) { json.pair(key, std::string_view(format_text("{:08x}", sum))); };
  json.begin_object().pair("premise_manifest", kVersion).key("files").begin_array();
  for (const ManifestFile& file : manifest.files) {
    json.begin_object().pair("name", std::string_view(file.name)).pair("bytes", file.bytes);
    checksum("rest_crc32c", file.rest_crc32c);
    json.pair("sha256", std::string_view(file.sha256)).end_object();
  }
  json.end_array().key("tensors").begin_array();
  for (const ManifestTensor& tensor : manifest.tensors) {
    json.begin_object().pair("name", std::string_view(tensor.name)).pair("file", tensor.file).pair("offset", tensor.offset);
    json.pair("bytes", tensor.bytes);
    checksum("crc32c", tensor.crc32c);
    json.end_object();
  }
  return json.end_array().end_object().text();
}

Manifest read_manifest(std::string_view text) { return ManifestReader(text).read(); }

void require_listed(const Manifest& model, const Manifest& manifest) {
  if (model.files.size() != manifest.files.size())
    fail_about(Status::digest, model.files[0].name, "{}: the model has {} files, its manifest tells of {}: it is of another model",
               model.files[0].name, model.files.size(), manifest.files.size());
  for (size_t i = 0; i < model.files.size(); ++i)
    if (model.files[i].bytes != manifest.files[i].bytes)
      fail_about(Status::digest, model.files[i].name, "{}: the file has {} bytes, '{}' of the manifest has {}: fetch the model again",
                 model.files[i].name, model.files[i].bytes, manifest.files[i].name, manifest.files[i].bytes);
  size_t count = std::max(model.tensors.size(), manifest.tensors.size());
  for (size_t i = 0; i < count; ++i) {
    if (i >= model.tensors.size())
      fail_about(Status::digest, manifest.tensors[i].name, "tensor '{}' of the manifest is not in the model: the manifest is of another model",
                 manifest.tensors[i].name);
    const ManifestTensor& ours = model.tensors[i];
    if (i < manifest.tensors.size()) {
      const ManifestTensor& told = manifest.tensors[i];
      if (ours.name == told.name && ours.file == told.file && ours.offset == told.offset && ours.bytes == told.bytes) continue;
    }
    fail_about(Status::digest, ours.name, "tensor '{}' at {} with {} bytes is not what the manifest tells of: the manifest is of another model",
               ours.name, ours.offset, ours.bytes);
  }
}

}  // namespace prm
