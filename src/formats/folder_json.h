// A JSON file of a model's folder: its members by key, whose kinds are checked. A member that is null counts as absent.
#pragma once
#include <optional>

#include "base/file.h"
#include "base/json_reader.h"

namespace prm {

class FolderJson {
 public:
  // Fails with bad_file or limit, naming the file.
  FolderJson(FilePtr file, const Limits& limits);

  const String& name() const { return file_->name; }
  const JsonDocument& document() const { return document_; }
  const JsonValue& root() const { return document_.root(); }
  const JsonValue* find(const JsonValue& parent, std::string_view key) const;  // nullptr: absent
  // A member of a certain kind; fails with bad_file where it is of another.
  const JsonValue* object(const JsonValue& parent, std::string_view key) const {
    return of_kind(parent, key, JsonKind::object, "an object");
  }
  const JsonValue* array(const JsonValue& parent, std::string_view key) const {
    return of_kind(parent, key, JsonKind::array, "an array");
  }
  std::optional<std::string_view> text(const JsonValue& parent, std::string_view key) const;
  std::optional<int64_t> integer(const JsonValue& parent, std::string_view key) const;
  std::optional<double> real(const JsonValue& parent, std::string_view key) const;  // an integer too
  std::optional<bool> boolean(const JsonValue& parent, std::string_view key) const;
  [[noreturn]] void bad(std::string_view what) const;          // bad_file: "<file>: <what>"
  [[noreturn]] void unsupported(std::string_view what) const;  // the same of what is not supported

 private:
  const JsonValue* of_kind(const JsonValue& parent, std::string_view key, JsonKind kind, const char* what) const;
  FilePtr file_;
  JsonDocument document_;
};

}  // namespace prm
