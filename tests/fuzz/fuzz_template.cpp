// Chat templates: the input is the template, rendered over a small conversation with tools.
#include "base/json_reader.h"
#include "fuzz.h"
#include "text/template.h"

using namespace prm;
using namespace prm::fuzz;
using namespace prm::jinja;

namespace {

constexpr std::string_view kValues = R"({"messages": [{"role": "system", "content": "Be <b>terse</b>."}, {"role": "user", "content": "Grüße\n 世界 "},
  {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1, "b": [2.5, true]}}}]}, {"role": "tool", "content": "3"}],
  "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
  "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>", "enable_thinking": false, "strftime_now": "2026-11-28 09:30:00"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const JsonDocument values = read_json(kValues, {.what = "values"});
  return with_account([&](MemoryAccount&) {
    TemplateLimits limits{.source_bytes = 1 << 16, .output_bytes = 1 << 16, .value_bytes = 8 << 20, .steps = 5000};
    auto program = parse_template(as_text(data, size), Status::bad_file, limits);
    Heap heap(limits.value_bytes);
    Vector<Variable> variables;
    for (const JsonValue* value = values.first(values.root()); value; value = values.next(*value))
      variables.push_back({value->key, json_value(heap, values, *value)});
    Rendered rendered = render_template(*program, heap, variables, limits);
    must(rendered.text.size() <= limits.output_bytes);
    size_t at = 0;
    for (TextSpan span : rendered.content) {
      must(span.begin >= at && span.end >= span.begin && span.end <= rendered.text.size());
      at = span.end;
    }
  });
}
