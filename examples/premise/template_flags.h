// The flags of chat templates, and what they are for the library.
#pragma once
#include <premise/premise.h>

#include "arguments.h"

struct TemplateFlags {
  std::string file, json;
};

// Both as the library takes them.
struct TemplateValues {
  std::string text;  // "": the model's own template
  std::string json;  // what the user gave, and the date for templates that ask for it
};

void add_template_flags(CLI::App& app, TemplateFlags& flags);
// Throws Failure: no template, or no object.
TemplateValues read_template(const TemplateFlags& flags);
// `prompt` borrows from `values`.
void apply_template(const TemplateValues& values, prm_prompt& prompt);
