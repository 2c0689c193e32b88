// JSON in, strict and bounded: the library's reports, and files that anybody may have written. Numbers keep their spelling.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct Json {
  enum Kind { null, truth, number, text, array, object };
  Kind kind = null;
  std::string spelling;           // of null, truth, number; the content of a text
  std::vector<Json> items;        // of an array or an object
  std::vector<std::string> keys;  // of an object: keys[i] names items[i]

  // A member; an empty null when there is none.
  const Json& operator[](std::string_view key) const;
  uint64_t integer() const;  // 0 when it is none
};

// Throws Failure (INTERNAL) on anything malformed: reports come from the library.
Json read_json(std::string_view text);
// The content of a file: throws Failure (BAD_FILE, or LIMIT beyond 64 levels or 2^18 values) with the line and column.
Json read_json_file(std::string_view text, const std::string& file);
