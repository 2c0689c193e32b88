// Chat templates: the part of Jinja that they use, rendered byte for byte as Python's jinja2 does with transformers' settings
// (trim_blocks, lstrip_blocks, loop controls, an immutable sandbox). Templates are untrusted: size, nesting, steps, memory and
// output are bounded, and there is nothing that they could reach. What was rendered remembers which of its bytes come from
// outside of the template, so that nobody types a control token.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/containers.h"
#include "base/control.h"
#include "text/template_values.h"
#include "text/text_span.h"

namespace prm::jinja {

struct TemplateLimits {
  size_t source_bytes = size_t(1) << 20;
  size_t output_bytes = size_t(16) << 20;  // of all that is written, values on their way included
  size_t value_bytes = size_t(128) << 20;  // memory of all values together
  uint64_t steps = uint64_t(1) << 20;
  int nesting = 64;  // of expressions, and of statements where those may be as many
};

struct Rendered {
  String text;
  Vector<TextSpan> content;  // what messages, tools and values brought; ascending
};

struct Program;  // a parsed template

// Fails with `fault` (a malformed template, named with its line), unsupported (recursive loops, imports) or limit.
std::shared_ptr<const Program> parse_template(std::string_view source, Status fault, const TemplateLimits& limits = {});

struct Variable {
  std::string_view name;
  Value value;
};

// `variables` lie in `heap`. Fails with the program's `fault` (what jinja2 raises), invalid_argument (raise_exception, with its
// message) or limit.
Rendered render_template(const Program& program, Heap& heap, const Vector<Variable>& variables, const TemplateLimits& limits = {},
                         const Control& control = {});

}  // namespace prm::jinja
