#include "formats/folder_json.h"

#include <algorithm>

#include "base/error.h"

namespace prm {

FolderJson::FolderJson(FilePtr file, const Limits& bounds) : file_(std::move(file)) {
  JsonLimits limits{.what = file_->name.c_str(), .max_depth = size_t(bounds.nesting)};
  limits.max_bytes = size_t(std::min<uint64_t>(limits.max_bytes, bounds.metadata_bytes));
  if (file_->bytes.size() > limits.max_bytes)
    fail_about(Status::limit, name(), "{}: the file has {} bytes, the most that is read is {}", name(),
               file_->bytes.size(), limits.max_bytes);
  file_->load(0, file_->bytes.size());
  document_ = read_json({reinterpret_cast<const char*>(file_->bytes.data()), file_->bytes.size()}, limits);
  if (root().kind != JsonKind::object) bad("this is no JSON object");
}

void FolderJson::bad(std::string_view what) const { fail_about(Status::bad_file, name(), "{}: {}", name(), what); }
void FolderJson::unsupported(std::string_view what) const {
  fail_about(Status::unsupported, name(), "{}: {}", name(), what);
}

const JsonValue* FolderJson::find(const JsonValue& parent, std::string_view key) const {
  const JsonValue* found = document_.find(parent, key);
  return found && found->kind != JsonKind::null ? found : nullptr;
}

const JsonValue* FolderJson::of_kind(const JsonValue& parent, std::string_view key, JsonKind kind,
                                     const char* what) const {
  const JsonValue* found = find(parent, key);
  if (found && found->kind != kind) bad(format_message("'{}' is not {}", key, what));
  return found;
}

std::optional<std::string_view> FolderJson::text(const JsonValue& parent, std::string_view key) const {
  const JsonValue* found = of_kind(parent, key, JsonKind::string, "a text");
  return found ? std::optional(found->text) : std::nullopt;
}

std::optional<int64_t> FolderJson::integer(const JsonValue& parent, std::string_view key) const {
  const JsonValue* found = of_kind(parent, key, JsonKind::integer, "an integer");
  return found ? std::optional(found->integer) : std::nullopt;
}

std::optional<double> FolderJson::real(const JsonValue& parent, std::string_view key) const {
  const JsonValue* found = find(parent, key);
  if (!found) return std::nullopt;
  if (found->kind == JsonKind::integer) return double(found->integer);
  return of_kind(parent, key, JsonKind::real, "a number")->real;
}

std::optional<bool> FolderJson::boolean(const JsonValue& parent, std::string_view key) const {
  const JsonValue* found = of_kind(parent, key, JsonKind::boolean, "true or false");
  return found ? std::optional(found->boolean) : std::nullopt;
}

}  // namespace prm
