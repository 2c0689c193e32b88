// JSON: strict and bounded; the tree that comes back can be walked, and counts what it has. A manifest that is read is written as it was.
#include "base/json_reader.h"
#include "formats/manifest.h"
#include "fuzz.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

size_t walk(const JsonDocument& json, const JsonValue& value) {
  size_t found = 1, children = 0;
  for (const JsonValue* child = json.first(value); child; child = json.next(*child)) {
    found += walk(json, *child);
    ++children;
  }
  must(children == value.size);
  if (value.kind == JsonKind::object && value.size) must(json.find(value, json.first(value)->key) != nullptr);
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return with_account([&](MemoryAccount&) {
    JsonDocument json = read_json(as_text(data, size), {.what = "input", .max_bytes = 1 << 20, .max_values = 1 << 16, .max_depth = 32});
    must(walk(json, json.root()) <= size);
    String manifest = manifest_json(read_manifest(as_text(data, size)));
    must(manifest_json(read_manifest(manifest)) == manifest);
  });
}
