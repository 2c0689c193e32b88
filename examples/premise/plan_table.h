// What models of 7B, 14B and 32B need, of each type, for some contexts: docs/sizing.md.
#pragma once
#include <string>

std::string sizing_document();  // Markdown
std::string sizing_json();      // the same figures in bytes
